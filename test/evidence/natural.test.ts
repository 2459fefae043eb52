import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { type AroundCells, type NaturalRequest, naturalSlopes } from "../../src/evidence/natural.ts";
import { predictHeldOut } from "../../src/evidence/predictions.ts";
import type { Setting } from "../../src/settings.ts";
import { oracleFeatures } from "../../src/simulate/oracle.ts";
import { listBlocks, PlanIndex } from "../../src/study/block.ts";
import { predictionRequest } from "../../src/study/transfer.ts";
import { drawPlan, finish, readerOf } from "./drawn.ts";

const CLASSES = ["a", "b", "c"];

/** What natural evidence is drawn from where an oracle reads neighbors at dose `lambda` per tenth of the crop. */
function request(
  lambda: number,
  {
    seed = 1,
    fields = 6,
    cells = 90,
    settings = ["original", "same", "cell-free", "different"] as Setting[],
  } = {},
): NaturalRequest {
  const random = mulberry32(seed);
  const { truth, field, rows, groups, plan } = drawPlan(CLASSES, { cells, fields, settings, seed });
  // Tenths of the crop, more in some fields than in others.
  const area = field.map((_, i) => Math.max(0, 2 + (i % fields) / 4 + normal(random)));
  const oracle = oracleFeatures(plan, truth, { lambda, crowding: area, noise: 0.8, seed });
  const index = new PlanIndex(plan);
  const predictions = finish(
    predictHeldOut(
      predictionRequest({
        set: { dimension: oracle.dimension, read: readerOf(oracle) },
        index,
        classes: CLASSES,
        rows,
        groups,
        blocks: listBlocks(settings, CLASSES),
      }),
    ),
  );
  const names = [...new Set(field)];
  return {
    encoder: "oracle",
    channels: ["GFP"],
    diameter: 20,
    stratum: rows.map((list) => list.map((row) => names.indexOf(field[row]))),
    around: rows.map((list): AroundCells => {
      const column = (of: (row: number) => number) => Float64Array.from(list, of);
      return {
        area: column((row) => area[row] / 10),
        number: column((row) => Math.ceil(area[row])),
        nearest: column((row) => (area[row] === 0 ? Number.NaN : 5 - area[row])),
        contrast: [column(() => 2 * random() - 1)],
        own: column(() => random()),
        brightness: [column(() => random())],
        classes: null,
      };
    }),
    predictions,
    donors: {
      donor: ({ setting, background }, own) => {
        const block = { setting, background: background < 0 ? null : CLASSES[background] };
        if (index.isOwn(block, CLASSES[own])) return null;
        return index.rows(block, CLASSES[own], rows[own])?.map((row) => plan.donor[row]) ?? null;
      },
      area: (row) => area[row] / 10,
    },
    grouping: groups,
    seed,
  };
}

const drawn = (of: NaturalRequest) => finish(naturalSlopes(of));
const numberOf = (numbers: readonly StatedNumber[], statement: string, name: string | null = null) =>
  numbers.find((n) => n.statement === statement && n.class === name)!;

test("an oracle that reads no neighbors has no slope over them, real or swapped", () => {
  const studies = Array.from({ length: 12 }, (_, seed) => drawn(request(0, { seed })).numbers);
  const claims = (statement: string) =>
    studies.filter((numbers) => {
      const { low, high } = numberOf(numbers, statement);
      return low! > 0 || high! < 0;
    }).length;
  for (const statement of ["natural/area", "natural/area/log-odds", "natural/number", "natural/nearest"])
    expect(claims(statement), statement).toBeLessThanOrEqual(3);
  for (const numbers of studies) {
    // The same bytes in all settings.
    expect(numberOf(numbers, "natural/area/seen").estimate).toBe(0);
    expect(numberOf(numbers, "natural/swap-own").estimate).toBe(0);
    expect(numberOf(numbers, "natural/area/ratio")).toMatchObject({ estimate: null, low: null, high: null });
    expect(numberOf(numbers, "natural/area/ratio").refused).toMatch(/no bounds/);
  }
});

test("an oracle that reads neighbors gains by each, as much as swaps say", () => {
  const count = { told: 0, shuffled: 0 };
  const ratios = { "natural/area/ratio": 0, "natural/area/seen/ratio": 0 };
  const seeds = 6;
  for (let seed = 0; seed < seeds; seed++) {
    const { numbers } = drawn(request(0.25, { seed, fields: 8, cells: 240 }));
    const area = numberOf(numbers, "natural/area");
    expect(area.estimate!).toBeGreaterThan(0);
    expect(numberOf(numbers, "natural/swap-own").low!).toBeGreaterThan(0);
    expect(numberOf(numbers, "natural/swap-other").high!).toBeLessThan(0);
    count.told += Number(area.low! > 0);
    count.shuffled += Number(area.p! <= 0.05);
    for (const statement of ["natural/area/ratio", "natural/area/seen/ratio"] as const) {
      const { estimate, low, high } = numberOf(numbers, statement);
      expect(low! <= estimate! && estimate! <= high!).toBe(true);
      ratios[statement] += estimate! / seeds;
    }
  }
  expect(Math.min(count.told, count.shuffled)).toBeGreaterThanOrEqual(4);
  // Where there are neighbors already the next one says less than the first.
  for (const ratio of Object.values(ratios)) {
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(1.2);
  }
});

