import { expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import type { Setting } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { plainScales } from "../../src/swap/intensity.ts";
import { crowdedDonors, lendMedium } from "../../src/swap/lend.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { planHash, planTable } from "../../src/swap/plan-file.ts";
import { settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions, CropSource, SwapPlan } from "../../src/types.ts";

const SIZE = 24;
const PIXELS = SIZE * SIZE;
const COUNT = 12;
const field = Array.from({ length: COUNT }, (_, i) => `F${i % 4}`);
const ids = Array.from({ length: COUNT }, (_, i) => `c${i}`);

/**
 * Crops with a center cell of light 100 on medium of light 10 + row; `full` ones have neighbors everywhere else, or up to
 * some row of pixels.
 */
function crops(full: (cell: number) => boolean | number): CropSource {
  const light = new Float32Array(COUNT * PIXELS);
  const masks = new Uint8Array(COUNT * PIXELS);
  const random = mulberry32(4);
  for (let i = 0; i < light.length; i++) {
    const [cell, y, x] = [Math.floor(i / PIXELS), Math.floor((i % PIXELS) / SIZE), i % SIZE];
    masks[i] = Math.hypot(y - 11.5, x - 11.5) < 4 ? 1 : y < Number(full(cell)) * SIZE ? 2 : 0;
    light[i] = (masks[i] > 0 ? 100 : 10) + cell + random();
  }
  return memoryCrops({ channels: ["A"], height: SIZE, width: SIZE }, light, masks);
}

const usable = new Uint8Array(COUNT).fill(1);
const classOf = Int16Array.from({ length: COUNT }, (_, i) => i % 2);
const plan = makePlan({
  classes: ["P", "Q"],
  classOf,
  field,
  protein: field,
  usable,
  settings: ["original", "self", "same", "cell-free", "different"],
  sameDonor: "any",
  seed: 1,
});
const labels = Array.from(classOf, (c) => "PQ"[c]);
const cells = { field, usable, labels, cluster: new Int32Array(COUNT) };
const rowsOf = (of: SwapPlan, name: Setting) =>
  Array.from(of.cell.keys()).filter((row) => settingOf(of, row) === name);
const options: CompositeOptions = {
  edge: "hard",
  sigma: 1,
  donorCenter: "fill",
  halo: 1,
  intensity: "none",
  clip: null,
  seed: 1,
};

test("where every crop has medium the plan stays as it is", () => {
  expect(
    lendMedium(
      crops(() => false),
      plan,
      cells,
      1,
    ),
  ).toBe(plan);
  expect(crowdedDonors(plan)).toBeNull();
});

test("donors full of cells take the medium of a crop of their field, in cell-free only, always the same", () => {
  // Of every field the first crop is free.
  const source = crops((cell) => cell >= 4);
  const lent = lendMedium(source, plan, cells, 1);
  const of = lent.medium!.of;
  for (let row = 0; row < plan.count; row++) {
    const donor = plan.donor[row];
    const free = settingOf(plan, row) === "cell-free" && donor >= 4;
    expect(of[row]).toBe(free ? donor % 4 : -1);
  }
  expect(lendMedium(source, plan, cells, 1).medium).toEqual(lent.medium);
  expect(planHash(lent)).not.toBe(planHash(plan));
  const column = planTable(lent, { id: ids, field, protein: field, classOf }).get("medium_id")!;
  expect(column).toEqual(Array.from(of, (c) => (c < 0 ? null : ids[c])));
  expect(planTable(plan, { id: ids, field, protein: field, classOf }).has("medium_id")).toBe(false);
});

test("the composite is that on the lender's medium, pixel for pixel", () => {
  const source = crops((cell) => cell >= 4);
  const lent = lendMedium(source, plan, cells, 1);
  const row = rowsOf(plan, "cell-free").find((r) => plan.donor[r] >= 4)!;
  const donor = plan.donor.map((d, r) => (r === row ? d % 4 : d));
  const [a, b, c] = [lent, { ...plan, donor }, plan].map((which) => {
    const out = new Float32Array(PIXELS);
    new Compositor(source, plainScales("none"), options).compose(which, row, out);
    return out;
  });
  expect(a).toEqual(b);
  // Without lending the dimmest of the cells stands in.
  expect(c[0]).toBeGreaterThan(90);
  expect(a[0]).toBeLessThan(20);
});

test("only crops that passed lend, and one that nothing is lent to keeps its own", () => {
  const source = crops((cell) => cell >= 4);
  const failed = usable.map((_, cell) => Number(cell !== 0));
  const lent = lendMedium(source, plan, { ...cells, usable: failed }, 1);
  for (const row of rowsOf(plan, "cell-free")) {
    const donor = plan.donor[row];
    if (donor >= 4) expect(lent.medium!.of[row]).toBe(donor % 4 === 0 ? donor : donor % 4);
  }
  expect(lent.medium!.key).not.toBe(lendMedium(source, plan, cells, 1).medium!.key);
  expect(crowdedDonors(lent)).toMatchObject({
    id: "no-medium",
    severity: "warning",
    text: expect.stringMatching(
      /^2 of 12 donors \(17 %\) of cell-free are full of cells, and so is every other crop of their field and class:/,
    ),
  });
});

test("a crop of another class or cluster lends nothing, one that the study does not use does", () => {
  const source = crops((cell) => cell >= 4);
  const lentTo = (changed: Partial<typeof cells>) => {
    const lent = lendMedium(source, plan, { ...cells, ...changed }, 1);
    return rowsOf(plan, "cell-free").flatMap((row) => (plan.donor[row] === 8 ? [lent.medium!.of[row]] : []));
  };
  const other = <T>(values: ArrayLike<T>, value: T) =>
    Array.from(values, (v, cell) => (cell === 0 ? value : v));
  const own = lentTo({});
  expect(own.length).toBeGreaterThan(0);
  expect(new Set(own)).toEqual(new Set([0]));
  expect(new Set(lentTo({ labels: other(labels, "Q") }))).toEqual(new Set([8]));
  expect(new Set(lentTo({ cluster: Int32Array.from(other(cells.cluster, 1)) }))).toEqual(new Set([8]));
  expect(new Set(lentTo({ cluster: Int32Array.from(other(cells.cluster, -1)) }))).toEqual(new Set([0]));
  const keys = [
    {},
    { labels: other(labels, "Q") },
    { cluster: Int32Array.from(other(cells.cluster, -1)) },
  ].map((changed) => lendMedium(source, plan, { ...cells, ...changed }, 1).medium!.key);
  expect(new Set(keys).size).toBe(3);
});

test("a cell is never pasted on the medium of its own crop", () => {
  // One field, and all but two of its crops are full.
  const one = { field: field.map(() => "F"), labels: labels.map(() => "P") };
  const within = makePlan({
    classes: ["P"],
    classOf: classOf.map(() => 0),
    field: one.field,
    protein: null,
    usable,
    settings: ["cell-free"],
    sameDonor: "any",
    seed: 1,
  });
  for (const free of [2, 1]) {
    const { of } = lendMedium(
      crops((cell) => cell >= free),
      within,
      { ...cells, ...one },
      1,
    ).medium!;
    for (let row = 0; row < within.count; row++) {
      const [cell, donor] = [within.cell[row], within.donor[row]];
      if (donor < free) expect(of[row]).toBe(-1);
      else if (cell < free) expect(of[row]).toBe(free === 2 ? 1 - cell : donor);
      else expect(of[row]).toBeLessThan(free);
    }
  }
});

test("where no crop of a field has a tenth free, one with a twentieth lends", () => {
  // 2 of 24 rows of pixels are 8.3 %.
  const lent = lendMedium(
    crops((cell) => (cell < 4 ? 22 / 24 : true)),
    plan,
    cells,
    1,
  );
  for (const row of rowsOf(plan, "cell-free"))
    expect(lent.medium!.of[row]).toBe(plan.donor[row] < 4 ? -1 : plan.donor[row] % 4);
});

test("what is lent is noted; a study without any medium is refused with the remedy", () => {
  const lent = crowdedDonors(
    lendMedium(
      crops((cell) => cell >= 4),
      plan,
      cells,
      1,
    ),
  );
  expect(lent).toMatchObject({ id: "lent-medium", severity: "note" });
  expect(lent!.text).toMatch(
    /^8 of 12 donors \(67 %\) of cell-free are full of cells .* \(4 crops lend it\)/,
  );
  const bare = crowdedDonors(
    lendMedium(
      crops(() => true),
      plan,
      cells,
      1,
    ),
  );
  expect(bare).toMatchObject({ id: "no-medium", severity: "refuse" });
  expect(bare!.text).toContain('leave cell-free out of "settings"');
  expect(
    lendMedium(
      crops(() => true),
      plan,
      cells,
      1,
    ).medium!.key,
  ).toBeNull();
});
