import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { studentQuantile } from "../../src/core/student.ts";
import { emptyCalls } from "../../src/evaluate/logistic/calls.ts";
import { fitLogistic, predictClasses, predictProbabilities } from "../../src/evaluate/logistic/logistic.ts";
import { dependence } from "../../src/evidence/dependence.ts";
import { transferDifferences } from "../../src/evidence/encoders.ts";
import { estimate, type Grouping } from "../../src/evidence/estimate.ts";
import type { Judgments, Term } from "../../src/evidence/judgments.ts";
import {
  type PredictedBlock,
  type PredictedCells,
  type Predictions,
  predictCells,
  predictHeldOut,
} from "../../src/evidence/predictions.ts";
import { transferDependence, transferEstimates, transferStatements } from "../../src/evidence/transfer.ts";
import { readCsv } from "../../src/files/table.ts";
import type { Setting } from "../../src/settings.ts";
import { hasReference, PROTEINS, reference, referenceFeatures } from "../evaluate/reference.ts";

const grouping: Grouping = { count: 3, unit: "field", fewest: 6, reach: "all", notes: ["one field a class"] };

/** Rows of which only the predicted class is told. */
function called(predicted: readonly number[]): PredictedCells {
  return { ...emptyCalls(predicted.length, false), predicted: Int16Array.from(predicted) };
}

const value = (of: ReturnType<typeof transferEstimates>, id: string, name: string | null = null) =>
  of.find((s) => s.statement === id && s.class === name)?.estimate;

test("accuracy, capture rate, its base and their difference are those counted by hand", () => {
  const block = (
    setting: Setting,
    background: number,
    first: number[],
    second: number[],
  ): PredictedBlock => ({
    setting,
    background,
    donor: [null, null],
    cells: [called(first), called(second)],
  });
  const of: Predictions = {
    classes: ["a", "b"],
    cluster: [Int32Array.of(0, 0, 1, 1), Int32Array.of(2, 3)],
    blocks: [
      block("original", -1, [0, 0, 0, 1], [1, 1]),
      block("same", -1, [0, 0, 0, 0], [1, 0]),
      block("different", 0, [1, 1, 1, 1], [1, 0]),
      block("different", 1, [0, 1, 1, 0], [1, 1]),
    ],
  };
  const found = transferEstimates(of, grouping, { perClass: true });
  expect(value(found, "transfer/original")).toBe((3 / 4 + 1) / 2);
  expect(value(found, "transfer/same")).toBe((1 + 1 / 2) / 2);
  expect(value(found, "transfer/different")).toBe((2 / 4 + 1 / 2) / 2);
  expect(value(found, "capture/different")).toBe((2 / 4 + 1 / 2) / 2);
  expect(value(found, "capture-base/different")).toBe((0 + 1 / 2) / 2);
  expect(value(found, "capture-effect/different")).toBe((2 / 4 + 0) / 2);
  expect(value(found, "capture-effect/different", "a")).toBe(2 / 4);
  expect(found.every((s) => s.low === null && /judged differently/.test(s.refused!))).toBe(true);
});

/** Random predictions of three classes on all backgrounds; donors are of the background's class. */
function drawn(seed: number, settings: readonly Setting[]): Predictions {
  const random = mulberry32(seed);
  const cluster = [0, 1, 2].map((c) => Int32Array.from({ length: 24 }, (_, i) => 6 * c + (i % 6)));
  const block = (setting: Setting, background: number): PredictedBlock => ({
    setting,
    background,
    donor: cluster.map((own, c) =>
      setting === "original"
        ? null
        : own.map(() => cluster[background < 0 ? c : background][Math.floor(24 * random())]),
    ),
    cells: cluster.map((own) => called(Array.from(own, (f) => Math.floor(3 * random() ** (1 + (f % 3)))))),
  });
  return {
    classes: ["a", "b", "c"],
    cluster,
    blocks: settings.flatMap((s) =>
      s === "cell-free" || s === "different" ? [0, 1, 2].map((g) => block(s, g)) : [block(s, -1)],
    ),
  };
}

