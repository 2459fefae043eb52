import { join } from "node:path";
import { expect, test } from "vitest";
import { listObjects } from "../../../src/cells/fields/objects.ts";
import { readLabels } from "../../../src/cells/readers/field-planes.ts";
import { expected, fixtures } from "./expected.ts";

test.each(Object.keys(expected.fields))(
  "cells of field %s are those that scikit-image measures",
  async (field) => {
    const image = await readLabels(join(fixtures, `plain/${field}_cells.tif`), { slice: null, time: null });
    const objects = listObjects(image.labels, image.height, image.width, "labels.tif");
    expect(objects.map(({ label, area, atEdge }) => ({ label, area, atEdge }))).toEqual(
      expected.fields[field].map(({ label, area, atEdge }) => ({ label, area, atEdge })),
    );
    for (const [i, { row, column }] of expected.fields[field].entries()) {
      expect(objects[i].row).toBeCloseTo(row, 10);
      expect(objects[i].column).toBeCloseTo(column, 10);
    }
  },
);

test("the window of the extent holds the whole cell", () => {
  // biome-ignore format: a matrix
  const labels = Uint8Array.of(
    0, 0, 0, 0, 0, 0, 0,
    0, 5, 5, 5, 5, 5, 0,
    0, 0, 0, 0, 0, 5, 0,
    0, 0, 0, 0, 0, 5, 0,
    0, 0, 0, 0, 0, 0, 0,
  );
  const [{ row, column, extent }] = listObjects(labels, 5, 7, "labels.tif");
  const half = (extent - 1) / 2;
  for (const [y, x] of [
    [1, 1],
    [3, 5],
  ]) {
    expect(Math.abs(y - row)).toBeLessThanOrEqual(half);
    expect(Math.abs(x - column)).toBeLessThanOrEqual(half);
  }
});
