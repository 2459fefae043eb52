import { expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import {
  isObjectPath,
  parsePlace,
  placePath,
  within,
  withoutSecrets,
} from "../../../src/files/objects/place.ts";

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

test("a copy and a log show none either", async () => {
  const [good, bad] = ["s3://lab/cells", "s3://AKIAKEY:hunter2@lab/cells"];
  for (const [from, to] of [
    [good, bad],
    [bad, good],
    [bad, "cells"],
  ])
    await expect(copyStore(from, to)).rejects.toThrow(/^the bucket of this s3:\/\/ path has one of @/);
  expect(withoutSecrets(`copy cells ${bad} --force`)).toBe("copy cells s3://...@lab/cells --force");
});
