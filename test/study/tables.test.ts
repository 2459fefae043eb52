import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { PredictedCells, Predictions } from "../../src/evidence/predictions.ts";
import { formatCsv, readParquet, writeParquet, writeParquetPieces } from "../../src/files/table.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { cellPieces, type EffectRow, effectsTable } from "../../src/study/tables.ts";
import { runsOf, settingOf } from "../../src/swap/runs.ts";
import type { SwapPlan } from "../../src/types.ts";

const folder = mkdtempSync(join(tmpdir(), "tables-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Cells 0 and 1 are of class a, 2 of class b, 3 has both; rows of class a are in the order 1, 0. */
const plan: SwapPlan = {
  seed: 1,
  count: 8,
  classes: ["a", "b"],
  runs: runsOf(
    ["original", "original", "original", "original", "same", "same", "different", "different"].map((s) =>
      SETTINGS.indexOf(s as Setting),
    ),
    [-1, -1, -1, -1, 0, 0, 1, 1],
  ),
  cell: Int32Array.of(0, 1, 2, 3, 0, 1, 0, 1),
  donor: Int32Array.of(-1, -1, -1, -1, 1, 0, 2, 2),
};
const request = {
  plan,
  cells: { id: ["c0", "c1", "c2", "c3"], count: 4 },
  selection: {
    classes: ["a", "b"],
    classOf: Int16Array.of(0, 0, 1, -1),
    rows: [Int32Array.of(1, 0), Int32Array.of(2)],
  },
  groups: { group: Int32Array.of(0, 1, 0, -1) },
  features: "/study/features",
};
const cells = (predicted: number[], own: number[], margin: number[]): PredictedCells => ({
  predicted: Int16Array.from(predicted),
  probability: Float32Array.from(own, (p) => Math.max(p, 1 - p)),
  own: Float32Array.from(own),
  lent: null,
  margin: Float32Array.from(margin),
});
const none = [null, null];
const predictions: Predictions = {
  classes: ["a", "b"],
  cluster: [Int32Array.of(1, 0), Int32Array.of(2)],
  blocks: [
    {
      setting: "original",
      background: -1,
      donor: none,
      cells: [cells([0, 1], [0.75, 0.25], [1, -1]), cells([1], [1], [9])],
    },
    { setting: "same", background: -1, donor: none, cells: [cells([0, 0], [0.5, 0.5], [0, 0]), null] },
    { setting: "different", background: 1, donor: none, cells: [cells([1, 1], [0.25, 0], [-1, -8]), null] },
  ],
};
const set = { place: (row: number) => ({ base: `/study/features/tiny/part-${row >> 2}`, row: row & 3 }) };

test("the cell table has one row per encoder and composite, with the held-out prediction of the cell", async () => {
  const path = join(folder, "cells.parquet");
  const outputs = [
    { encoder: "tiny", set, predictions },
    { encoder: "blind", set, predictions: null },
  ];
  writeParquetPieces(path, cellPieces(request, outputs));
  const { rows, columns } = await readParquet(path);
  const of = (name: string, from = 0) =>
    Array.from(columns.get(name) as ArrayLike<unknown>).slice(from, from + 8);
  expect(rows).toBe(16);
  expect(of("encoder")).toEqual(Array(8).fill("tiny"));
  expect(of("Metadata_Cell")).toEqual(["c0", "c1", "c2", "c3", "c0", "c1", "c0", "c1"]);
  expect(of("Metadata_Class")).toEqual(["a", "a", "b", null, "a", "a", "a", "a"]);
  expect(of("setting")).toEqual(Array.from(plan.cell, (_, row) => settingOf(plan, row)));
  expect(of("background")).toEqual([null, null, null, null, "a", "a", "b", "b"]);
  expect(of("Metadata_Donor")).toEqual([null, null, null, null, "c1", "c0", "c2", "c2"]);
  expect(of("prediction")).toEqual(["b", "a", "b", null, "a", "a", "b", "b"]);
  expect(of("probability")).toEqual([0.75, 0.75, 1, Number.NaN, 0.5, 0.5, 1, 0.75]);
  expect(of("probability_own")).toEqual([0.25, 0.75, 1, Number.NaN, 0.5, 0.5, 0, 0.25]);
  expect(of("margin")).toEqual([-1, 1, 9, Number.NaN, 0, 0, -8, -1]);
  expect(of("correct")).toEqual([0, 1, 1, Number.NaN, 1, 1, 0, 0]);
  expect(of("flipped")).toEqual([0, 0, 0, Number.NaN, 1, 0, 0, 1]);
  expect(of("group")).toEqual([0, 1, 0, -1, 0, 1, 0, 1]);
  expect(of("features_file")).toEqual([
    ...Array(4).fill("tiny/part-0.npy"),
    ...Array(4).fill("tiny/part-1.npy"),
  ]);
  expect(of("features_row")).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  expect(of("encoder", 8)).toEqual(Array(8).fill("blind"));
  expect(of("prediction", 8)).toEqual(Array(8).fill(null));
  expect(of("correct", 8)).toEqual(Array(8).fill(Number.NaN));
  expect(of("features_row", 8)).toEqual(of("features_row"));
});

test("large segments come in pieces", () => {
  const count = 250_000;
  const many = {
    ...request,
    plan: {
      ...plan,
      count,
      runs: [{ setting: 0, background: -1, start: 0, end: count }],
      cell: new Int32Array(count),
      donor: new Int32Array(count).fill(-1),
    },
  };
  const sizes = [...cellPieces(many, [{ encoder: "tiny", set, predictions: null }])].map((t) => t.rows);
  expect(sizes).toEqual([100_000, 100_000, 50_000]);
});

test("effects are written with what they rest on, or why they have no interval", async () => {
  const row: EffectRow = {
    encoder: "tiny",
    statement: "neighbor",
    estimate: 0.1,
    low: 0.05,
    high: 0.15,
    se: 0.02,
    df: 11.5,
    p: 0.001,
    cells: 60,
    clusters: 6,
    unit: "field",
    groups: 3,
    classes: 5,
    level: 0.95,
    method: "m, n",
  };
  const table = effectsTable([
    row,
    { ...row, class: "a", q: 0.01 },
    { ...row, low: null, high: null, se: null, df: null, p: null, refused: "one field" },
  ]);
  expect(formatCsv(table)).toBe(
    `encoder,statement,class,estimate,low,high,level,se,df,p,q,n,clusters,unit,groups,classes,method,why
tiny,neighbor,,0.1,0.05,0.15,0.95,0.02,11.5,0.001,,60,6,field,3,5,"m, n",
tiny,neighbor,a,0.1,0.05,0.15,0.95,0.02,11.5,0.001,0.01,60,6,field,3,5,"m, n",
tiny,neighbor,,0.1,,,0.95,,,,,60,6,field,3,5,"m, n",one field
`,
  );
  writeParquet(join(folder, "effects.parquet"), table);
  const { columns } = await readParquet(join(folder, "effects.parquet"));
  expect([...columns.get("class")!]).toEqual([null, "a", null]);
  expect([...columns.get("low")!]).toEqual([0.05, 0.05, Number.NaN]);
  writeParquet(join(folder, "none.parquet"), effectsTable([]));
  expect((await readParquet(join(folder, "none.parquet"))).rows).toBe(0);
});
