import { dot, partition } from "../../core/statistics.ts";
import type { Problem } from "./problem.ts";

/** Primal and dual objective of a feasible dual point, and the machine that belongs to it. */
export interface Certificate {
  readonly w: Float64Array;
  readonly b: number;
  readonly primal: number;
  readonly dual: number;
  /** (primal - dual) / (1 + primal). */
  readonly gap: number;
}

/**
 * Proves how far a dual point is from the optimum of the C-SVC with C = 1. `alpha` (0..1, one per row) is first
 * made feasible in place (sum of y alpha = 0, by scaling down the heavier class); w = X'(y alpha) and all sums are
 * float64. By weak duality the optimum lies between `dual` and `primal`.
 */
export function certify(problem: Problem, alpha: Float64Array): Certificate {
  const { rows, dimension, x, y } = problem;
  balance(y, alpha);
  const w = new Float64Array(dimension);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const a = alpha[i];
    if (a === 0) continue;
    sum += a;
    const signed = y[i] * a;
    for (let j = 0, at = i * dimension; j < dimension; j++) w[j] += signed * x[at + j];
  }
  const f = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let dot = 0;
    for (let j = 0, at = i * dimension; j < dimension; j++) dot += w[j] * x[at + j];
    f[i] = dot;
  }
  return { w, ...certifyScores(y, sum, w, f) };
}

/** As {@link certify}, for a feasible `alpha` with its sum, its `w` and the scores `f` = Xw. */
export function certifyScores(
  y: Int8Array,
  sum: number,
  w: Float64Array,
  f: Float64Array,
): Omit<Certificate, "w"> {
  const dual = sum - dot(w, w) / 2;
  const { primal, b } = primalObjective(y, w, f);
  return { b, primal, dual, gap: (primal - dual) / (1 + primal) };
}

/** 1/2 |w|^2 + sum of hinge losses at the best bias, for the scores `f` = Xw. */
export function primalObjective(
  y: Int8Array,
  w: Float64Array,
  f: Float64Array,
): { primal: number; b: number } {
  const b = bestBias(y, f);
  let hinge = 0;
  for (let i = 0; i < y.length; i++) hinge += Math.max(0, 1 - y[i] * (f[i] + b));
  return { primal: dot(w, w) / 2 + hinge, b };
}

/** Scales the class with the larger sum of alpha down, so that both sums are equal. */
export function balance(y: Int8Array, alpha: Float64Array): void {
  let plus = 0;
  let minus = 0;
  for (let i = 0; i < alpha.length; i++) {
    if (y[i] > 0) plus += alpha[i];
    else minus += alpha[i];
  }
  if (plus === minus) return;
  const heavy = plus > minus ? 1 : -1;
  const scale = Math.min(plus, minus) / Math.max(plus, minus);
  for (let i = 0; i < alpha.length; i++) if (y[i] === heavy) alpha[i] *= scale;
}

/**
 * The bias that minimizes the sum of hinge losses for given scores `f`: the middle of the interval of minimizers.
 * At the optimum this is LIBSVM's rule: the margin of a free support vector fixes the bias, and where there is none
 * LIBSVM takes the middle of what the bounds allow.
 */
export function bestBias(y: Int8Array, f: Float64Array): number {
  const at = new Float64Array(f.length);
  let slope = 0;
  for (let i = 0; i < f.length; i++) {
    at[i] = y[i] - f[i];
    if (y[i] > 0) slope--;
  }
  // Passing any kink to the right raises the slope by one: a row of class 1 stops costing, one of class 2 starts.
  const kink = Math.min(-slope, at.length - 1);
  partition(at, kink);
  let below = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < -slope; i++) below = Math.max(below, at[i]);
  return (below + at[kink]) / 2;
}