test("neighbors' classes part what an oracle reads from what it does not", () => {
  let claims = 0;
  for (let seed = 0; seed < 4; seed++) {
    const of = request(0.25, { seed, cells: 240 });
    const random = mulberry32(seed);
    const around = of.around.map((a) => {
      const other = a.area.map(() => 0.2 * random());
      const unknown = a.area.map(() => 0.1 * random());
      const area = a.area.map((v, i) => v + other[i] + unknown[i]);
      return { ...a, classes: { own: a.area, other, unknown }, area };
    });
    const { numbers, curves } = drawn({ ...of, around });
    const [own, other, place] = ["own-class", "other-class", "class"].map((s) =>
      numberOf(numbers, `natural/${s}`),
    );
    expect(own.estimate!).toBeGreaterThan(0);
    claims += Number(other.low! > 0 || other.high! < 0);
    expect(place.estimate!).toBeCloseTo(own.estimate! - other.estimate!, 12);
    expect(curves.slice(-3).map((c) => c.dose)).toEqual([
      "natural/own-class",
      "natural/other-class",
      "natural/class",
    ]);
  }
  expect(claims).toBeLessThanOrEqual(2);
});

test("single classes have slopes of the probability, and their mean is that of all", () => {
  const { numbers } = drawn(request(0.25));
  const area = numbers.filter((n) => n.statement === "natural/area");
  expect(area.map((n) => n.class)).toEqual([null, ...CLASSES]);
  const [all, ...single] = area;
  expect(all.estimate!).toBeCloseTo(
    (single[0].estimate! + single[1].estimate! + single[2].estimate!) / 3,
    12,
  );
  expect(all).toMatchObject({ cells: 90, clusters: 6, classes: 3, unit: "field", groups: 3 });
  for (const n of single) expect(n).toMatchObject({ classes: 1, clusters: 6 });
  expect(single.every((n) => n.q! >= n.p! - 1e-12)).toBe(true);
  const unsure = numbers.filter((n) => n.method.endsWith("; not simulated by itself"));
  expect(new Set(unsure.map((n) => n.statement.split("/")[1]))).toEqual(
    new Set(["number", "nearest", "brightness"]),
  );
  expect(numbers.filter((n) => n.statement === "natural/area/errors").map((n) => n.class)).toEqual([null]);
});

test("the same study gives the same numbers, whatever was drawn before", () => {
  const first = drawn(request(0.25));
  drawn(request(0.1, { seed: 3 }));
  expect(drawn(request(0.25))).toEqual(first);
});

test.each([
  { what: "no cell has a neighbor", change: (a: AroundCells) => ({ ...a, area: a.area.map(() => 0) }) },
  {
    what: "a field's cells have the same neighbors",
    change: (a: AroundCells) => ({ ...a, area: a.area.map(() => 0.3) }),
  },
])("where $what there is no slope over area, and it says so", ({ change }) => {
  const of = request(0.25);
  const { numbers, curves } = drawn({ ...of, around: of.around.map(change) });
  expect(numberOf(numbers, "natural/area")).toMatchObject({
    estimate: null,
    low: null,
    p: null,
    cells: 0,
    classes: 0,
  });
  expect(numberOf(numbers, "natural/area").refused).toMatch(/does not differ, or no cell has a neighbor/);
  expect(curves.map((c) => c.dose)).not.toContain("natural/area");
  expect(numberOf(numbers, "natural/number").low).not.toBeNull();
});

test("one cell per field gives nothing; two fields a class a number without interval", () => {
  const of = request(0.25);
  const alone = { ...of, stratum: of.stratum.map((list) => Int32Array.from(list.keys())) };
  expect(numberOf(drawn(alone).numbers, "natural/area").estimate).toBeNull();
  const two = numberOf(
    drawn(request(0.25, { fields: 2, settings: ["original", "masked"] })).numbers,
    "natural/area",
  );
  expect(two.estimate).not.toBeNull();
  expect(two).toMatchObject({
    low: null,
    high: null,
    refused: "2 fields are too few for an interval (3 are enough)",
  });
});

test("without same, masked cells tell what goes with neighbors that are not seen; without cell-free no swap says more", () => {
  const { numbers } = drawn(request(0.25, { fields: 4, settings: ["original", "masked"] }));
  const hidden = numberOf(numbers, "natural/area/hidden");
  expect(hidden.method).toMatch(/^the cells in masked/);
  expect(numberOf(numbers, "natural/area/seen").estimate!).toBeCloseTo(
    numberOf(numbers, "natural/area").estimate! - hidden.estimate!,
    12,
  );
  expect(numbers.some((n) => /swap|ratio/.test(n.statement))).toBe(false);
});

test.each([
  [4, null],
  [5, "given"],
])("of %i wrong cells errors have an interval: %s", (wrong, given) => {
  const of = request(0.25);
  const blocks = of.predictions.blocks.map((block) =>
    block.setting !== "original"
      ? block
      : {
          ...block,
          cells: block.cells.map((cells, own) => ({
            ...cells!,
            predicted: cells!.predicted.map((_, i) => (own === 0 && i < wrong ? 1 : own)),
          })),
        },
  );
  const { numbers } = drawn({ ...of, predictions: { ...of.predictions, blocks } });
  const errors = numberOf(numbers, "natural/area/errors");
  expect(errors.estimate).not.toBeNull();
  expect(errors.low === null).toBe(given === null);
  expect(errors.high === null).toBe(given === null);
  if (given === null)
    expect(errors.refused).toBe(
      "only 4 cells are named otherwise than the others of the class (5 are enough), which does not tell how much would change with others",
    );
  // Probabilities are not counted.
  expect(numberOf(numbers, "natural/area").low).not.toBeNull();
});
