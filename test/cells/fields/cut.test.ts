import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cropWindow,
  cutCrop,
  FieldCutter,
  type FieldPixels,
  isWhole,
  type OpenField,
} from "../../../src/cells/fields/cut.ts";
import type { Rows } from "../../../src/cells/readers/field-image.ts";
import type { PlaneValues } from "../../../src/image/planes.ts";

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
/** Sixty-fourths, which are added without rounding. */
const center = fc.integer({ min: -128, max: 704 }).map((v) => v / 64);

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
    crop: Uint8Array.of(1, 2, 3, 4),
  });
});

/** Opens a drawn field; counts what is open and the bytes that are read at once. */
function drawn(height: number, width: number, channels: number, opened: number[] = []) {
  const open = { now: 0, most: 0, rows: 0 };
  const value = (field: number, c: number, p: number) => field * 7 + c * 31 + ((p * p) % 97);
  const plane = (field: number, c: number) =>
    Uint16Array.from({ length: height * width }, (_, p) => value(field, c, p));
  const labels = Uint8Array.from({ length: height * width }, (_, p) => (p >> 2) % 4);
  const part = <Values extends PlaneValues>(values: Values, { from, to }: Rows) =>
    values.subarray(from * width, to * width) as Values;
  return {
    open,
    plane,
    labels,
    field: async (number: number): Promise<OpenField> => {
      opened.push(number);
      open.most = Math.max(open.most, ++open.now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      const read = (rows: Rows, values: PlaneValues) => {
        open.rows = Math.max(open.rows, rows.to - rows.from);
        return part(values, rows);
      };
      return {
        ...{ height, width, channels, bytes: height * width * (2 * channels + 1) },
        plane: async (c, rows) => {
          if (number === 2) throw new Error("field 2");
          return read(rows, plane(number, c));
        },
        labels: async (rows) => read(rows, labels),
        close: () => void open.now--,
      };
    },
  };
}

test("one field is open at a time, and opened once for all its cells", async () => {
  const opened: number[] = [];
  const { field, open } = drawn(1, 1, 1, opened);
  const cells = [0, 0, 1, 1, 2, 3].map((number) => ({ field: number, row: 0, column: 0, label: 1 }));
  const cutter = new FieldCutter(1, cells, field);
  const cut = await Promise.allSettled(cells.map((_, cell) => cutter.cut(cell)));
  expect(cut.map((c) => (c.status === "fulfilled" ? c.value.crop[0] : "failed"))).toEqual([
    0,
    0,
    7,
    7,
    "failed",
    21,
  ]);
  expect(opened).toEqual([0, 1, 2, 3]);
  cutter.close();
  expect(open).toMatchObject({ now: 0, most: 1 });
});

test("a field that is not held gives the same crops out of some of its rows", async () => {
  const [height, width, channels, side] = [60, 23, 3, 7];
  const { field, plane, labels, open } = drawn(height, width, channels);
  const cells = Array.from({ length: 40 }, (_, i) => ({
    ...{ field: i < 25 ? 0 : 1, label: 1 + (i % 3) },
    ...{ row: (i % 25) * 2.3, column: (i * 5.3) % width },
  }));
  // Room for three crops at a time.
  const cutter = new FieldCutter(side, cells, field, {
    field: 100,
    crops: 3 * side * side * (4 * channels + 1),
  });
  for (const [i, cell] of cells.entries()) {
    const planes = Array.from({ length: channels }, (_, c) => plane(cell.field, c));
    expect(await cutter.cut(i)).toEqual(cutCrop({ height, width, planes, labels }, cell, side));
  }
  cutter.close();
  expect(open).toMatchObject({ now: 0, most: 1 });
  expect(open.rows).toBeLessThan(height / 2);
});
