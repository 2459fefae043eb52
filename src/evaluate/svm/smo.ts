import { certify } from "./certificate.ts";
import type { Fit, Problem } from "./problem.ts";

/** Largest violation of optimality (LIBSVM's `tol`) and relative duality gap at which the solver stops. */
const TOLERANCE = 1e-6;
const GAP = 1e-7;

/**
 * Linear C-SVC with C = 1 and unpenalized bias by sequential minimal optimization: two multipliers at a time, the
 * first by largest violation, the second by largest decrease of the objective (Fan, Chen & Lin 2005, WSS 2), on the
 * float64 Gram matrix. No shrinking, no cache, no cap: slow and plain, the twin that the fast solver is tested
 * against.
 *
 * @param problem rows of both classes, centered
 * @param limit number of steps after which it gives up and returns null; none by default
 */
export function solveSmo(problem: Problem): Fit;
export function solveSmo(problem: Problem, limit: number): Fit | null;
export function solveSmo(problem: Problem, limit = Infinity): Fit | null {
  const { rows: n, y } = problem;
  const gram = gramMatrix(problem);
  const alpha = new Float64Array(n);
  const gradient = new Float64Array(n).fill(-1);
  let iterations = 0;
  let tolerance = TOLERANCE;
  for (;;) {
    const { steps, stuck } = descend(n, y, gram, alpha, gradient, tolerance, limit - iterations);
    iterations += steps;
    if (iterations >= limit) return null;
    const exact = alpha.slice();
    const proof = certify(problem, exact);
    // Sums of thousands of updates drift; a fresh gradient shows whether the point is really optimal.
    const drift = refresh(n, y, gram, alpha, gradient);
    if (proof.gap <= GAP || (stuck && drift <= tolerance) || tolerance < 1e-13) {
      const { w } = proof;
      return { w, b: proof.b, objective: proof.primal, gap: proof.gap, iterations, solver: "smo" };
    }
    tolerance /= 10;
  }
}

/** Inner products of all rows, rows x rows. */
function gramMatrix({ rows: n, dimension: d, x }: Problem): Float64Array {
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0, p = i * d, q = j * d; k < d; k++) dot += x[p + k] * x[q + k];
      gram[i * n + j] = dot;
      gram[j * n + i] = dot;
    }
  return gram;
}

/** Takes steps until no pair violates by more than `tolerance`, or the steps are too small to count (`stuck`). */
function descend(
  n: number,
  y: Int8Array,
  gram: Float64Array,
  alpha: Float64Array,
  gradient: Float64Array,
  tolerance: number,
  limit: number,
): { steps: number; stuck: boolean } {
  let steps = 0;
  for (; ; steps++) {
    let i = -1;
    let up = -Infinity;
    for (let t = 0; t < n; t++)
      if ((y[t] > 0 ? alpha[t] < 1 : alpha[t] > 0) && -y[t] * gradient[t] > up) {
        up = -y[t] * gradient[t];
        i = t;
      }
    let j = -1;
    let down = Infinity;
    let best = 0;
    for (let t = 0; t < n; t++) {
      if (!(y[t] > 0 ? alpha[t] > 0 : alpha[t] < 1)) continue;
      const v = -y[t] * gradient[t];
      down = Math.min(down, v);
      const violation = up - v;
      if (violation <= 0) continue;
      const gain = (violation * violation) / curvature(gram, n, i, t);
      if (gain > best) {
        best = gain;
        j = t;
      }
    }
    if (i < 0 || j < 0 || up - down <= tolerance || steps >= limit) return { steps, stuck: false };
    // Along y_i d(alpha_i) = -y_j d(alpha_j) = step the equality stays true.
    let step = (up + y[j] * gradient[j]) / curvature(gram, n, i, j);
    step = Math.min(step, y[i] > 0 ? 1 - alpha[i] : alpha[i], y[j] > 0 ? alpha[j] : 1 - alpha[j]);
    const before = alpha[i];
    const beforeJ = alpha[j];
    alpha[i] = snap(before + y[i] * step);
    alpha[j] = snap(beforeJ - y[j] * step);
    if (alpha[i] === before && alpha[j] === beforeJ) return { steps, stuck: true };
    const di = y[i] * (alpha[i] - before);
    const dj = y[j] * (alpha[j] - beforeJ);
    for (let t = 0, p = i * n, q = j * n; t < n; t++)
      gradient[t] += y[t] * (di * gram[p + t] + dj * gram[q + t]);
  }
}

function curvature(gram: Float64Array, n: number, i: number, j: number): number {
  return Math.max(gram[i * n + i] + gram[j * n + j] - 2 * gram[i * n + j], 1e-12);
}

/** Brings what is within rounding of a bound onto it. */
function snap(value: number): number {
  return value < 1e-15 ? 0 : value > 1 - 1e-15 ? 1 : value;
}

/** Computes the gradient anew; returns the largest change. */
function refresh(
  n: number,
  y: Int8Array,
  gram: Float64Array,
  alpha: Float64Array,
  gradient: Float64Array,
): number {
  let drift = 0;
  for (let t = 0; t < n; t++) {
    let sum = 0;
    for (let s = 0, p = t * n; s < n; s++) sum += y[s] * alpha[s] * gram[p + s];
    const fresh = y[t] * sum - 1;
    drift = Math.max(drift, Math.abs(fresh - gradient[t]));
    gradient[t] = fresh;
  }
  return drift;
}
