import { describe, expect, test } from "vitest";
import { emptyCalls } from "../../src/evaluate/logistic/calls.ts";
import { batchNumbers } from "../../src/evidence/batch.ts";
import { type BatchRequest, batchLabels, fieldLabels } from "../../src/evidence/batch-labels.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { mediumSplit } from "../../src/evidence/medium-batch.ts";
import { type PredictedBlock, predictHeldOut } from "../../src/evidence/predictions.ts";
import { evenRows, weightedHeld } from "../../src/evidence/sample.ts";
import { transferEstimates } from "../../src/evidence/transfer.ts";
import type { Setting } from "../../src/settings.ts";
import { type OracleOptions, oracleFeatures } from "../../src/simulate/oracle.ts";
import { listBlocks, PlanIndex } from "../../src/study/block.ts";
import { predictionRequest } from "../../src/study/transfer.ts";
import { drawPlan, finish, readerOf } from "./drawn.ts";

const CLASSES = ["a", "b", "c"];
const SETTINGS: readonly Setting[] = [
  "original",
  "self",
  "same",
  "cell-free",
  "different",
  "background-only",
];

interface Layout {
  readonly fields?: number;
  readonly cells?: number;
  readonly settings?: readonly Setting[];
  /** Plate of field `f` of class `c`; null: not known. */
  readonly plate?: (f: number, c: number) => string | null;
}

/** An oracle's features of a study of three classes. */
function studied(
  oracle: Omit<OracleOptions, "seed" | "noise" | "batchOf">,
  { fields = 8, cells = 96, settings = SETTINGS, plate = (f) => `plate${f >> 2}` }: Layout = {},
) {
  const { truth, field, rows, groups, plan } = drawPlan(CLASSES, { cells, fields, settings });
  const plates = truth.map((name, i) => plate((i % cells) % fields, CLASSES.indexOf(name)));
  const batchOf = plates.map((p) => p ?? "unknown");
  const features = oracleFeatures(plan, truth, { ...oracle, batchOf, noise: 0.5, seed: 5 });
  const index = new PlanIndex(plan);
  const numbered = (names: readonly (string | null)[]) => {
    const ids = [...new Set(names.filter((n) => n !== null))];
    return rows.map((list) => list.map((row) => (names[row] === null ? -1 : ids.indexOf(names[row]!))));
  };
  const request: BatchRequest = {
    ...predictionRequest({
      set: { dimension: features.dimension, read: readerOf(features) },
      index,
      classes: CLASSES,
      rows,
      groups,
      blocks: listBlocks(settings, CLASSES),
    }),
    field: numbered(field),
    batch: plates.every((p) => p === null) ? null : numbered(plates),
    donors: (setting, background, own) =>
      own === background
        ? null
        : (index
            .rows({ setting, background: CLASSES[background] }, CLASSES[own], rows[own])
            ?.map((row) => plan.donor[row] - rows[background][0]) ?? null),
  };
  return { request, groups, predictions: finish(predictHeldOut(request)) };
}

function numbers(oracle: Parameters<typeof studied>[0], layout: Layout = {}) {
  const { request, groups, predictions } = studied(oracle, layout);
  const { numbers: found, ...rest } = finish(batchNumbers(request, predictions, groups));
  const beside = transferEstimates(predictions, groups);
  const of = Object.fromEntries(
    [...found, ...beside].map((n): [string, Pick<StatedNumber, "estimate" | "low" | "high">] => [
      n.statement,
      n,
    ]),
  );
  return { of, ...rest };
}

const holds = (n: Pick<StatedNumber, "low" | "high">, value: number) => n.low! <= value && value <= n.high!;

