import { expect, test } from "vitest";
import { isObjectPath, parsePlace, placePath, within } from "../../../src/files/objects/place.ts";

test("paths name a bucket and a key", () => {
  expect(isObjectPath("s3://lab/cells")).toBe(true);
  expect(isObjectPath("cells/s3")).toBe(false);
  const place = parsePlace("s3://lab//yeast/cells/");
  expect(place).toEqual({ bucket: "lab", key: "yeast/cells" });
  expect(placePath(place)).toBe("s3://lab/yeast/cells");
  expect(placePath(within(parsePlace("s3://lab"), "crops.npy"))).toBe("s3://lab/crops.npy");
});

test.each(["s3://", "s3:///key", "s3://a b/c", "s3://lab/../x"])("%s is refused with its path", (path) => {
  expect(() => parsePlace(path)).toThrow(path);
});

test("what may be a secret in a path is not shown", () => {
  expect(() => parsePlace("s3://AKIAKEY:hunter2@lab/cells")).toThrow(
    /^the bucket of this s3:\/\/ path has one of @/,
  );
  try {
    parsePlace("s3://AKIAKEY:hunter2@lab/cells");
  } catch (error) {
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
  }
});
