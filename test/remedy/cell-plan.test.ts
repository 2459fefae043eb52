import { expect, test } from "vitest";
import { type CellCrops, recomposedPlan } from "../../src/remedy/cell-plan.ts";
import { surroundingsOf } from "../../src/remedy/neighbors.ts";
import { mediumOf } from "../../src/swap/plan.ts";
import { backgroundOf } from "../../src/swap/runs.ts";

const SIDE = 10;
const pixels = SIDE * SIDE;

/** Twelve cells in three fields; `masks` by row, a lone center cell where there is none. */
function store(masks: Readonly<Record<number, (p: number) => number>>): CellCrops {
  const count = 12;
  const center = (p: number) => (Math.hypot((p % SIDE) - 4.5, Math.floor(p / SIDE) - 4.5) < 2 ? 1 : 0);
  const field = Array.from({ length: count }, (_, i) => `f${i % 3}`);
  return {
    path: "cells",
    count,
    channels: ["GFP"],
    height: SIDE,
    width: SIDE,
    masks: "full",
    readCrop: (_, out) => out.fill(1),
    readMask: (cell, out) => {
      for (let p = 0; p < pixels; p++) out[p] = masks[cell]?.(p) ?? center(p);
    },
    cells: {
      count,
      id: field.map((_, i) => `c${i}`),
      protein: null,
      field,
      localization: field.map(() => "ER"),
      usable: new Uint8Array(count).fill(1),
      metadata: { rows: count, columns: new Map() },
    },
  };
}

const classes = { names: ["ER"], of: new Int32Array(12) };
const rows = Int32Array.of(0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11);

test("a cell alone and with its neighbors stands on the same medium, also where it is lent", () => {
  // Row 2 is full of cells: the crops that draw it are shown the medium of another one of its field.
  const crowded = (p: number) => (p < 50 ? 1 : 2);
  const beset = Int32Array.of(2, 4, 10);
  const made = recomposedPlan(rows, beset, store({ 2: crowded }), { draws: 3, classes, seed: 1 });
  const { plan, derived, influence } = made;
  const [n, m] = [rows.length, beset.length];
  expect(derived!.centerFrom).toBe(n);
  expect(plan.count).toBe(3 * (n + m));
  expect(plan.classes.length).toBe(6);
  let lent = 0;
  for (let d = 0; d < 3; d++) {
    for (let i = 0; i < n; i++) {
      const row = d * n + i;
      expect(plan.cell[row]).toBe(12 + i);
      expect(derived!.plan.cell[i]).toBe(rows[i]);
      expect(backgroundOf(plan, row)).toBe(d);
      if (plan.donor[row] === 2) {
        lent++;
        expect([5, 8, 11]).toContain(mediumOf(plan, row));
        expect(mediumOf(plan, row)).not.toBe(rows[i]);
      } else expect(mediumOf(plan, row)).toBe(plan.donor[row]);
      expect(influence!.medium(i, d)).toBe(mediumOf(plan, row));
    }
    for (let j = 0; j < m; j++) {
      const row = 3 * n + d * m + j;
      const alone = d * n + beset[j];
      expect(plan.cell[row]).toBe(12 + n + j);
      expect(derived!.plan.cell[n + j]).toBe(rows[beset[j]]);
      expect(backgroundOf(plan, row)).toBe(3 + d);
      expect([plan.donor[row], mediumOf(plan, row)]).toEqual([plan.donor[alone], mediumOf(plan, alone)]);
    }
  }
  expect(lent).toBeGreaterThan(0);
});

test("where most donors have no medium this is refused, where some have none it is said", () => {
  const full = (p: number) => (p < 50 ? 1 : 2);
  const plan = (crowded: number[]) =>
    recomposedPlan(rows, Int32Array.of(), store(Object.fromEntries(crowded.map((row) => [row, full]))), {
      draws: 2,
      classes,
      seed: 1,
    });
  expect(plan([2]).notes).toEqual([]);
  expect(plan([2, 5, 8, 11]).notes).toEqual([
    expect.stringMatching(/^\d of 22 composites show as medium what lies between cells/),
  ]);
  expect(() => plan([0, 3, 6, 9, 2, 5, 8, 11])).toThrow(/cells: most cells .* or take --remedy masked/);
});

test("pieces of other cells are counted, those that touch as one, and their share of the crop", async () => {
  const at = (p: number) => [p % SIDE, Math.floor(p / SIDE)];
  const two = (p: number) => (at(p)[0] < 2 ? 2 : at(p)[0] > 7 && at(p)[1] < 5 ? 2 : at(p)[0] === 5 ? 1 : 0);
  const corners = (p: number) => (p === 0 || p === SIDE + 1 ? 2 : p === 44 ? 1 : 0);
  const found = await surroundingsOf(store({ 1: two, 2: corners }), Int32Array.of(0, 1, 2), async () => {});
  expect([...found.count]).toEqual([0, 2, 2]);
  expect([...found.area]).toEqual([0, 0.3, 0.02]);
});
