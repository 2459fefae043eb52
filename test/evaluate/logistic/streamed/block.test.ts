import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../../../src/core/rng.ts";
import { predictScores } from "../../../../src/evaluate/logistic/logistic.ts";
import {
  BlockKernels,
  blockBytes,
  spreadWeights,
  weightLayout,
} from "../../../../src/evaluate/logistic/streamed/block.ts";

/** Rows, classes and weights of a drawn softmax regression. */
function drawn(rows: number, dimension: number, classes: number) {
  const random = mulberry32(rows + 7 * dimension + 31 * classes);
  const numbers = (length: number) => Float64Array.from({ length }, () => normal(random));
  return {
    features: Float32Array.from({ length: rows * dimension }, () => 3 * normal(random) + 1),
    labels: Int32Array.from({ length: rows }, () => Math.floor(random() * classes)),
    weights: Float64Array.from({ length: rows }, () => random() / rows),
    center: numbers(dimension),
    scale: Float64Array.from({ length: dimension }, () => 0.5 + random()),
    theta: numbers(classes * (dimension + 1)),
  };
}

/** Loss and gradient (classes x (dimension + 1)) by the formula, number for number. */
function naive(of: ReturnType<typeof drawn>, dimension: number, classes: number) {
  const { features, labels, weights, center, scale, theta } = of;
  const gradient = new Float64Array(theta.length);
  const width = dimension + 1;
  let loss = 0;
  labels.forEach((label, i) => {
    const z = Array.from(center, (c, j) => (features[i * dimension + j] - c) / scale[j]);
    const scores = Array.from({ length: classes }, (_, k) =>
      z.reduce((sum, v, j) => sum + v * theta[k * width + j], theta[k * width + dimension]),
    );
    const top = Math.max(...scores);
    const sum = scores.reduce((s, v) => s + Math.exp(v - top), 0);
    loss += weights[i] * (top + Math.log(sum) - scores[label]);
    scores.forEach((v, k) => {
      const off = weights[i] * (Math.exp(v - top) / sum - (k === label ? 1 : 0));
      z.forEach((value, j) => {
        gradient[k * width + j] += off * value;
      });
      gradient[k * width + dimension] += off;
    });
  });
  return { loss, gradient };
}

describe("the kernels equal their naive twins", () => {
  for (const [rows, dimension, classes] of [
    [1, 1, 2],
    [7, 3, 5],
    [64, 8, 4],
    [130, 13, 101],
    [70, 300, 9],
  ])
    test(`${rows} rows, ${dimension} features, ${classes} classes`, () => {
      const of = drawn(rows, dimension, classes);
      const shape = { dimension, classes };
      const kernels = new BlockKernels(shape);
      kernels.setWeights(spreadWeights(of.theta, shape));
      kernels.standardize(of.center, of.scale);
      kernels.clear();
      const loss = kernels.add(of);
      const expected = naive(of, dimension, classes);
      expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-13);
      const twin = spreadWeights(expected.gradient, shape);
      kernels.gradient.forEach((g, i) => {
        expect(Math.abs(g - twin[i])).toBeLessThan(1e-12);
      });
      // Rows that come in two pieces are added up.
      kernels.clear();
      const cut = Math.floor(rows / 2);
      const pieces = [
        [0, cut],
        [cut, rows],
      ].map(([from, to]) => ({
        features: of.features.subarray(from * dimension, to * dimension),
        labels: of.labels.subarray(from, to),
        weights: of.weights.subarray(from, to),
      }));
      expect(kernels.add(pieces[0]) + kernels.add(pieces[1])).toBeCloseTo(loss, 12);
      kernels.gradient.forEach((g, i) => {
        expect(Math.abs(g - twin[i])).toBeLessThan(1e-12);
      });
    });
});

test("scores of raw features are those of predictScores to the bit", () => {
  for (const [rows, dimension, classes] of [
    [5, 3, 2],
    [150, 270, 37],
  ]) {
    const { features, theta } = drawn(rows, dimension, classes);
    const shape = { dimension, classes };
    const kernels = new BlockKernels(shape);
    kernels.setWeights(spreadWeights(theta, shape));
    kernels.standardize(new Float64Array(dimension), new Float64Array(dimension).fill(1));
    const found = new Float64Array(rows * classes);
    kernels.scores(features, (scores, row) => found.set(scores, row * classes));
    expect(found).toEqual(predictScores({ ...shape, theta }, features));
  }
});

test("classes that are out of reach have no probability, and huge scores no overflow", () => {
  const shape = { dimension: 1, classes: 3 };
  const kernels = new BlockKernels(shape);
  kernels.setWeights(spreadWeights(Float64Array.of(2000, 0, -2000, 0, 0, 1), shape));
  kernels.standardize(Float64Array.of(0), Float64Array.of(1));
  kernels.clear();
  const rows = { features: Float32Array.of(1), labels: Int32Array.of(1), weights: Float64Array.of(1) };
  expect(kernels.add(rows)).toBe(4000);
  const { columns, features } = weightLayout(shape);
  expect([...kernels.gradient.subarray(features * columns)]).toEqual([1, -1, 0, 0]);
});

test("the memory does not grow with the rows, and more than one can hold is refused", () => {
  expect(blockBytes({ dimension: 384, classes: 1500 })).toBeLessThan(11e6);
  expect(() => new BlockKernels({ dimension: 40_000, classes: 8000 })).toThrow(
    /8000 classes on 40000 features takes .* GB a thread/,
  );
});