/** The same numbers as judgments of pairs: one partner each, the class that is neither own nor the background's. */
function asJudgments({ classes, cluster, blocks }: Predictions, hit: "own" | "background"): Judgments {
  return {
    classes,
    cluster,
    blocks: blocks.map(({ setting, background, donor, cells }) => ({
      setting,
      background,
      donor,
      right: cells.map((of, a) => {
        const partner = [0, 1, 2].find((b) => b !== a && b !== background);
        const wanted = hit === "own" ? a : background;
        return of === null || partner === undefined
          ? new Map()
          : new Map([[partner, Uint8Array.from(of.predicted, (p) => (p === wanted ? 1 : 0))]]);
      }),
    })),
  };
}

test("sums over clusters are those of the pair judgments", () => {
  const of = drawn(5, ["original", "cell-free", "different"]);
  const found = transferEstimates(of, grouping);
  const terms = (hit: "own" | "background", ...settings: Setting[]) => {
    const judgments = asJudgments(of, hit);
    return settings.map((setting, i) => ({ of: judgments, setting, weight: i === 0 ? 1 : -1 }));
  };
  const close = (id: string, of: Term[]) => {
    const own = found.find((s) => s.statement === id)!;
    const expected = estimate(of, grouping);
    expect(own.estimate, id).toBeCloseTo(expected.estimate, 12);
    expect(own.df!, id).toBeCloseTo(expected.df!, 9);
    const factor = transferDependence(grouping) / dependence(of, grouping);
    expect(own.se!, id).toBeCloseTo(Math.sqrt(factor) * expected.se!, 12);
    const half = studentQuantile(0.975, own.df!) * own.se!;
    expect(own.high! - own.estimate, id).toBeCloseTo(half, 12);
  };
  close("transfer/original", terms("own", "original"));
  close("transfer/different", terms("own", "different"));
  close("capture/cell-free", terms("background", "cell-free"));
  close("capture-neighbor", terms("background", "different", "cell-free"));
});

test("differences of two encoders are sums over clusters of paired judgments, as those of pair probes are", () => {
  const settings = ["original", "cell-free", "different"] as const;
  const contestants = [5, 6, 7].map((seed) => ({ encoder: `${seed}`, predictions: drawn(seed, settings) }));
  // Encoders see the same composites: donors are those of the first.
  const paired = contestants.map(({ encoder, predictions }) => ({
    encoder,
    predictions: {
      ...predictions,
      blocks: predictions.blocks.map((b, i) => ({ ...b, donor: contestants[0].predictions.blocks[i].donor })),
    },
  }));
  const statements = transferStatements(paired[0].predictions);
  const statement = (id: string) => statements.find((s) => s.id === id)!;
  for (const [id, hit, ...of] of [
    ["transfer/original", "own", "original"],
    ["transfer/different", "own", "different"],
    ["capture/different", "background", "different"],
    ["capture-neighbor", "background", "different", "cell-free"],
  ] as [string, "own" | "background", ...Setting[]][]) {
    const judged = paired.map(({ predictions }) => asJudgments(predictions, hit));
    const terms = ([2, 0] as const).flatMap((e, side) =>
      of.map((setting, i) => ({ of: judged[e], setting, weight: (side === 0) === (i === 0) ? 1 : -1 })),
    );
    for (const only of [undefined, 1]) {
      const [found] = transferDifferences(statement(id), paired, grouping, { pairs: [[2, 0]], only });
      const expected = estimate(terms, grouping, only === undefined ? {} : { only });
      expect(found).toMatchObject({ first: "7", second: "5", adjustment: "none" });
      expect(found.estimate, id).toBeCloseTo(expected.estimate, 12);
      expect(found.df!, id).toBeCloseTo(expected.df!, 9);
      const factor = transferDependence(grouping) / dependence(terms, grouping, only !== undefined);
      expect(found.se!, id).toBeCloseTo(Math.sqrt(factor) * expected.se!, 12);
    }
    const all = transferDifferences(statement(id), paired, grouping);
    expect(all.map((d) => `${d.first} ${d.second} ${d.adjustment}`)).toEqual([
      "5 6 bonferroni",
      "5 7 bonferroni",
      "6 7 bonferroni",
    ]);
    const half = studentQuantile(1 - 0.025 / 3, all[1].df!) * all[1].se!;
    expect(all[1].high! - all[1].estimate, id).toBeCloseTo(half, 12);
  }
});

