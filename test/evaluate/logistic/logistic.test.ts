import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../../src/core/rng.ts";
import {
  fitLogistic,
  predictClasses,
  predictProbabilities,
} from "../../../src/evaluate/logistic/logistic.ts";
import { loadRows, softmaxLoss } from "../../../src/evaluate/logistic/softmax.ts";
import { fixture, floats } from "../fixtures.ts";

interface LogisticCase {
  name: string;
  sizes: number[];
  dimension: number;
  features: string;
  c: number | null;
  balanced: boolean;
  standardize: boolean;
  probability: number[][];
  predicted: number[];
}

describe("scikit-learn's LogisticRegression", () => {
  for (const c of fixture<LogisticCase[]>("logistic.json"))
    test(c.name, () => {
      const x = floats(c.features);
      const y = c.sizes.flatMap((n, k) => new Array<number>(n).fill(k));
      const { balanced, standardize } = c;
      const model = fitLogistic(x, y, c.dimension, c.sizes.length, {
        c: c.c ?? Infinity,
        balanced,
        standardize,
      });
      expect(model.converged).toBe(true);
      const p = predictProbabilities(model, x);
      const found = c.probability.map((row, r) => row.map((_, k) => p[r * 5 * row.length + k]));
      const off = found.flat().map((value, i) => Math.abs(value - c.probability.flat()[i]));
      expect(Math.max(...off)).toBeLessThan(2e-6);
      expect([...predictClasses(model, x)]).toEqual(c.predicted);
    });
});

function drawn(sizes: number[], dimension: number, shift: number) {
  const random = mulberry32(9);
  const labels = sizes.flatMap((n, k) => new Array<number>(n).fill(k));
  const features = Float32Array.from(
    { length: labels.length * dimension },
    (_, i) => normal(random) + (i % dimension === labels[Math.floor(i / dimension)] ? shift : 0),
  );
  return { features, labels };
}

test("the gradient is that of the loss", () => {
  const { features, labels } = drawn([7, 9, 5], 4, 1);
  const random = mulberry32(3);
  const data = {
    rows: 21,
    dimension: 4,
    classes: 3,
    x: loadRows(features, 4).x,
    scale: Float64Array.from([1, 2, 0.5, 3]),
    labels,
    weights: Float64Array.from({ length: 21 }, () => random() / 10),
  };
  const penalty = Float64Array.from([0.1, 0.2, 0, 0.4]);
  const theta = Float64Array.from({ length: 15 }, () => normal(random));
  const gradient = new Float64Array(15);
  const none = new Float64Array(15);
  softmaxLoss(data, theta, penalty, gradient);
  for (let t = 0; t < 15; t++) {
    const up = theta.slice();
    const down = theta.slice();
    up[t] += 1e-5;
    down[t] -= 1e-5;
    const slope = (softmaxLoss(data, up, penalty, none) - softmaxLoss(data, down, penalty, none)) / 2e-5;
    expect(slope).toBeCloseTo(gradient[t], 8);
  }
});

test("separable classes without a penalty have no optimum, and the model says so or is sure of every row", () => {
  const { features, labels } = drawn([20, 20], 2, 30);
  const model = fitLogistic(features, labels, 2, 2, { c: Infinity });
  expect([...predictClasses(model, features)]).toEqual(labels);
  expect(model.theta.every(Number.isFinite)).toBe(true);
});

test("the published optimizer is seeded and learns", () => {
  const { features, labels } = drawn([900, 900, 900], 6, 4);
  const options = { optimizer: "published", seed: 5 } as const;
  const model = fitLogistic(features, labels, 6, 3, options);
  expect(model.theta).toEqual(fitLogistic(features, labels, 6, 3, options).theta);
  expect(model.theta).not.toEqual(fitLogistic(features, labels, 6, 3, { ...options, seed: 6 }).theta);
  expect(model.converged).toBe(false);
  const right = predictClasses(model, features).filter((k, i) => k === labels[i]).length;
  expect(right / labels.length).toBeGreaterThan(0.4);
  const best = predictClasses(fitLogistic(features, labels, 6, 3), features);
  expect(best.filter((k, i) => k === labels[i]).length).toBeGreaterThan(right);
});

