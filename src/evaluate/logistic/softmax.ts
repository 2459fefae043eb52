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

/** Features for which the kernels' memory has room for a curvature: 134 MB of it. */
const MOST_CURVED = 4096;

/** Puts rows into the kernels' memory, centered on their mean, which is returned too. */
export function loadRows(features: Float32Array, dimension: number): { x: RowView; center: Float64Array } {
  const rows = features.length / dimension;
  const kernels = new Kernels(rows, dimension, dimension > MOST_CURVED ? "none" : "features");
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
  const { dimension: d, classes, scale, weights } = data;
  const width = d + 1;
  const { chunks, p, top, sum, own } = roomFor(data);
  const w = new Float64Array(data.x.kernels.columns);
  gradient.fill(0);
  let loss = 0;
  let start = 0;
  for (const { x, labels } of chunks) {
    const n = labels.length;
    top.fill(-Infinity);
    for (let k = 0, t = 0; k < classes; k++, t += width) {
      for (let j = 0; j < d; j++) w[j] = theta[t + j] / scale[j];
      const logits = p.subarray(k * n, (k + 1) * n);
      x.scores(w, logits);
      for (let i = 0; i < n; i++) {
        logits[i] += theta[t + d];
        if (logits[i] > top[i]) top[i] = logits[i];
      }
    }
    for (let i = 0; i < n; i++) own[i] = p[labels[i] * n + i];
    sum.fill(0);
    for (let k = 0; k < classes; k++)
      for (let i = 0, at = k * n; i < n; i++, at++) sum[i] += p[at] = Math.exp(p[at] - top[i]);
    for (let i = 0; i < n; i++) {
      loss -= weights[start + i] * own[i];
      loss += weights[start + i] * (top[i] + Math.log(sum[i]));
    }
    for (let i = 0; i < n; i++) own[i] = weights[start + i] * (p[labels[i] * n + i] / sum[i] - 1);
    for (let k = 0, t = 0; k < classes; k++, t += width) {
      const share = p.subarray(k * n, (k + 1) * n);
      let total = 0;
      for (let i = 0; i < n; i++) {
        share[i] = labels[i] === k ? own[i] : weights[start + i] * (share[i] / sum[i]);
        total += share[i];
      }
      x.combine(share, w);
      for (let j = 0; j < d; j++) gradient[t + j] += w[j] / scale[j];
      gradient[t + d] += total;
    }
    start += n;
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

/** Probabilities that are held at once. */
const HELD = 1 << 22;

/** Rows by so many that their probabilities take bounded memory, and room for what is made of them. */
interface Room {
  readonly chunks: readonly { readonly x: RowView; readonly labels: Int32Array }[];
  /** Class by class, one number per row of a chunk. */
  readonly p: Float64Array;
  readonly top: Float64Array;
  readonly sum: Float64Array;
  readonly own: Float64Array;
}
const rooms = new WeakMap<SoftmaxData, Room>();

function roomFor(data: SoftmaxData): Room {
  let found = rooms.get(data);
  if (found === undefined) rooms.set(data, (found = makeRoom(data)));
  return found;
}

function makeRoom({ rows, classes, x, labels }: SoftmaxData): Room {
  const most = Math.min(rows, Math.max(1, Math.floor(HELD / classes)));
  const chunks = Array.from({ length: Math.ceil(rows / most) }, (_, c) => {
    const list = Array.from({ length: Math.min(most, rows - c * most) }, (__, i) => c * most + i);
    return { x: x.pick(list), labels: Int32Array.from(list, (i) => labels[i]) };
  });
  const vector = () => new Float64Array(most);
  return { chunks, p: new Float64Array(most * classes), top: vector(), sum: vector(), own: vector() };
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
