import fc from "fast-check";
import { expect, test } from "vitest";
import { SettingError } from "../../src/errors.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { makePlan, type PlanRequest } from "../../src/swap/plan.ts";
import { backgroundOf, runOf, settingOf } from "../../src/swap/runs.ts";
import type { SwapPlan } from "../../src/types.ts";

interface Cell {
  readonly class: number;
  readonly protein: string;
  readonly field: string;
}

function request(cells: readonly Cell[], more: Partial<PlanRequest> = {}): PlanRequest {
  const classes = more.classes ?? [...new Set(cells.map((c) => c.class))].sort().map((c) => `class${c}`);
  return {
    classes,
    classOf: Int16Array.from(cells, (c) => classes.indexOf(`class${c.class}`)),
    field: cells.map((c) => c.field),
    protein: cells.map((c) => c.protein),
    usable: new Uint8Array(cells.length).fill(1),
    settings: SETTINGS,
    sameDonor: "any",
    seed: 7,
    ...more,
  };
}

/** `sizes[c][f]` cells of class c in its field f; one protein per class. */
function grid(sizes: readonly (readonly number[])[]): Cell[] {
  return sizes.flatMap((fields, c) =>
    fields.flatMap((n, f) =>
      Array.from({ length: n }, () => ({ class: c, protein: `P${c}`, field: `P${c}_${f}` })),
    ),
  );
}

const rowsOf = (plan: SwapPlan, setting: Setting) =>
  Array.from({ length: plan.count }, (_, i) => i)
    .filter((i) => settingOf(plan, i) === setting)
    .map((i) => ({
      cell: plan.cell[i],
      background: backgroundOf(plan, i),
      donor: plan.donor[i],
    }));

/** Largest minus smallest number of times that the members of a class lend, by setting, center class and background. */
function unevenness(plan: SwapPlan, classOf: Int16Array, setting: Setting): number {
  const uses = new Map<string, Map<number, number>>();
  for (const { cell, background, donor } of rowsOf(plan, setting)) {
    const key = `${classOf[cell]} ${background}`;
    if (!uses.has(key)) uses.set(key, new Map());
    uses.get(key)!.set(donor, (uses.get(key)!.get(donor) ?? 0) + 1);
  }
  let worst = 0;
  for (const [key, counts] of uses) {
    const lenders = [...classOf.keys()].filter((row) => classOf[row] === Number(key.split(" ")[1]));
    const n = lenders.map((row) => counts.get(row) ?? 0);
    worst = Math.max(worst, Math.max(...n) - Math.min(...n));
  }
  return worst;
}

const classes = fc
  .array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 4,
  })
  .filter((sizes) => sizes.every((fields) => fields.reduce((a, b) => a + b) > 1));

test("every setting has its rows", () => {
  const plan = makePlan(
    request(
      grid([
        [2, 2],
        [3, 1],
        [2, 1],
      ]),
    ),
  );
  const count = (s: Setting) => rowsOf(plan, s).length;
  expect(SETTINGS.map((s) => [s, count(s)])).toEqual([
    ["original", 11],
    ["self", 11],
    ["same", 11],
    ["cell-free", 33],
    ["different", 22],
    ["masked", 11],
    ["background-only", 11],
  ]);
  expect(plan.count).toBe(110);
  for (const { cell, donor, background } of rowsOf(plan, "self"))
    expect([donor, background]).toEqual([cell, -1]);
  for (const s of ["original", "masked", "background-only"] as const)
    for (const { donor, background } of rowsOf(plan, s)) expect([donor, background]).toEqual([-1, -1]);
});

test("donors are of the background's class, not the cell itself, from another field wherever there is one", () => {
  fc.assert(
    fc.property(classes, fc.nat(), (sizes, seed) => {
      const r = request(grid(sizes), { seed });
      const plan = makePlan(r);
      for (const setting of ["same", "cell-free", "different"] as const)
        for (const { cell, background, donor } of rowsOf(plan, setting)) {
          expect(r.classOf[donor]).toBe(background);
          expect(donor).not.toBe(cell);
          if (setting === "same") expect(background).toBe(r.classOf[cell]);
          if (setting === "different") expect(background).not.toBe(r.classOf[cell]);
          const elsewhere = sizes[background].length > 1 || background !== r.classOf[cell];
          expect(r.field[donor] === r.field[cell]).toBe(!elsewhere);
        }
    }),
  );
});

