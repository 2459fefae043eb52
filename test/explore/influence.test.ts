import { expect, test } from "vitest";
import { neighborInfluence, withoutNeighbors } from "../../src/explore/influence.ts";
import { flippedCells, stepFlipped } from "../../src/explore/walk.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { drawn } from "./made.ts";

const number = (setting: Setting) => SETTINGS.indexOf(setting);

test("neighbor influence is the margin among neighbors less that without them on the same donor", () => {
  const composites = {
    cell: Int32Array.of(0, 0, 0, 0, 1, 1, 1),
    setting: Uint8Array.of(
      ...(
        ["original", "cell-free", "different", "different", "cell-free", "different", "masked"] as const
      ).map(number),
    ),
    background: Int16Array.of(-1, 2, 2, 3, 2, 2, -1),
    donor: Int32Array.of(-1, 7, 7, 8, 7, 9, -1),
  };
  const cells = { rowsOf: Int32Array.of(0, 1, 2, 3, 4, 5, 6), starts: Int32Array.of(0, 4, 7) };
  // Row 3 has no partner, row 5's stands on another donor.
  expect([...withoutNeighbors(composites, cells)]).toEqual([-1, -1, 1, -1, -1, -1, -1]);
  const margin = Float32Array.of(3, 2, -0.5, 1, 1, 1, 1);
  expect([...neighborInfluence(composites, cells, { margin })].filter((v) => !Number.isNaN(v))).toEqual([
    -2.5,
  ]);
});

test("steps over flipped cells, each once, in the given order", () => {
  const of = drawn(5);
  const { cell } = of.composites;
  const rows = Int32Array.from(cell.keys()).reverse();
  const flipped = flippedCells(rows, of);
  const { prediction } = of.predictions!;
  const asked = [...rows].filter((row) => {
    const first = prediction[of.originals[cell[row]]];
    return first >= 0 && prediction[row] >= 0 && prediction[row] !== first;
  });
  expect([...flipped]).toEqual(asked.filter((row, i) => asked.findIndex((r) => cell[r] === cell[row]) === i));
  const [a, b] = flipped;
  const last = flipped.at(-1)!;
  expect(stepFlipped(flipped, cell, -1, 1)?.row).toBe(a);
  expect(stepFlipped(flipped, cell, -1, -1)?.row).toBe(last);
  expect(stepFlipped(flipped, cell, cell[a], 1)).toEqual({ row: b, place: 1, count: flipped.length });
  expect(stepFlipped(flipped, cell, cell[b], -1)?.row).toBe(a);
  expect(stepFlipped(flipped, cell, cell[a], -1)).toBeNull();
  expect(stepFlipped(flipped, cell, cell[last], 1)).toBeNull();
  expect(stepFlipped(new Int32Array(0), cell, -1, 1)).toBeNull();
});

test("nothing to step to where nothing is predicted", () => {
  const of = { ...drawn(5), predictions: null };
  expect(flippedCells(Int32Array.of(0, 1, 2), of)).toHaveLength(0);
});
