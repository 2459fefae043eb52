import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { distanceOfCells, distanceOfClasses } from "../../src/remedy/class-distance.ts";
import { meanShift } from "../../src/remedy/shift.ts";

const path = resolve(import.meta.dirname, "../fixtures/remedy/influence.json");
const numpy = JSON.parse(readFileSync(path, "utf8")) as {
  shifts: { draws: number; dimension: number; x: number[]; square: number; error: number }[];
  distance: {
    dimension: number;
    x: number[];
    label: number[];
    field: string[];
    classes: number;
    cells: number;
  };
};
const { dimension, x, label, field, classes, cells } = numpy.distance;
const set = (values: ArrayLike<number>) => ({
  dimension,
  read: (rows: ArrayLike<number>, out: Float32Array) => {
    for (let i = 0; i < rows.length; i++)
      for (let j = 0; j < dimension; j++) out[i * dimension + j] = values[rows[i] * dimension + j];
  },
});
const all = Int32Array.from(label.keys());
const members = [0, 1, 2, 3].map((c) => all.filter((i) => label[i] === c));

test("shifts and their errors are numpy's", () => {
  for (const { draws, dimension, x, square, error } of numpy.shifts) {
    const found = meanShift(Float64Array.from(x), draws, dimension);
    expect(found.square).toBeCloseTo(square, 10);
    expect(found.error).toBeCloseTo(error, 10);
  }
});

test("distances between classes, less the noise of fields, and between cells are numpy's", () => {
  const found = distanceOfClasses(set(x), members, (i) => field[i]);
  expect(found).toMatchObject({ of: "classes", cells: 25 });
  expect(found.distance / classes).toBeCloseTo(1, 5);
  expect(distanceOfCells(set(x), all).distance / cells).toBeCloseTo(1, 5);
});

test("where classes differ by no more than chance, or there is one, their distance is not known", () => {
  const same = Float32Array.from(x, (_, i) => Math.sin(i % (2 * dimension)));
  expect(distanceOfClasses(set(same), members, (i) => field[i]).distance).toBeNaN();
  expect(distanceOfClasses(set(x), members.slice(0, 1), (i) => field[i]).distance).toBeNaN();
  expect(distanceOfCells(set(new Float32Array(x.length)), all).distance).toBeNaN();
});
