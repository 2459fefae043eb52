import { expect, test } from "vitest";
import { coverPath } from "../../../src/explore/playground/cover.ts";

test("runs of a label are covered row by row", () => {
  // biome-ignore format: a matrix
  const labels = Uint8Array.of(
    2, 2, 0, 2,
    0, 1, 1, 0,
  );
  expect(coverPath(labels, 2, 2, 4)).toBe("M0 0h2v1h-2zM3 0h1v1h-1z");
  expect(coverPath(labels, 1, 2, 4)).toBe("M1 1h2v1h-2z");
  expect(coverPath(labels, 3, 2, 4)).toBe("");
});
