import { expect, test } from "vitest";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { addCells } from "../../src/swap/added.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, isSameField, runsOf, settingOf } from "../../src/swap/runs.ts";

/** Two classes of 12 cells in four fields, then 8 further cells in two fields, the second one a field of class b. */
const FIELDS = [
  ...Array.from({ length: 12 }, (_, i) => `a${i % 4}`),
  ...Array.from({ length: 12 }, (_, i) => `b${i % 4}`),
  ...Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? "m" : "b1")),
];
const group = Int32Array.from(FIELDS, (name) => (name === "m" ? 0 : Number(name[1]) % 2));
const classOf = Int16Array.from(FIELDS, (_, i) => (i < 12 ? 0 : i < 24 ? 1 : -1));
const cells = Int32Array.from({ length: 8 }, (_, i) => 24 + i);
const settings: readonly Setting[] = ["original", "self", "cell-free", "different", "masked"];
const plan = makePlan({
  classes: ["a", "b"],
  classOf,
  field: FIELDS,
  protein: null,
  usable: new Uint8Array(FIELDS.length).fill(1),
  settings,
  sameDonor: "any",
  seed: 5,
  group,
});
const request = {
  cells,
  settings: ["original", "self", "different", "masked"] as const,
  members: [0, 1].map((c) => [...classOf.keys()].filter((row) => classOf[row] === c)),
  lending: [0, 1],
  field: FIELDS,
  seed: 5,
  group,
};
const grown = addCells(plan, request);
const rows = Array.from({ length: grown.count }, (_, row) => ({
  setting: settingOf(grown, row),
  background: backgroundOf(grown, row),
  cell: grown.cell[row],
  donor: grown.donor[row],
  same: isSameField(grown, row, FIELDS),
}));

test("the rows that were there stay, in their order", () => {
  const kept = [...grown.cell.keys()].filter((row) => grown.cell[row] < 24);
  for (const name of ["cell", "donor"] as const)
    expect(Array.from(kept, (row) => grown[name][row])).toEqual([...plan[name]]);
  for (const of of [settingOf, backgroundOf])
    expect(kept.map((row) => of(grown, row))).toEqual(Array.from(plan.cell, (_, row) => of(plan, row)));
  expect(grown.runs).toEqual(
    runsOf(
      rows.map((r) => SETTINGS.indexOf(r.setting)),
      rows.map((r) => r.background),
    ),
  );
});

test("added cells stand in every setting, on every background, in the order of a plan", () => {
  const order = rows.map((r) => [SETTINGS.indexOf(r.setting), r.background, r.cell]);
  const sorted = order.toSorted(([a, b, c], [d, e, f]) => a - d || b - e || c - f);
  expect(order).toEqual(sorted);
  const added = rows.filter((r) => r.cell >= 24);
  expect(added).toHaveLength(5 * cells.length);
  for (const r of added)
    expect(r.donor).toBe(r.setting === "self" ? r.cell : r.setting === "different" ? r.donor : -1);
});

test("donors are of the background class, the cell's group and another field, and lend evenly", () => {
  const swapped = rows.filter((r) => r.cell >= 24 && r.setting === "different");
  for (const r of swapped) {
    expect(classOf[r.donor]).toBe(r.background);
    expect(group[r.donor]).toBe(group[r.cell]);
    // Field b1 has cells in group 1 only, whose other field of class b is b3.
    expect(FIELDS[r.donor]).not.toBe(FIELDS[r.cell]);
    expect(r.same).toBe(false);
  }
  const uses = new Map<number, number>();
  for (const { donor } of swapped.filter((r) => r.background === 0))
    uses.set(donor, (uses.get(donor) ?? 0) + 1);
  expect(Math.max(...uses.values())).toBe(1);
});

test("the same seed deals the same donors, another seed others", () => {
  expect(addCells(plan, request)).toEqual(grown);
  expect(addCells(plan, { ...request, seed: 6 }).donor).not.toEqual(grown.donor);
});

test("a group without a lender is one line", () => {
  const far = Int32Array.from(group, (k, row) => (row >= 24 ? 7 : k));
  expect(() => addCells(plan, { ...request, group: far })).toThrow(
    "class a has no usable cell in group 7 that could lend its background there; use fewer groups or leave the class out",
  );
});
