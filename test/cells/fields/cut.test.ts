import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cropWindow,
  cutCrop,
  FieldCutter,
  type FieldPixels,
  isWhole,
} from "../../../src/cells/fields/cut.ts";

/** Cuts pixel by pixel as the text says it. */
function naive(field: FieldPixels, row: number, column: number, label: number, side: number) {
  const { top, left } = cropWindow({ row, column, label }, side);
  const clamp = (v: number, n: number) => Math.max(0, Math.min(n - 1, v));
  const crop: number[] = [];
  for (const plane of field.planes)
    for (let y = top; y < top + side; y++)
      for (let x = left; x < left + side; x++)
        crop.push(plane[clamp(y, field.height) * field.width + clamp(x, field.width)]);
  const mask: number[] = [];
  for (let y = top; y < top + side; y++)
    for (let x = left; x < left + side; x++) {
      const inside = y >= 0 && x >= 0 && y < field.height && x < field.width;
      const value = inside ? (field.labels?.[y * field.width + x] ?? 0) : 0;
      mask.push(value === 0 ? 0 : value === label ? 1 : 2);
    }
  return { crop, mask };
}

const fields = fc
  .record({ height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) })
  .chain(({ height, width }) =>
    fc.record({
      height: fc.constant(height),
      width: fc.constant(width),
      planes: fc.array(fc.uint16Array({ minLength: height * width, maxLength: height * width }), {
        minLength: 1,
        maxLength: 3,
      }),
      labels: fc.uint8Array({ minLength: height * width, maxLength: height * width, max: 3 }),
    }),
  );
const center = fc.double({ min: -2, max: 11, noNaN: true });

test("a crop holds the window around the cell, wherever that is", () => {
  fc.assert(
    fc.property(fields, center, center, fc.integer({ min: 1, max: 12 }), (field, row, column, side) => {
      const object = { row, column, label: 1 };
      const { crop, mask } = cutCrop(field, object, side);
      const wanted = naive(field, row, column, 1, side);
      expect([...crop]).toEqual(wanted.crop);
      expect([...(mask ?? [])]).toEqual(wanted.mask);
      const { top, left } = cropWindow(object, side);
      // The window's middle is within half a pixel of the center.
      expect(Math.abs(top + (side - 1) / 2 - row)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(left + (side - 1) / 2 - column)).toBeLessThanOrEqual(0.5);
      const within = top >= 0 && left >= 0 && top + side <= field.height && left + side <= field.width;
      expect(isWhole(object, side, field.height, field.width)).toBe(within);
    }),
  );
});

test("without a label image there is no mask", () => {
  const field = { height: 2, width: 2, planes: [Uint8Array.of(1, 2, 3, 4)], labels: null };
  expect(cutCrop(field, { row: 0.5, column: 0.5, label: 7 }, 2)).toEqual({
    ...{ height: 2, width: 2, mask: null },
    crop: Float32Array.of(1, 2, 3, 4),
  });
});

test("one field is in memory at a time, and loaded once for all its cells", async () => {
  const loaded: number[] = [];
  const cutter = new FieldCutter(1, async (number) => {
    loaded.push(number);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (number === 2) throw new Error("field 2");
    return { height: 1, width: 1, planes: [Uint8Array.of(number)], labels: null };
  });
  const at = { row: 0, column: 0, label: 1 };
  const asked = [0, 0, 1, 1, 2, 3].map((field) => cutter.cut(field, at));
  const cut = await Promise.allSettled(asked);
  expect(cut.map((c) => (c.status === "fulfilled" ? c.value.crop[0] : "failed"))).toEqual([
    0,
    0,
    1,
    1,
    "failed",
    3,
  ]);
  expect(loaded).toEqual([0, 1, 2, 3]);
});