test("donors are used equally often whenever that is possible", () => {
  fc.assert(
    fc.property(classes, fc.nat(), (sizes, seed) => {
      const r = request(grid(sizes), { seed });
      const plan = makePlan(r);
      expect(unevenness(plan, r.classOf, "different")).toBeLessThanOrEqual(1);
      // Within a class the largest field can only be served by the others, as long as it is not the majority.
      const possible = sizes.every((f) => f.length === 1 || Math.max(...f) * 2 <= f.reduce((a, b) => a + b));
      if (possible) expect(unevenness(plan, r.classOf, "same")).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("where one field holds most cells of a class, the donors of each field are still used evenly", () => {
  const r = request(grid([[30, 4, 3], [5]]));
  const same = rowsOf(makePlan(r), "same").filter((row) => row.background === 0);
  const uses = new Int32Array(37);
  for (const { donor } of same) uses[donor]++;
  const span = (from: number, to: number) =>
    Math.max(...uses.slice(from, to)) - Math.min(...uses.slice(from, to));
  expect(span(0, 30)).toBeLessThanOrEqual(1);
  expect(span(30, 37)).toBeLessThanOrEqual(1);
  expect(same.every(({ cell, donor }) => r.field[donor] !== r.field[cell])).toBe(true);
});

test("cell-free and different have one donor per cell and background; on the own class it is that of same", () => {
  const plan = makePlan(request(grid([[4, 4], [5, 3], [6]])));
  const key = (row: { cell: number; background: number }) => `${row.cell} ${row.background}`;
  const free = new Map(rowsOf(plan, "cell-free").map((row) => [key(row), row.donor]));
  for (const row of [...rowsOf(plan, "different"), ...rowsOf(plan, "same")])
    expect(free.get(key(row))).toBe(row.donor);
});

test("rows are sorted by setting, background, cell, and are unique", () => {
  const plan = makePlan(request(grid([[4, 4], [5, 3], [6]])));
  const keys = Array.from(
    plan.cell,
    (c, i) => runOf(plan, i).setting * 1e6 + (backgroundOf(plan, i) + 1) * 1e3 + c,
  );
  expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
});

test("one seed gives one plan, another seed another one", () => {
  const cells = grid([
    [9, 9],
    [9, 9],
  ]);
  expect(makePlan(request(cells))).toEqual(makePlan(request(cells)));
  expect(makePlan(request(cells)).donor).not.toEqual(makePlan(request(cells, { seed: 8 })).donor);
});

test("more settings, classes or backgrounds leave the other draws as they are", () => {
  const cells = grid([
    [5, 4],
    [6, 3],
    [7, 2],
  ]);
  const all = makePlan(request(cells));
  const few = makePlan(request(cells, { settings: ["same", "different"], backgrounds: ["class1"] }));
  const two = makePlan(request(cells, { classes: ["class0", "class1"] }));
  const donors = (plan: SwapPlan, setting: Setting) =>
    new Map(rowsOf(plan, setting).map((row) => [`${row.cell} ${plan.classes[row.background]}`, row.donor]));
  for (const plan of [few, two])
    for (const setting of ["same", "different"] as const) {
      const found = donors(plan, setting);
      expect(found.size).toBeGreaterThan(0);
      for (const [key, donor] of found) expect(donors(all, setting).get(key)).toBe(donor);
    }
  expect(new Set(rowsOf(few, "different").map((row) => few.classes[row.background]))).toEqual(
    new Set(["class1"]),
  );
});

test("cells without proteins have donors of their class, and none by protein", () => {
  const own = request(
    grid([
      [4, 4],
      [4, 4],
    ]),
  );
  expect(makePlan({ ...own, protein: null })).toEqual(makePlan(own));
  for (const [sameDonor, whose] of [
    ["same-protein", "their own"],
    ["other-protein", "another"],
  ] as const)
    expect(() => makePlan({ ...own, protein: null, sameDonor })).toThrow(
      `the cells have no protein, so there is no donor of ${whose}; choose "any" as sameDonor`,
    );
});

test("same-protein and other-protein donors", () => {
  const cells = Array.from({ length: 40 }, (_, i) => ({
    class: i % 2,
    protein: `P${i % 2}${i % 3}`,
    field: `F${i % 5}`,
  }));
  for (const sameDonor of ["same-protein", "other-protein"] as const) {
    const r = request(cells, { sameDonor });
    for (const { cell, donor } of rowsOf(makePlan(r), "same")) {
      expect(r.protein![cell] === r.protein![donor]).toBe(sameDonor === "same-protein");
      expect(cell).not.toBe(donor);
      expect(r.field[donor]).not.toBe(r.field[cell]);
    }
  }
});

test("unusable cells and cells outside the study neither stand in the center nor lend", () => {
  const r = request(
    grid([
      [4, 4],
      [4, 4],
    ]),
  );
  r.usable[1] = 0;
  r.classOf[9] = -1;
  const plan = makePlan(r);
  for (const rows of [plan.cell, plan.donor]) expect([...rows].filter((c) => c === 1 || c === 9)).toEqual([]);
});

test("what has no donor is refused with a remedy", () => {
  const lone = request(grid([[1], [3]]));
  expect(() => makePlan(lone)).toThrow(SettingError);
  expect(() => makePlan(lone)).toThrow(/class0 has one usable cell.*leave the class out/);
  expect(makePlan({ ...lone, settings: ["different"] }).count).toBe(4);
  expect(() => makePlan(request(grid([[3], [3]]), { sameDonor: "other-protein" }))).toThrow(
    /one protein \(P0\)/,
  );
  const single = [...grid([[3], [3]]), { class: 0, protein: "Q", field: "Q_0" }];
  expect(() => makePlan(request(single, { sameDonor: "same-protein" }))).toThrow(
    /protein Q .*one usable cell/,
  );
  expect(() => makePlan(request(grid([[3], [3]]), { backgrounds: ["vacuole"] }))).toThrow(
    /vacuole is not among/,
  );
  const empty = request(grid([[3], [3]]));
  empty.usable.fill(0, 0, 3);
  expect(() => makePlan(empty)).toThrow(/class0 has no usable cell/);
});

test("time grows linearly: a class of which one field holds nearly everything", () => {
  const n = 200_000;
  const cells = Array.from({ length: n }, (_, i) => ({
    class: i < 10 ? 1 : 0,
    protein: "P",
    field: i === n - 1 ? "G" : "F",
  }));
  const r = request(cells, { settings: ["same"] });
  const plan = makePlan(r);
  expect(plan.count).toBe(n);
  const own = rowsOf(plan, "same").filter((row) => row.background === 0);
  expect(own.filter(({ cell, donor }) => r.field[donor] === r.field[cell])).toEqual([]);
});