describe("batch and neighbors are told apart", () => {
  test("where only batches differ, the batch is told and captured, and no class", () => {
    const { of, chance, otherBatch } = numbers({ lambda: 0, batch: 1 });
    expect(chance["background-batch"]).toBe(0.5);
    expect(of["background-batch"].estimate).toBeGreaterThan(0.9);
    for (const setting of ["cell-free", "different"]) {
      expect(of[`capture-batch-effect/${setting}`].low).toBeGreaterThan(0.5);
      expect(holds(of[`capture-effect/${setting}`], 0)).toBe(true);
    }
    expect(holds(of["background-class/cell-free"], 1 / 3)).toBe(true);
    expect(of["capture-neighbor"].estimate).toBeCloseTo(0, 12);
    expect(otherBatch).toBeGreaterThan(0.2);
  });

  test("where only neighbors differ, the class is captured, and no batch", () => {
    const { of } = numbers({ lambda: 1, batch: 0 });
    expect(holds(of["background-batch"], 0.5)).toBe(true);
    for (const setting of ["cell-free", "different"])
      expect(holds(of[`capture-batch-effect/${setting}`], 0)).toBe(true);
    expect(of["capture-neighbor"].low).toBeGreaterThan(0.1);
    expect(of["background-class/background-only"].low).toBeGreaterThan(0.5);
    expect(holds(of["background-class/cell-free"], 1 / 3)).toBe(true);
    expect(holds(of["medium-batch"], 0)).toBe(true);
    expect(of["medium-own-batch"].low).toBeGreaterThan(0);
  });

  test("where classes lean on plates, what is lost on a foreign medium comes with another plate", () => {
    // Three fields in four of a class are on one plate.
    const plate = (f: number, c: number) => `plate${(f % 4 === 3 ? c + 1 : c) % 2}`;
    const { of } = numbers({ lambda: 0, batch: 1.5 }, { plate, fields: 16, cells: 320 });
    expect(of["medium-batch"].estimate).toBeGreaterThan(of["medium-own-batch"].estimate! + 0.02);
    expect(holds(of["medium-own-batch"], 0)).toBe(true);
  });

  test("an encoder that reads the cell alone gives nothing away", () => {
    const { of } = numbers({ lambda: 0 });
    for (const unit of ["field", "batch"])
      for (const setting of ["cell-free", "different"]) {
        expect(of[`capture-${unit}-effect/${setting}`].estimate).toBe(0);
        expect(of[`capture-${unit}-effect/${setting}`].low).toBeNull();
      }
    // Every cell without itself is the same: one label is named for all.
    expect(of["background-field"].estimate).toBeCloseTo(1 / 8, 12);
    expect(of["background-batch"].estimate).toBeCloseTo(1 / 2, 12);
    expect(of["medium-batch"].estimate).toBe(0);
  });
});

describe("what a design does not allow is left out", () => {
  const plates = (statements: Record<string, unknown>) =>
    Object.keys(statements).filter((s) => /background-batch|capture-batch|medium-/.test(s));
  test("cells without plates, all on one plate, every class on its own", () => {
    for (const plate of [() => null, () => "one", (_: number, c: number) => `plate${c}`]) {
      const { of } = numbers({ lambda: 0, batch: 1 }, { plate });
      expect(plates(of)).toEqual([]);
      expect(of["background-field"].estimate).toBeGreaterThan(0);
    }
  });
  test("plates of one field tell nothing but the field; unknown plates are left out", () => {
    const single = numbers({ lambda: 0, batch: 1 }, { plate: (f) => `plate${f}` });
    expect(plates(single.of).filter((s) => !s.startsWith("medium"))).toEqual([]);
    const { request } = studied({ lambda: 0 }, { plate: (f) => (f % 4 === 3 ? null : `plate${f >> 2}`) });
    const { label, count } = batchLabels(request)!;
    expect(count).toEqual([2, 2, 2]);
    label.forEach((of, own) => {
      of.forEach((l, row) => expect(l < 0).toBe(request.batch![own][row] < 0));
    });
    expect(
      numbers({ lambda: 0, batch: 1 }, { plate: (f) => (f % 4 === 3 ? null : `plate${f >> 2}`) }).of,
    ).toHaveProperty("background-batch");
  });
  test("donors that are all of their cell's plate capture nothing", () => {
    // Both fields of a class in each of four groups are on one plate.
    const { of, otherBatch } = numbers({ lambda: 0, batch: 1 }, { plate: (f) => `plate${f % 2}` });
    expect(otherBatch).toBe(0);
    expect(plates(of)).toEqual(["background-batch"]);
  });
  test("settings that a study lacks", () => {
    const without = numbers({ lambda: 1 }, { settings: ["original", "different"] });
    expect(
      Object.keys(without.of).filter((s) => s.startsWith("background") || s.startsWith("medium")),
    ).toEqual([]);
    expect(without.of).toHaveProperty(["capture-field-effect/different"]);
    expect(without.of).not.toHaveProperty(["capture-field-effect/cell-free"]);
  });
});

