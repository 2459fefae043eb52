import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeMask } from "../../src/masks/label-mask.ts";

const labels = (...rows: string[]) => ({
  planes: 1,
  height: rows.length,
  width: rows[0].length,
  data: Float32Array.from(rows.join("").replaceAll("#", "9"), Number),
});
const shown = (mask: Uint8Array, width: number) =>
  Array.from({ length: mask.length / width }, (_, y) => mask.subarray(y * width, (y + 1) * width).join(""));
const normal = (...rows: string[]) => shown(normalizeMask(labels(...rows), "mask.tif"), rows[0].length);

describe("normalized labels", () => {
  test("0, 1, 2 stay as they are", () => {
    expect(normal("0110", "0112", "0002")).toEqual(["0110", "0112", "0002"]);
  });

  test("0 and 255 is the center cell", () => {
    const { data, ...size } = labels("010", "110", "000");
    const mask = normalizeMask({ ...size, data: data.map((v) => v * 255) }, "mask.tif");
    expect(shown(mask, 3)).toEqual(["010", "110", "000"]);
  });

  test("a binary mask that misses the center pixel is still the center cell", () => {
    expect(normal("100", "100", "000")).toEqual(["100", "100", "000"]);
  });

  test("of many labels, the one at the center is the center cell", () => {
    expect(normal("3300", "3375", "0775", "0005")).toEqual(["2200", "2212", "0112", "0002"]);
  });

  test("labels 1 and 2 where the center cell is 2", () => {
    expect(normal("1100", "1122", "0222", "0022")).toEqual(["2200", "2211", "0111", "0011"]);
  });

  test("a single label that is neither 1 nor 255", () => {
    expect(normal("0000", "0770", "0770", "0000")).toEqual(["0000", "0110", "0110", "0000"]);
    expect(normal("7000", "0000", "0000", "0000"), "not near the center").toEqual([
      "2000",
      "0000",
      "0000",
      "0000",
    ]);
  });

  test("a hole at the center: the nearest label within an eighth of the side", () => {
    const rows = Array.from({ length: 16 }, () => "0".repeat(16));
    const put = (y: number, x: number, v: string) =>
      (rows[y] = rows[y].slice(0, x) + v + rows[y].slice(x + 1));
    put(8, 10, "4");
    put(9, 8, "6");
    const mask = normalizeMask(labels(...rows), "mask.tif");
    expect([mask[8 * 16 + 10], mask[9 * 16 + 8]]).toEqual([2, 1]);
  });

  test("an empty mask stays empty", () => {
    expect(normal("000", "000", "000")).toEqual(["000", "000", "000"]);
  });

  test("renumbering the labels changes nothing", () => {
    const image = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(image, fc.integer({ min: 3, max: 200 }), (values, step) => {
        const size = { planes: 1, height: 6, width: 6 };
        // Far from the two small conventions, both are general label images.
        const a = Float32Array.from(values, (v) => (v === 0 ? 0 : v + 1000));
        const b = Float32Array.from(values, (v) => (v === 0 ? 0 : 5000 + v * step));
        expect(normalizeMask({ ...size, data: a }, "a")).toEqual(normalizeMask({ ...size, data: b }, "b"));
      }),
    );
  });

  test.each([
    [-1, /value -1/],
    [0.5, /value 0.5/],
    [Number.NaN, /value NaN/],
  ])("%s is no label", (value, message) => {
    const data = Float32Array.of(0, 1, 0, value);
    expect(() => normalizeMask({ planes: 1, height: 2, width: 2, data }, "mask.tif")).toThrow(message);
  });
});