test("the base of a capture rate is `same`, or `cell-free` where there is none", () => {
  const bases = (settings: readonly Setting[]) =>
    Object.fromEntries(
      transferStatements(drawn(1, settings)).flatMap((s) => (s.base === null ? [] : [[s.id, s.base]])),
    );
  expect(bases(["original", "same", "cell-free", "different"])).toEqual({
    "capture-base/cell-free": "same",
    "capture-effect/cell-free": "same",
    "capture-base/different": "same",
    "capture-effect/different": "same",
    "capture-neighbor": "cell-free",
  });
  expect(bases(["original", "cell-free", "different"])).toEqual({
    "capture-base/different": "cell-free",
    "capture-effect/different": "cell-free",
    "capture-neighbor": "cell-free",
  });
  expect(bases(["original", "different"])).toEqual({});
});

test("what cannot be said has no interval and a reason", () => {
  const of = drawn(2, ["original", "same", "different"]);
  const few = transferEstimates(of, {
    ...grouping,
    fewest: 4,
    count: 4,
    reach: "without-same",
    notes: ["one field a class"],
  });
  const reason = (id: string) => few.find((s) => s.statement === id)!.refused;
  expect(reason("transfer/original")).toBeUndefined();
  expect(reason("transfer/same")).toMatch(/too few for same/);
  expect(reason("capture-effect/different")).toMatch(/too few for same/);
  for (const s of transferEstimates(of, {
    count: 2,
    unit: "field",
    fewest: 2,
    reach: "averages",
    notes: ["one field a class"],
  }))
    expect(s).toMatchObject({
      low: null,
      refused: expect.stringMatching(/two fields a class|too few for same/),
    });
});

test("every composite is judged by the probe that was trained without its group", () => {
  const random = mulberry32(8);
  const group = [Int32Array.of(0, 1, 0, 1, 2, 2, 0, 1), Int32Array.of(2, 1, 0, 0, 1, 2)];
  const features = (shift: number) =>
    group.map((g, c) => Float32Array.from({ length: 2 * g.length }, () => random() + 0.4 * c + shift));
  const [original, swapped] = [features(0), features(0.3)];
  const steps = predictHeldOut({
    classes: ["a", "b"],
    group,
    cluster: group,
    count: 3,
    dimension: 2,
    blocks: [
      { setting: "original", background: -1, donor: [null, null] },
      { setting: "different", background: 1, donor: [null, null] },
    ],
    has: (block, own) => block.background !== own,
    read: (block, own, rows, out) => {
      const from = (block.setting === "original" ? original : swapped)[own];
      rows.forEach((row, i) => {
        out.set(from.subarray(2 * row, 2 * row + 2), 2 * i);
      });
    },
  });
  const done: number[] = [];
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) done.push(step.value);
  const { blocks } = step.value;
  // After every fit, then after every block.
  expect(done).toEqual([1, 2, 3, 3, 3]);
  expect(blocks[1].cells[1]).toBeNull();
  for (const k of [0, 1, 2]) {
    const training = group.map((g, c) => [...g.keys()].filter((i) => g[i] !== k).map((i) => [c, i]));
    const model = fitLogistic(
      Float32Array.from(training.flat().flatMap(([c, i]) => [original[c][2 * i], original[c][2 * i + 1]])),
      training.flat().map(([c]) => c),
      2,
      2,
      { standardize: true, balanced: true },
    );
    for (const { background, cells } of blocks)
      cells.forEach((of, own) => {
        if (of === null) return;
        const x = (background < 0 ? original : swapped)[own];
        const p = predictProbabilities(model, x);
        const found = predictClasses(model, x);
        for (const i of group[own].keys()) {
          if (group[own][i] !== k) continue;
          expect(of.predicted[i]).toBe(found[i]);
          expect(of.probability[i]).toBeCloseTo(p[2 * i + found[i]], 6);
          expect(of.own[i]).toBeCloseTo(p[2 * i + own], 6);
          expect(of.margin[i]).toBeCloseTo(Math.log(p[2 * i + own] / p[2 * i + 1 - own]), 5);
          if (background < 0) expect(of.lent).toBeNull();
          else expect(of.lent![i]).toBeCloseTo(p[2 * i + background], 6);
        }
      });
  }
});

