import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { DataError } from "../../src/errors.ts";
import {
  countedFolds,
  crossValidatePair,
  crossValidatePlain,
  type PairFit,
} from "../../src/evaluate/crossvalidate.ts";
import {
  groupSplit,
  heldOutSplit,
  leaveOneClusterOut,
  type Split,
  stratifiedSplit,
} from "../../src/evaluate/split.ts";
import { folded, pairCases } from "./fixtures.ts";

const solvers = { "interior point": crossValidatePair, "plain SMO": crossValidatePlain };

for (const [name, crossValidate] of Object.entries(solvers))
  describe(`converged scikit-learn SVC, ${name}`, () => {
    for (const c of pairCases())
      test(c.name, () => {
        const fit = crossValidate(c.a, c.b, c.dimension, folded(c.a, c.b, c.dimension));
        fit.folds.forEach((accuracy, k) => {
          const size = (c.first + c.second) / 5;
          expect(Math.abs(accuracy - c.accuracy[k])).toBeLessThanOrEqual(1 / size + 1e-9);
          expect(Math.abs(fit.objectives[k] - c.objective[k])).toBeLessThanOrEqual(1e-4 * c.objective[k]);
        });
        expect(fit.gap).toBeLessThanOrEqual(1e-6);
        const wrong = [...c.predicted].filter(
          (p, row) => (fit.correct[row] === 1) !== (p === (row < c.first ? "0" : "1")),
        );
        expect(wrong.length).toBeLessThanOrEqual(fit.folds.length);
      });
  });

test("what never varies, is repeated or is separable ends in the right solver's optimum", () => {
  const random = mulberry32(77);
  const draw = (rows: number, d: number, make: (j: number) => number) =>
    Float32Array.from({ length: rows * d }, (_, i) => make(i % d));
  for (const [rows, d, make] of [
    [30, 12, (j: number) => (j < 6 ? 5 : normal(random))],
    [25, 5, (j: number) => normal(random) * 10 ** (j - 3)],
    [12, 20, () => Math.round(random())],
    [40, 3, () => normal(random) * 1e-4],
    [20, 2, () => 1e6 + normal(random)],
  ] as const) {
    const a = draw(rows, d, make);
    const b = draw(rows + 3, d, make);
    const fast = crossValidatePair(a, b, d, folded(a, b, d));
    const plain = crossValidatePlain(a, b, d, folded(a, b, d));
    expect(fast.gap).toBeLessThanOrEqual(1e-6);
    expect(plain.gap).toBeLessThanOrEqual(1e-6);
    fast.objectives.forEach((value, k) => {
      expect(Math.abs(value - plain.objectives[k])).toBeLessThanOrEqual(2e-6 * (1 + value));
    });
    expect(fast.correct.filter((c, r) => c !== plain.correct[r]).length).toBeLessThanOrEqual(1);
  }
});

test("badly scaled features: proven optimal, or refused in one line", () => {
  const random = mulberry32(5);
  const draw = (rows: number, d: number, make: (j: number) => number) =>
    Float32Array.from({ length: rows * d }, (_, i) => make(i % d));
  for (const make of [
    (j: number) => (j === 0 ? 1e5 : 1) * random(),
    (j: number) => 10 ** (j - 4) * normal(random),
    () => 1e4 * random(),
    () => 1e-12 * random(),
    () => 1e4 + random(),
  ]) {
    const [a, b] = [draw(60, 9, make), draw(55, 9, make)];
    const fit = crossValidatePair(a, b, 9, folded(a, b, 9));
    expect(fit.gap).toBeLessThanOrEqual(1e-6);
    expect(fit.solvers).not.toContain("smo");
  }
  const wide = (j: number) => (j === 0 ? 1e15 : 1) * random();
  const splits = stratifiedSplit([20, 20], 5);
  expect(() => crossValidatePair(draw(20, 3, wide), draw(20, 3, wide), 3, splits, ["ER", "Golgi"])).toThrow(
    /classes ER and Golgi can be proven optimal.*one scale/,
  );
});

test("features that are no numbers are refused with cell and class", () => {
  const a = new Float32Array(30).map((_, i) => i);
  const b = a.slice();
  b[14] = Number.POSITIVE_INFINITY;
  expect(() => crossValidatePair(a, b, 3, folded(a, b, 3), ["Nucleus", "Golgi"])).toThrow(
    new DataError("feature 2 of cell 4 of class Golgi is Infinity; encode that cell again or leave it out"),
  );
  expect(() => crossValidatePair(a, b.subarray(1), 3, folded(a, b, 3))).toThrow(RangeError);
});

