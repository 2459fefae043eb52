import { expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { DataError } from "../../../src/errors.ts";
import { checkRoom } from "../../../src/files/objects/download.ts";
import { isPassing, isUnmet } from "../../../src/files/objects/faults.ts";
import { isObjectPath, parsePlace, placePath, within } from "../../../src/files/objects/place.ts";
import { isPlain } from "../../../src/files/objects/read.ts";
import { withoutSecrets } from "../../../src/visible.ts";

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

test.each(["s3://AKIAKEY:hunter2@lab/cells", "s3://AKIAKEY:hun/ter2@lab/cells"])(
  "what may be a secret in %s is not shown",
  (path) => {
    expect(() => parsePlace(path)).toThrow(/^the bucket of this s3:\/\/ path has one of @/);
    try {
      parsePlace(path);
    } catch (error) {
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("ter2");
    }
    for (const shown of [path, `/home/s3:${path.slice("s3:/".length)}`]) {
      const error = new DataError(`is not what ${shown} says`, { path: shown });
      for (const text of [error.message, error.path, error.reason]) expect(text).not.toContain("ter2");
    }
  },
);

test("a conflict is tried again, an unmet condition is not", () => {
  const answer = (name: string, httpStatusCode: number) => ({ name, $metadata: { httpStatusCode } });
  const conflict = answer("ConditionalRequestConflict", 409);
  expect([isUnmet(conflict), isPassing(conflict)]).toEqual([false, true]);
  const unmet = answer("PreconditionFailed", 412);
  expect([isUnmet(unmet), isPassing(unmet)]).toEqual([true, false]);
});

test("a disk without room is named, with what helps", () => {
  expect(() => checkRoom(".", 2 ** 60, "s3://lab/cells", "take another")).toThrow(
    /^\.: has room for [\d.]+ GB, and s3:\/\/lab\/cells takes 1152921504\.6 GB; free some, or take another$/,
  );
});

test("names that lead out of a folder are not plain", () => {
  for (const name of ["../x", "a/../x", "a//x", "./x", "a/", "a\\x", "a\0x", ""])
    expect(isPlain(name), name).toBe(false);
  for (const name of ["x", "crops.zarr/c/0", "..x/y.."]) expect(isPlain(name), name).toBe(true);
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