test("halves of fields and of plates share no field or cell, and hold all", () => {
  const { request } = studied({ lambda: 0 }, { fields: 8, cells: 80 });
  const fields = fieldLabels(request);
  const plates = batchLabels(request)!;
  request.field.forEach((of, own) => {
    const halves = new Map<number, Set<number>>();
    const cells = new Map<number, number[]>();
    of.forEach((f, row) => {
      halves.set(f, (halves.get(f) ?? new Set()).add(plates.half[own][row]));
      cells.set(f, [...(cells.get(f) ?? []), fields.half[own][row]]);
    });
    for (const half of halves.values()) expect(half.size).toBe(1);
    for (const list of cells.values()) expect(list).toEqual([...list].sort());
    expect([...cells.values()].every((list) => list.filter((h) => h === 0).length === 5)).toBe(true);
  });
  expect([fields.count, plates.count]).toEqual([
    [8, 8, 8],
    [2, 2, 2],
  ]);
});

test("the medium is split as counted by hand", () => {
  const rows = 12;
  const cluster = [
    Int32Array.from({ length: rows }, (_, i) => i % 3),
    Int32Array.from({ length: rows }, (_, i) => 3 + (i % 3)),
  ];
  const cells = (right: (i: number) => boolean, own: number, lent: boolean) => {
    const of = emptyCalls(rows, lent);
    for (let i = 0; i < rows; i++) of.predicted[i] = right(i) ? own : 1 - own;
    return of;
  };
  const self: PredictedBlock = {
    setting: "self",
    background: -1,
    donor: [null, null],
    cells: [cells((i) => i !== 0, 0, false), cells(() => true, 1, false)],
  };
  // Cells of class 0 stand on class 1: the first six on their own plate, of which one is lost that was right.
  const free: PredictedBlock = {
    setting: "cell-free",
    background: 1,
    donor: [cluster[1], null],
    cells: [cells((i) => i > 1 && i < 9, 0, true), null],
  };
  const none = () => {
    throw new Error("no feature is read");
  };
  const { numbers: found, otherBatch } = mediumSplit(
    {
      classes: ["p", "q"],
      cluster,
      group: cluster,
      field: cluster,
      batch: [new Int32Array(rows), Int32Array.from({ length: rows }, (_, i) => (i < 6 ? 0 : 1))],
      donors: (_, __, own) => (own === 0 ? Int32Array.from({ length: rows }, (_, i) => i) : null),
      count: 3,
      dimension: 1,
      blocks: [],
      has: none,
      read: none,
    },
    { classes: ["p", "q"], cluster, blocks: [self, free] },
    { count: 3, unit: "field", fewest: 3, reach: "all", notes: [] },
  );
  expect(otherBatch).toBe(0.5);
  const value = (id: string) => found.find((n) => n.statement === id)!.estimate;
  expect(value("medium-own-batch")).toBeCloseTo(1 / 6, 12);
  expect(value("medium-other-batch")).toBeCloseTo(3 / 6, 12);
  expect(value("medium-batch")).toBeCloseTo(2 / 6, 12);
});

test("rows are sampled evenly from every cluster, and weighted means are those of the formula", () => {
  const cluster = Int32Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : i < 99 ? 1 : 2));
  const rows = evenRows(cluster, 20);
  expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
  expect(rows.filter((r) => cluster[r] === 0)).toHaveLength(18);
  expect(rows).toContain(99);
  expect(evenRows(cluster, 100)).toHaveLength(100);
  const held = weightedHeld([1, 0, Number.NaN, 1], [3, 1, 0, 2]);
  expect(held.reduce((a, b) => a + b, 0) / 4).toBeCloseTo(5 / 6, 12);
  expect(held[2]).toBeCloseTo(5 / 6, 12);
  expect(held[0] - 5 / 6).toBeCloseTo((3 / (6 / 4)) * (1 - 5 / 6), 12);
});
