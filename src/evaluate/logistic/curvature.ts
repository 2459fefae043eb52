import { symmetricEigen } from "../../core/eigen.ts";
import { factor } from "../svm/factor.ts";
import type { Precondition } from "./lbfgs.ts";
import { type SoftmaxData, softmax, softmaxScores } from "./softmax.ts";

/** Numbers in the factors of all blocks, at most: 128 MiB. */
const MOST = 2 ** 24;
/** Classes for whose directions blocks are made, at most. */
const MOST_CLASSES = 128;

/**
 * An approximation of the inverse Hessian of the softmax loss at `theta`. In the mean over the rows, p_k (1[k = l] - p_l)
 * says which classes are confused; in its eigenvectors the Hessian has blocks, one for each, with little between them: a
 * direction in which nothing is confused, as that of all classes alike, has the curvature of the penalty alone. Where the
 * blocks are too many or too large together, all have their mean. The kernels' memory is used meanwhile.
 *
 * @param ridge penalty on a weight in the units of the rows in the kernels' memory, roughly; above 0
 * @returns null where a block cannot be factored, and for so many features that there is no memory for one
 */
export function curvature(data: SoftmaxData, theta: Float64Array, ridge: number): Precondition | null {
  const { rows, dimension: d, classes, x, weights } = data;
  if (x.kernels.systems !== "features") return null;
  const p = softmaxScores(data, theta);
  for (let i = 0; i < rows; i++) softmax(p, i * classes, classes);
  const side = x.few ? Math.ceil(rows / 8) * 8 : x.kernels.columns;
  const apart = classes <= MOST_CLASSES && classes * side * side <= MOST;
  const directions = apart ? confusions(p, weights, classes) : null;
  const q = new Float64Array(rows);
  const blocks: Precondition[] = [];
  for (let m = 0; m < (apart ? classes : 1); m++) {
    for (let i = 0; i < rows; i++) q[i] = weights[i] * spread(p, i * classes, classes, directions?.[m]);
    const made = block(data, q, ridge, side * side);
    if (made === null) return null;
    blocks.push(made);
  }
  const width = d + 1;
  if (directions === null)
    return (v) => {
      for (let k = 0; k < classes; k++) blocks[0](v.subarray(k * width, (k + 1) * width));
    };
  const turned = new Float64Array(width);
  const out = new Float64Array(classes * width);
  return (v) => {
    out.fill(0);
    directions.forEach((e, m) => {
      turned.fill(0);
      for (let k = 0, at = 0; k < classes; k++)
        for (let j = 0; j < width; j++, at++) turned[j] += e[k] * v[at];
      blocks[m](turned);
      for (let k = 0, at = 0; k < classes; k++)
        for (let j = 0; j < width; j++, at++) out[at] += e[k] * turned[j];
    });
    v.set(out);
  };
}

/** Eigenvectors of the weighted mean over the rows of diag(p) - pp'. */
function confusions(p: Float64Array, weights: Float64Array, classes: number): Float64Array[] {
  const mean = new Float64Array(classes * classes);
  for (let i = 0, at = 0; i < weights.length; i++, at += classes)
    for (let a = 0; a < classes; a++) {
      const w = weights[i] * p[at + a];
      mean[a * (classes + 1)] += w;
      for (let b = 0; b < classes; b++) mean[a * classes + b] -= w * p[at + b];
    }
  const { vectors } = symmetricEigen(mean, classes);
  return Array.from({ length: classes }, (_, m) => vectors.subarray(m * classes, (m + 1) * classes));
}

/** Variance of a direction under the probabilities of one row; without one, the mean of p (1 - p) over the classes. */
function spread(p: Float64Array, at: number, classes: number, e?: Float64Array): number {
  let first = 0;
  let second = 0;
  for (let k = 0; k < classes; k++) {
    const v = p[at + k];
    first += e === undefined ? v : v * e[k];
    second += e === undefined ? v * v : v * e[k] * e[k];
  }
  return Math.max(0, e === undefined ? (first - second) / classes : second - first * first);
}

/** Multiplies weights and intercept of one direction by the inverse of X'QX + ridge, the intercept's column included. */
function block(
  { dimension: d, x, scale }: SoftmaxData,
  q: Float64Array,
  ridge: number,
  size: number,
): Precondition | null {
  const { columns, memory } = x.kernels;
  const between = new Float64Array(columns);
  x.combine(q, between);
  const weight = q.map((v) => v / ridge);
  const rough = x.few ? null : factor(x, weight, { single: true });
  const solve = rough ?? factor(x, weight);
  if (solve === null) return null;
  const factored = memory.h.f32.slice(0, rough === null ? 2 * size : size);
  const roots = memory.roots.f64.slice();
  const inverse = (v: Float64Array) => {
    memory.h.f32.set(factored);
    memory.roots.f64.set(roots);
    solve(v);
    for (let j = 0; j < columns; j++) v[j] /= ridge;
  };
  const shift = between.slice();
  inverse(shift);
  const total = q.reduce((a, b) => a + b, 0);
  let left = total;
  for (let j = 0; j < columns; j++) left -= between[j] * shift[j];
  // All intercepts alike have no curvature but what rounding leaves, and no gradient either.
  const flat = !(left > Math.max(1e-13, 1e-12 * total));
  const v = new Float64Array(columns);
  return (out) => {
    v.fill(0);
    for (let j = 0; j < d; j++) v[j] = out[j] * scale[j];
    let rest = out[d];
    for (let j = 0; j < d; j++) rest -= shift[j] * v[j];
    inverse(v);
    rest = flat ? 0 : rest / left;
    for (let j = 0; j < d; j++) out[j] = (v[j] - rest * shift[j]) * scale[j];
    out[d] = rest;
  };
}
