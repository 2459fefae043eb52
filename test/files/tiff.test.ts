import { expect, test } from "vitest";
import { decodeTiff } from "../../src/cells/readers/tiff.ts";
import { encodeTiff } from "../../src/files/tiff.ts";

test("what is written is what the reader finds, up to the largest value", async () => {
  const pixels = Uint16Array.from({ length: 15 }, (_, p) => [0, 1, 255, 256, 40_000, 65_535][p % 6]);
  const planes = await decodeTiff(encodeTiff(pixels, 3, 5), "x.tif", (length) => new Float32Array(length));
  expect([planes.planes, planes.height, planes.width]).toEqual([1, 3, 5]);
  expect([...planes.data]).toEqual([...pixels]);
});

test("pixels that do not fill the image are refused", () => {
  expect(() => encodeTiff(new Uint16Array(14), 3, 5)).toThrow(RangeError);
});
