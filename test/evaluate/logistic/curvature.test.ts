import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../../src/core/rng.ts";
import { curvature } from "../../../src/evaluate/logistic/curvature.ts";
import { minimize } from "../../../src/evaluate/logistic/lbfgs.ts";
import { fitLogistic, predictProbabilities } from "../../../src/evaluate/logistic/logistic.ts";
import { loadRows, softmaxLoss } from "../../../src/evaluate/logistic/softmax.ts";

/** Rows whose features go together, as those of networks do. */
function drawn(rows: number, dimension: number, classes: number, seed = 1) {
  const random = mulberry32(seed);
  const mix = Float64Array.from({ length: dimension * dimension }, () => normal(random));
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  const features = new Float32Array(rows * dimension);
  for (let i = 0; i < rows; i++) {
    const own = Float64Array.from({ length: dimension }, (_, j) => normal(random) / (1 + j));
    own[labels[i] % dimension] += 0.5;
    for (let j = 0; j < dimension; j++)
      for (let k = 0; k < dimension; k++) features[i * dimension + j] += mix[j * dimension + k] * own[k];
  }
  return { features, labels };
}

function problem(rows: number, dimension: number, classes: number) {
  const { features, labels } = drawn(rows, dimension, classes);
  const { x } = loadRows(features, dimension);
  const scale = new Float64Array(dimension).fill(1);
  const weights = new Float64Array(rows).fill(1 / rows);
  const data = { rows, dimension, classes, x, scale, labels, weights };
  return { data, penalty: new Float64Array(dimension).fill(1 / rows) };
}

describe("of two classes it is the inverse Hessian", () => {
  for (const [what, rows, dimension] of [
    ["many rows", 60, 5],
    ["few rows for their features", 6, 30],
  ] as const)
    test(what, () => {
      const { data, penalty } = problem(rows, dimension, 2);
      const random = mulberry32(4);
      const width = dimension + 1;
      const draw = () => {
        const half = Float64Array.from({ length: width }, () => normal(random) / 10);
        return Float64Array.from([...half, ...half.map((v) => -v)]);
      };
      const [theta, v] = [draw(), draw()];
      const gradientAt = (step: number) => {
        const gradient = new Float64Array(2 * width);
        softmaxLoss(
          data,
          theta.map((t, i) => t + step * v[i]),
          penalty,
          gradient,
        );
        return gradient;
      };
      const [up, down] = [gradientAt(1e-4), gradientAt(-1e-4)];
      const turned = up.map((g, i) => (g - down[i]) / 2e-4);
      curvature(data, theta, penalty[0])!(turned);
      turned.forEach((t, i) => {
        expect(t).toBeCloseTo(v[i], 4);
      });
    });
});

test("more classes than have blocks of their own share one", () => {
  const { data } = problem(280, 3, 140);
  const random = mulberry32(5);
  const solve = curvature(data, new Float64Array(140 * 4), 0.01)!;
  const v = Float64Array.from({ length: 140 * 4 }, () => normal(random));
  const other = v.map(() => normal(random));
  const times = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const [of, ofOther] = [v.slice(), other.slice()];
  solve(of);
  solve(ofOther);
  expect(times(v, of)).toBeGreaterThan(0);
  expect(times(other, of) / times(v, ofOther)).toBeCloseTo(1, 6);
  const classes = drawn(280, 3, 140);
  expect(fitLogistic(classes.features, classes.labels, 3, 140, { standardize: true }).converged).toBe(true);
});

test("the fit is that of the optimizer without it, in a tenth of its iterations", () => {
  const [rows, dimension, classes] = [400, 24, 4];
  const { data, penalty } = problem(rows, dimension, classes);
  const theta = new Float64Array(classes * (dimension + 1));
  const naive = minimize((t, g) => softmaxLoss(data, t, penalty, g), theta, 1e-8, 20_000);
  expect(naive.converged).toBe(true);
  const { features, labels } = drawn(rows, dimension, classes);
  const model = fitLogistic(features, labels, dimension, classes);
  expect(model.converged).toBe(true);
  expect(model.iterations * 10).toBeLessThan(naive.iterations);
  for (let k = 0; k < classes; k++)
    for (let j = 0; j < dimension; j++)
      expect(model.theta[k * (dimension + 1) + j]).toBeCloseTo(theta[k * (dimension + 1) + j], 4);
});

test("more features than there is room for go without", () => {
  const { features, labels } = drawn(12, 8, 2);
  const wide = new Float32Array(12 * 5000);
  for (let i = 0; i < 12; i++) wide.set(features.subarray(8 * i, 8 * i + 8), 5000 * i);
  expect(fitLogistic(wide, labels, 5000, 2, { standardize: true }).converged).toBe(true);
  const { x } = loadRows(wide, 5000);
  const weights = new Float64Array(12).fill(1 / 12);
  const data = {
    rows: 12,
    dimension: 5000,
    classes: 2,
    x,
    scale: new Float64Array(5000).fill(1),
    labels,
    weights,
  };
  expect(curvature(data, new Float64Array(2 * 5001), 0.1)).toBeNull();
});

describe("it converges on", () => {
  for (const [what, change] of [
    ["features of 10^-6", (v: number) => 1e-6 * v],
    ["features of 10^6, far from 0", (v: number) => 1e6 * v + 1e7],
    ["features of every size", (v: number, j: number) => v * 10 ** (j - 6)],
    ["constant and dead features", (v: number, j: number) => (j < 4 ? 3 : j < 8 ? Math.max(0, v - 9) : v)],
    ["copies of features", (v: number) => v],
  ] as const)
    test(what, () => {
      const [rows, dimension, classes] = [90, 12, 3];
      const { features, labels } = drawn(rows, dimension, classes, 7);
      const x = features.map((v, at) => change(v, at % dimension));
      if (what.startsWith("copies"))
        for (let i = 0; i < rows; i++) x.copyWithin(i * dimension + 6, i * dimension, i * dimension + 6);
      const model = fitLogistic(x, labels, dimension, classes, { standardize: true });
      expect(model.converged).toBe(true);
      expect(model.iterations).toBeLessThan(100);
      expect(predictProbabilities(model, x).every(Number.isFinite)).toBe(true);
    });
});
