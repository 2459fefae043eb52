import { expect, test } from "vitest";
import { cellClasses, storeLenders } from "../../src/remedy/lenders.ts";
import { drawDonors } from "../../src/remedy/recompose.ts";
import type { Cells } from "../../src/types.ts";

/** Cells of classes (null: none), `perField` to a field; `failed` rows have masks that failed. */
function cellsOf(
  labels: readonly (string | null)[],
  perField: number,
  failed: readonly number[] = [],
): Cells {
  const field = labels.map((_, i) => `f${Math.floor(i / perField)}`);
  return {
    count: labels.length,
    id: labels.map((_, i) => `c${i}`),
    protein: null,
    field,
    localization: labels,
    usable: Uint8Array.from(labels, (_, i) => (failed.includes(i) ? 0 : 1)),
    metadata: { rows: labels.length, columns: new Map([["Metadata_Localization", [...labels]]]) },
  };
}

const draw = (cells: Cells, draws: number) => {
  const rows = Int32Array.from(cells.id.keys());
  const lenders = storeLenders(cells, cellClasses(cells, undefined, "cells"), rows, "cells");
  return { lenders, donors: drawDonors(lenders, draws, 1) };
};

test("classes lend in turns; what is of no class, of several or alone in its class lends as one", () => {
  const labels = Array.from({ length: 60 }, (_, i) => ["ER", "nucleus", null, "ER|nucleus", "ER"][i % 5]);
  labels[7] = "alone";
  const cells = cellsOf(labels, 6);
  const { lenders, donors } = draw(cells, 3);
  expect(lenders.classes).toEqual(["ER", "nucleus", "the rest"]);
  const kind = (row: number) => lenders.classes[lenders.classOf[row]];
  for (let row = 0; row < 60; row++) {
    const own = donors.map((of) => of[row]);
    expect(new Set(own.map(kind)).size).toBe(3);
    for (const donor of own) expect(cells.field[donor]).not.toBe(cells.field[row]);
  }
  expect(kind(7)).toBe("the rest");
  // Lent about equally often.
  const times = new Int32Array(60);
  for (const of of donors) for (const donor of of) times[donor]++;
  expect(Math.max(...times)).toBeLessThan(8);
});

test("cells whose masks failed get donors and are none; one cell of no class gets some and is none", () => {
  const labels = Array.from({ length: 20 }, (_, i) => (i === 4 ? null : i % 2 === 0 ? "ER" : "nucleus"));
  const cells = cellsOf(labels, 4, [0, 3, 5]);
  const { lenders, donors } = draw(cells, 4);
  expect(lenders.backgrounds).toEqual(["ER", "nucleus"]);
  const used = new Set(donors.flatMap((of) => [...of]));
  for (const row of [-1, 0, 3, 4, 5]) expect(used.has(row)).toBe(false);
});

test("without classes, and with more than 50, a cell draws from all other fields", () => {
  for (const labels of [
    new Array<null>(24).fill(null),
    Array.from({ length: 104 }, (_, i) => `c${i % 52}`),
  ]) {
    const cells = cellsOf(labels, 4);
    const { lenders, donors } = draw(cells, 4);
    expect(lenders.classes).toEqual(["the rest"]);
    for (const of of donors)
      for (const [row, donor] of of.entries()) expect(cells.field[donor]).not.toBe(cells.field[row]);
  }
  // One field: others of it.
  const { donors } = draw(cellsOf(new Array<null>(5).fill(null), 5), 4);
  for (const of of donors) for (const [row, donor] of of.entries()) expect(donor).not.toBe(row);
});

test("a class called as the others are is told from them", () => {
  const labels = Array.from({ length: 12 }, (_, i) => ["the rest", "ER", null][i % 3]);
  const { lenders } = draw(cellsOf(labels, 3), 2);
  expect(new Set(lenders.classes).size).toBe(3);
  expect(() => draw(cellsOf(["ER"], 1), 1)).toThrow(/cells: has no two cells/);
});