describe.skipIf(!hasReference)("transfer of the reference run", () => {
  for (const name of ["deeploc", "pifia"])
    test(name, () => {
      const data = referenceFeatures(name);
      const rows = [...data.label.keys()].filter((r) => data.usable[r]);
      const train = rows.filter((r) => data.field[r] !== 4);
      const held = rows.filter((r) => data.field[r] === 4);
      const table = readCsv(resolve(reference, "results/transfer5.csv"));
      const at = table.get("model")!.indexOf(name);
      const printed = (column: string) => Number(table.get(column)![at]);
      for (const [setting, prefix] of [
        ["original", "lr5"],
        ["masked", "maskLR"],
      ]) {
        const model = fitLogistic(
          data.pick(setting, null, train),
          train.map((r) => data.label[r]),
          data.dimension,
          5,
          { balanced: true, standardize: true },
        );
        expect(model.converged).toBe(true);
        const rowsOf = PROTEINS.map((_, c) => held.filter((r) => data.label[r] === c));
        const block = (
          name: Setting,
          background: number,
          features: (rows: number[], own: number) => Float32Array,
        ): PredictedBlock => ({
          setting: name,
          background,
          donor: PROTEINS.map(() => null),
          cells: rowsOf.map((rows, own) => {
            const cells = emptyCalls(rows.length, background >= 0);
            predictCells(model, features(rows, own), own, background, cells, [...rows.keys()]);
            return cells;
          }),
        });
        const blocks = [
          block("original", -1, (rows) => data.pick("original", null, rows)),
          block("masked", -1, (rows) => data.pick("masked", null, rows)),
          block("same", -1, (rows, own) => data.pick("inpaint", PROTEINS[own], rows)),
          ...PROTEINS.map((protein, g) =>
            block("different", g, (rows) => data.pick("inpaint", protein, rows)),
          ),
        ];
        const cluster = rowsOf.map((rows) => Int32Array.from(rows, () => 0));
        const stated = transferEstimates(
          { classes: PROTEINS, cluster, blocks },
          { count: 5, unit: "field", fewest: 1, reach: "none", notes: ["one field a class"] },
        );
        // scikit-learn stops at a gradient of 1e-4: a cell near the border may fall on the other side.
        const close = (id: string, column: string) =>
          expect(Math.abs(value(stated, id)! - printed(column)), column).toBeLessThan(0.004);
        if (prefix === "lr5") {
          close("transfer/original", "lr5_original");
          close("transfer/masked", "lr5_masked");
        } else close("transfer/masked", "lr5_maskedLR_on_masked");
        close("transfer/same", `${prefix}_same_inpaint`);
        close("transfer/different", `${prefix}_diff_inpaint`);
        close("capture/different", `${prefix}_capture_inpaint`);
        close("capture-base/different", `${prefix}_capture_base_inpaint`);
      }
    });
});
