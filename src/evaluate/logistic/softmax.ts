import { Kernels } from "../svm/kernels.ts";
import type { RowView } from "../svm/row-view.ts";

/** Rows that a softmax regression is fitted to: standardized inside, so that the optimizer sees one scale. */
export interface SoftmaxData {
  readonly rows: number;
  readonly dimension: number;
  readonly classes: number;
  /** The rows, centered. */
  readonly x: RowView;
  /** What every feature is divided by. */
  readonly scale: Float64Array;
  /** Class of every row. */
  readonly labels: ArrayLike<number>;
  /** Weight of every row; their sum is 1. */
  readonly weights: Float64Array;
}

/** Puts rows into the kernels' memory, centered on their mean, which is returned too. */
export function loadRows(features: Float32Array, dimension: number): { x: RowView; center: Float64Array } {
  const rows = features.length / dimension;
  const kernels = new Kernels(rows, dimension);
  kernels.load(features, 0);
  const center = kernels.center(rows);
  return { x: kernels.view(Int32Array.from({ length: rows }, (_, r) => r)), center };
}

/**
 * Weighted mean cross-entropy plus a penalty, and its gradient.
 *
 * @param theta classes x (dimension + 1): weights on standardized features, then intercept, of every class
 * @param penalty per feature: half of it times the squared weight is added (the intercepts are free)
 * @param gradient is overwritten; as `theta`
 */
export function softmaxLoss(
  data: SoftmaxData,
  theta: Float64Array,
  penalty: Float64Array,
  gradient: Float64Array,
): number {
  const { rows, dimension: d, classes, x, scale, labels, weights } = data;
  const width = d + 1;
  const p = softmaxScores(data, theta);
  const column = new Float64Array(rows);
  const w = new Float64Array(x.kernels.columns);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    loss -= weights[i] * p[i * classes + labels[i]];
    loss += weights[i] * softmax(p, i * classes, classes);
  }
  for (let k = 0, t = 0; k < classes; k++, t += width) {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      column[i] = weights[i] * (p[i * classes + k] - (labels[i] === k ? 1 : 0));
      sum += column[i];
    }
    x.combine(column, w);
    for (let j = 0; j < d; j++) gradient[t + j] = w[j] / scale[j];
    gradient[t + d] = sum;
  }
  for (let k = 0; k < classes; k++)
    for (let j = 0, t = k * width; j < d; j++, t++) {
      loss += (penalty[j] * theta[t] * theta[t]) / 2;
      gradient[t] += penalty[j] * theta[t];
    }
  return loss;
}

/** Logits of every row, rows x classes. */
export function softmaxScores(
  { rows, dimension: d, classes, x, scale }: SoftmaxData,
  theta: Float64Array,
): Float64Array {
  const p = new Float64Array(rows * classes);
  const column = new Float64Array(rows);
  const w = new Float64Array(x.kernels.columns);
  for (let k = 0, t = 0; k < classes; k++, t += d + 1) {
    for (let j = 0; j < d; j++) w[j] = theta[t + j] / scale[j];
    x.scores(w, column);
    for (let i = 0; i < rows; i++) p[i * classes + k] = column[i] + theta[t + d];
  }
  return p;
}

/** Turns `count` logits from `at` on into probabilities, in place; returns the logarithm of their exponentials' sum. */
export function softmax(values: Float64Array, at: number, count: number): number {
  let top = -Infinity;
  for (let k = at; k < at + count; k++) top = Math.max(top, values[k]);
  let sum = 0;
  for (let k = at; k < at + count; k++) sum += values[k] = Math.exp(values[k] - top);
  for (let k = at; k < at + count; k++) values[k] /= sum;
  return top + Math.log(sum);
}