test("groups of rows that weigh the same, whatever their size", () => {
  const { features, labels } = drawn([8, 6], 3, 1);
  // The last two rows of each class, four times.
  const repeated = [0, 1, 2, 3, 4, 5, 6, 7, 6, 7, 6, 7, 6, 7, 8, 9, 10, 11, 12, 13, 12, 13, 12, 13, 12, 13];
  const few = (row: number) => (labels[row] === 0 ? (row < 6 ? 0 : 1) : row < 12 ? 2 : 3);
  const long = Float32Array.from(repeated.flatMap((row) => [...features.subarray(3 * row, 3 * row + 3)]));
  // No penalty, which would see the number of rows.
  const fit = (x: Float32Array, rows: number[]) =>
    fitLogistic(
      x,
      rows.map((r) => labels[r]),
      3,
      2,
      { c: 1e9, groups: rows.map(few) },
    );
  const [a, b] = [fit(features, [...labels.keys()]), fit(long, repeated)];
  a.theta.forEach((v, i) => {
    expect(b.theta[i] / v).toBeCloseTo(1, 3);
  });
  expect(() => fitLogistic(features, labels, 3, 2, { groups: [1] })).toThrow("1 groups for 14 rows");
});

test("an empty class, one class and a C of zero are refused", () => {
  const { features, labels } = drawn([5, 5], 3, 1);
  expect(() => fitLogistic(features, labels, 3, 3)).toThrow(/class number 3 has no cells/);
  expect(() => fitLogistic(features, new Uint8Array(10), 3, 1)).toThrow(/at least two classes/);
  expect(() => fitLogistic(features, labels, 3, 2, { c: 0 })).toThrow(/C is 0/);
  features[4] = Number.NaN;
  expect(() => fitLogistic(features, labels, 3, 2)).toThrow(/feature 1 of cell 1 of the training set is NaN/);
});

test("more features than rows: the optimum of the features themselves, by the gradient there", () => {
  for (const { standardize, balanced, c } of [
    { standardize: true, balanced: true, c: 1 },
    { standardize: false, balanced: false, c: 0.01 },
  ]) {
    const [rows, d, classes] = [60, 500, 3];
    const random = mulberry32(4);
    const labels = Array.from({ length: rows }, (_, i) => (i < 30 ? 0 : i < 50 ? 1 : 2));
    const features = Float32Array.from({ length: rows * d }, (_, i) => {
      const j = i % d;
      return 5 + (1 + (j % 7)) * (normal(random) + (j % 3 === labels[Math.floor(i / d)] ? 0.2 : 0));
    });
    const model = fitLogistic(features, labels, d, classes, { standardize, balanced, c });
    expect(model.converged).toBe(true);
    const p = predictProbabilities(model, features);
    const sizes = [30, 20, 10];
    const scale = Array.from({ length: d }, (_, j) => {
      const own = labels.map((_, r) => features[r * d + j]);
      const mean = own.reduce((a, b) => a + b) / rows;
      return standardize ? Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / rows) : 1;
    });
    let worst = 0;
    for (let k = 0; k < classes; k++)
      for (let j = 0; j < d; j++) {
        // Of the mean loss, on standardized features: those of the penalty and of the rows.
        let slope = (model.theta[k * (d + 1) + j] * scale[j]) / (c * rows);
        for (let r = 0; r < rows; r++) {
          const weight = balanced ? 1 / (classes * sizes[labels[r]]) : 1 / rows;
          slope +=
            (weight * (p[r * classes + k] - (labels[r] === k ? 1 : 0)) * (features[r * d + j] - 5)) /
            scale[j];
        }
        worst = Math.max(worst, Math.abs(slope));
      }
    expect(worst).toBeLessThan(1e-5);
  }
});