test("drawn pairs of all shapes and scales are proven optimal, few of them by the plain solver", () => {
  let plain = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = mulberry32(seed);
    const d = Math.floor(1 + random() ** 2 * 200);
    const sizes = [0, 1].map(() => Math.floor(5 + random() ** 2 * 250));
    const shift = (random() * 6) / Math.sqrt(d);
    const scale = 10 ** (random() * 6 - 3);
    const offset = random() < 0.3 ? 10 ** (random() * 5) : 0;
    const [relu, repeated, wide] = [random() < 0.5, random() < 0.2, random() < 0.3];
    const rank = random() < 0.3 ? Math.max(1, Math.floor(d * random())) : d;
    const mix = Float64Array.from({ length: d * rank }, () => normal(random) / Math.sqrt(rank));
    const width = Float64Array.from({ length: d }, () => (wide ? Math.exp(1.5 * normal(random)) : 1));
    const [a, b] = sizes.map((rows, c) => {
      const out = new Float32Array(rows * d);
      for (let r = 0; r < rows; r++) {
        if (repeated && r > 0 && random() < 0.5) {
          out.copyWithin(r * d, (r - 1) * d, r * d);
          continue;
        }
        const hidden = Float64Array.from({ length: rank }, () => normal(random) + (c === 0 ? shift : -shift));
        for (let k = 0; k < d; k++) {
          let sum = 0.3;
          for (let j = 0; j < rank; j++) sum += hidden[j] * mix[k * rank + j];
          out[r * d + k] = (relu ? Math.max(0, sum) : sum) * width[k] * scale + offset;
        }
      }
      return out;
    });
    const fit = crossValidatePair(a, b, d, folded(a, b, d));
    expect(fit.gap, `seed ${seed}`).toBeLessThanOrEqual(1e-6);
    if (fit.solvers.includes("smo")) plain++;
    if (sizes[0] + sizes[1] > 60 || scale > 10) continue;
    crossValidatePlain(a, b, d, folded(a, b, d)).objectives.forEach((value, k) => {
      expect(Math.abs(value - fit.objectives[k]), `seed ${seed}`).toBeLessThanOrEqual(2e-6 * (1 + value));
    });
  }
  expect(plain).toBeLessThanOrEqual(1);
});

describe("splits other than stratified folds: the plain solver's machines and predictions, row for row", () => {
  const random = mulberry32(11);
  // Large enough that folds which share their training rows share sums too.
  const dimension = 70;
  const sizes = [520, 480] as const;
  const [a, b] = sizes.map((rows, c) =>
    Float32Array.from(
      { length: rows * dimension },
      (_, i) => normal(random) + (i % dimension === c ? 1.2 : 0),
    ),
  );
  const fields = sizes.map((rows, c) => Array.from({ length: rows }, (_, r) => `${c} ${r % 3}`));
  const [held] = heldOutSplit([fields[0]], [new Set(["0 2"])]);
  const [other] = heldOutSplit([fields[1]], [new Set(["1 0"])]);
  const every = leaveOneClusterOut(fields);
  const some: Split[] = every.map((split) => split.slice(0, 2));
  const thinned: Split[] = groupSplit(
    fields.map((list) => list.map((f) => Number(f.slice(2)))),
    3,
  ).map((split) => split.map(({ train, test }) => ({ train: train.filter((r) => r % 4 > 0), test })));
  const plainly = (splits: readonly Split[]) => () => crossValidatePlain(a, b, dimension, splits);
  let all: PairFit | undefined;
  // Folds know nothing of each other: the first of all are those of a part, for which the plain solver takes long.
  const first = () => (all ??= plainly(every)());
  for (const [name, splits, tested, plainFit] of [
    ["held out", [held, other], 173 + 160, plainly([held, other])],
    ["leave one out, tests of one class", every, 1000, first],
    ["not every row tested", some, 174 + 173, first],
    ["not every other row trained on", thinned, 1000, plainly(thinned)],
  ] as const)
    test(name, () => {
      const fast = crossValidatePair(a, b, dimension, splits);
      const plain = plainFit();
      expect(fast.folds).toHaveLength(splits[0].length);
      expect(fast.gap).toBeLessThanOrEqual(1e-6);
      fast.objectives.forEach((value, k) => {
        expect(Math.abs(value - plain.objectives[k])).toBeLessThanOrEqual(2e-6 * (1 + value));
      });
      const rows = splits.map((split) => new Set(split.flatMap(({ test }) => [...test])));
      expect(rows[0].size + rows[1].size).toBe(tested);
      const isTested = (r: number) => (r < sizes[0] ? rows[0].has(r) : rows[1].has(r - sizes[0]));
      const differing = fast.correct.filter((c, r) => isTested(r) && c !== plain.correct[r]);
      expect(differing.length).toBeLessThanOrEqual(1);
      fast.correct.forEach((c, r) => {
        if (!isTested(r)) expect(c).toBe(0);
      });
      const counted = countedFolds(fast.correct, splits, sizes);
      const right = splits[0].reduce(
        (sum, fold, k) => sum + counted[k] * (fold.test.length + splits[1][k].test.length),
        0,
      );
      expect(right).toBeCloseTo(
        fast.correct.reduce((x, y) => x + y, 0),
        6,
      );
      expect(fast.accuracy).toBeGreaterThan(0.6);
    });
});

test("classes of unequal size: chance is 0.5, as either class counts by half; of equal size, cells count", () => {
  const blind = (rows: number) => new Float32Array(rows * 3).fill(2);
  const unequal = stratifiedSplit([60, 10], 5);
  const nothing = crossValidatePair(blind(60), blind(10), 3, unequal);
  expect(nothing.folds).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
  const random = mulberry32(3);
  const [a, b] = [45, 12].map((rows, c) => Float32Array.from({ length: rows * 2 }, () => normal(random) + c));
  const splits = stratifiedSplit([45, 12], 5);
  const fit = crossValidatePair(a, b, 2, splits);
  const recall = (rows: Int32Array, from: number) =>
    rows.reduce((sum, r) => sum + fit.correct[from + r], 0) / rows.length;
  fit.folds.forEach((accuracy, k) => {
    expect(accuracy).toBeCloseTo((recall(splits[0][k].test, 0) + recall(splits[1][k].test, 45)) / 2, 12);
  });
  expect(fit.folds).not.toEqual(countedFolds(fit.correct, splits, [45, 12]));
  const even = stratifiedSplit([12, 12], 5);
  const same = crossValidatePair(a.subarray(0, 24), b, 2, even);
  expect(same.folds).toEqual(countedFolds(same.correct, even, [12, 12]));
});
