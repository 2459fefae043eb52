import { expect, test } from "vitest";
import { firstRow, rowOfTrial } from "../../../src/explore/playground/planned.ts";
import { trialOf } from "../../../src/explore/playground/trial.ts";
import { SETTINGS, type Setting } from "../../../src/settings.ts";
import { options } from "./drawn-cells.ts";

const classes = ["a", "b", "c"];
const plan: readonly (readonly [Setting, number, number])[] = [
  // Setting, background, margin; the first cell's, then the second's.
  ["original", -1, 4],
  ["same", 0, -3],
  ["different", 1, Number.NaN],
  ["different", 2, -1],
  ["different", 1, -2],
  ["cell-free", 1, -9],
  ["background-only", -1, -12],
  ["original", -1, 1],
  ["masked", -1, 0],
];
const composites = {
  cell: Int32Array.from(plan, (_, row) => (row < 7 ? 0 : 1)),
  setting: Uint8Array.from(plan, ([setting]) => SETTINGS.indexOf(setting)),
  background: Int16Array.from(plan, ([, background]) => background),
  donor: Int32Array.from(plan, () => 0),
};
const rows = { rowsOf: Int32Array.from(plan.keys()), starts: Int32Array.of(0, 7, 9) };
const predictions = {
  prediction: Int16Array.from(plan, () => 0),
  margin: Float32Array.from(plan, ([, , margin]) => margin),
  lent: Float32Array.from(plan, () => 0),
};
const first = (cell: number, setting: Setting | null = null, on: string | null = null) =>
  firstRow({ composites, predictions, classes }, rows, cell, { setting, on });

test("begins in different, on the background with the least margin", () => {
  expect(first(0)).toBe(4);
  expect(first(0, null, "c")).toBe(3);
});

test("begins in the setting that is filtered to, where the cell has it", () => {
  expect(first(0, "cell-free")).toBe(5);
  expect(first(0, "background-only")).toBe(6);
  expect(first(0, "same", "b")).toBe(1);
  expect(first(0, "masked")).toBe(4);
});

test("a cell on no donor has none, and without predictions the plan's order holds", () => {
  expect(first(1)).toBe(-1);
  expect(first(1, "different")).toBe(-1);
  expect(firstRow({ composites, predictions: null, classes }, rows, 0, { setting: null, on: null })).toBe(2);
});

test("knows what the study made, by the setting's scene and the donor", () => {
  const medium = composites.donor.map((_, row) => (row === 5 ? 8 : 6));
  const made = { ...composites, donor: composites.donor.map((_, row) => 10 + row), medium };
  const rowOf = (setting: Setting, donor: number, lender = donor) =>
    rowOfTrial(made, rows, 0, trialOf({ setting, cell: 0, donor, medium: lender }, options));
  expect(rowOf("different", 14)).toBe(4);
  expect(rowOf("different", 11)).toBe(1);
  expect(rowOf("different", 15)).toBe(-1);
  expect(rowOf("cell-free", 15, 8)).toBe(5);
  expect(rowOf("cell-free", 15, 6)).toBe(-1);
  expect(rowOf("original", 12)).toBe(0);
  expect(rowOf("background-only", -1)).toBe(6);
  expect(rowOf("masked", -1)).toBe(-1);
});
