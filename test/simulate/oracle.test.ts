import { expect, test } from "vitest";
import { standardDeviation } from "../../src/core/statistics.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { BATCH_FEATURES, oracleFeatures } from "../../src/simulate/oracle.ts";
import { runsOf } from "../../src/swap/runs.ts";
import type { SwapPlan } from "../../src/types.ts";

const N = 400;
const truth = Array.from({ length: N }, (_, i) => (i % 2 === 0 ? "a" : i % 4 === 1 ? "b" : "c"));

/** All cells in one setting; donors of class `of` in turn. */
function plan(setting: Setting, of: string | null): SwapPlan {
  const donors = truth.flatMap((t, i) => (t === of ? [i] : []));
  const cell = Int32Array.from({ length: N }, (_, i) => i);
  return {
    seed: 1,
    count: N,
    classes: ["a", "b", "c"],
    cell,
    runs: runsOf(
      new Uint8Array(N).fill(SETTINGS.indexOf(setting)),
      new Int16Array(N).fill(of === null ? -1 : "abc".indexOf(of)),
    ),
    donor: cell.map((i) => (of === null ? -1 : donors[(i + 7) % donors.length])),
  };
}

test("with lambda 0 every setting reads the center cell only", () => {
  const options = { lambda: 0, noise: 0.5, seed: 3 };
  const original = oracleFeatures(plan("original", null), truth, options);
  expect([original.rows, original.dimension]).toEqual([N, 3]);
  for (const [setting, of] of [
    ["self", null],
    ["same", "a"],
    ["cell-free", "c"],
    ["different", "c"],
    ["masked", null],
  ] as const)
    expect(oracleFeatures(plan(setting, of), truth, options).data).toEqual(original.data);
  expect(oracleFeatures(plan("background-only", null), truth, options).data.every((v) => v === 0)).toBe(true);
});

test("with lambda the background's class appears at its dose, and goes where it is removed", () => {
  const options = { lambda: 0.6, noise: 0, seed: 3 };
  const swapped = oracleFeatures(plan("different", "c"), truth, options);
  expect([...swapped.data.slice(0, 6)].map((v) => Math.round(v * 100))).toEqual([100, 0, 60, 0, 100, 60]);
  const free = oracleFeatures(plan("cell-free", "c"), truth, options);
  expect([...free.data.slice(0, 6)]).toEqual([1, 0, 0, 0, 1, 0]);
  expect(() => oracleFeatures(plan("same", "a"), truth, { ...options, lambda: -1 })).toThrow(RangeError);
});

test("the medium comes with the background, neighbors or not, and goes with it; every composite differs by the jitter", () => {
  const options = { lambda: 0, medium: 0.5, noise: 0, seed: 3 };
  for (const setting of ["cell-free", "different"] as const)
    expect([...oracleFeatures(plan(setting, "c"), truth, options).data.slice(0, 3)]).toEqual([1, 0, 0.5]);
  expect([...oracleFeatures(plan("self", null), truth, options).data.slice(0, 3)]).toEqual([1.5, 0, 0]);
  expect([...oracleFeatures(plan("masked", null), truth, options).data.slice(0, 3)]).toEqual([1, 0, 0]);
  const { data } = oracleFeatures(plan("masked", null), truth, { ...options, jitter: 0.1 });
  const others = data.filter((_, i) => i % 3 !== "abc".indexOf(truth[Math.floor(i / 3)]));
  expect(Math.abs(standardDeviation([...others]) - 0.1)).toBeLessThan(0.01);
  expect(() => oracleFeatures(plan("masked", null), truth, { ...options, jitter: -1 })).toThrow(RangeError);
});

test("a paste is added where cells are pasted, and moves no class toward another", () => {
  const options = { lambda: 0, noise: 0, paste: 0.5, seed: 3 };
  expect([...oracleFeatures(plan("original", null), truth, options).data.slice(0, 3)]).toEqual([1, 0, 0]);
  for (const setting of ["self", "masked"] as const)
    expect([...oracleFeatures(plan(setting, null), truth, options).data.slice(0, 3)]).toEqual([
      1.5, 0.5, 0.5,
    ]);
  expect(oracleFeatures(plan("background-only", null), truth, options).data.every((v) => v === 0)).toBe(true);
});

test("a batch stands in features of its own, the same in all crops of it, and comes with the medium", () => {
  const batchOf = truth.map((_, i) => `plate${i % 2}`);
  const options = { lambda: 0, noise: 0, batch: 0.5, batchOf, seed: 3 };
  const { data, dimension } = oracleFeatures(plan("self", null), truth, options);
  expect(dimension).toBe(3 + BATCH_FEATURES);
  const of = (from: Float32Array, row: number) => [
    ...from.subarray(row * dimension + 3, (row + 1) * dimension),
  ];
  expect(of(data, 0)).toEqual(of(data, 2));
  expect(of(data, 0)).not.toEqual(of(data, 1));
  const lent = plan("cell-free", "c");
  const swapped = oracleFeatures(lent, truth, options).data;
  for (const row of [0, 1, 4]) expect(of(swapped, row)).toEqual(of(data, lent.donor[row] % 2));
  expect(of(oracleFeatures(plan("masked", null), truth, options).data, 0)).toEqual([0, 0, 0, 0]);
  expect(() => oracleFeatures(lent, truth, { lambda: 0, noise: 0, batch: 0.5, seed: 3 })).toThrow(/batchOf/);
});

test("accuracies are those of the formula", () => {
  const options = { lambda: 0.8, noise: 0.7, seed: 5 };
  const phi = (x: number) => {
    let sum = 0;
    for (let t = -8; t < x; t += 1e-3) sum += Math.exp((-t * t) / 2) * 1e-3;
    return sum / Math.sqrt(2 * Math.PI);
  };
  const big = 6000;
  const many = Array.from({ length: big }, (_, i) => (i % 2 === 0 ? "a" : "b"));
  const cell = Int32Array.from({ length: big }, (_, i) => i);
  const score = (setting: Setting, donor: Int32Array) => {
    const { data, dimension } = oracleFeatures(
      {
        ...plan("original", null),
        count: big,
        cell,
        runs: [{ setting: SETTINGS.indexOf(setting), background: -1, start: 0, end: big }],
        donor,
      },
      many,
      options,
    );
    let right = 0;
    for (let i = 0; i < big; i++)
      right += Number(data[i * dimension] > data[i * dimension + 1] === (many[i] === "a"));
    return right / big;
  };
  const s = Math.sqrt(1 + options.lambda ** 2);
  const unit = 1 / (Math.SQRT2 * options.noise);
  expect(Math.abs(score("original", cell) - phi(((1 + options.lambda) * unit) / s))).toBeLessThan(0.02);
  expect(Math.abs(score("masked", cell) - phi(unit))).toBeLessThan(0.02);
});

test("the dose of the neighbors is that of the crop that shows them", () => {
  const crowding = truth.map((_, i) => i % 4);
  const options = { lambda: 0.5, noise: 0, seed: 3, crowding };
  const imaged = oracleFeatures(plan("original", null), truth, options).data;
  const swapped = plan("different", "c");
  const { data } = oracleFeatures(swapped, truth, options);
  for (const cell of [0, 2]) {
    expect([...imaged.slice(3 * cell, 3 * cell + 3)]).toEqual([1 + 0.5 * crowding[cell], 0, 0]);
    expect([...data.slice(3 * cell, 3 * cell + 3)]).toEqual([1, 0, 0.5 * crowding[swapped.donor[cell]]]);
  }
});
