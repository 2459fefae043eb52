/** Rows that a softmax regression is fitted to: standardized inside, so that the optimizer sees one scale. */
export interface SoftmaxData {
  readonly rows: number;
  readonly dimension: number;
  readonly classes: number;
  /** Standardized features, rows x dimension. */
  readonly z: Float64Array;
  /** Class of every row. */
  readonly labels: ArrayLike<number>;
  /** Weight of every row; their sum is 1. */
  readonly weights: Float64Array;
}

/**
 * Weighted mean cross-entropy plus a penalty, and its gradient.
 *
 * @param theta classes x (dimension + 1): weights, then intercept, of every class
 * @param penalty per feature: half of it times the squared weight is added (the intercepts are free)
 * @param gradient is overwritten; as `theta`
 */
export function softmaxLoss(
  data: SoftmaxData,
  theta: Float64Array,
  penalty: Float64Array,
  gradient: Float64Array,
): number {
  const { rows, dimension: d, classes, z, labels, weights } = data;
  const width = d + 1;
  const p = new Float64Array(classes);
  gradient.fill(0);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const at = i * d;
    for (let k = 0, t = 0; k < classes; k++, t += width) {
      let sum = theta[t + d];
      for (let j = 0; j < d; j++) sum += theta[t + j] * z[at + j];
      p[k] = sum;
    }
    loss -= weights[i] * p[labels[i]];
    loss += weights[i] * softmax(p, 0, classes);
    for (let k = 0, t = 0; k < classes; k++, t += width) {
      const r = weights[i] * (p[k] - (labels[i] === k ? 1 : 0));
      for (let j = 0; j < d; j++) gradient[t + j] += r * z[at + j];
      gradient[t + d] += r;
    }
  }
  for (let k = 0; k < classes; k++)
    for (let j = 0, t = k * width; j < d; j++, t++) {
      loss += (penalty[j] * theta[t] * theta[t]) / 2;
      gradient[t] += penalty[j] * theta[t];
    }
  return loss;
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
