import type { Kernels } from "./kernels.ts";
import { dot, Newton, type Point } from "./newton.ts";

/** What the interior-point method found for the rows in use. */
export interface InteriorPoint {
  /** Multipliers, inside (0, 1). */
  readonly alpha: Float64Array;
  /** Newton steps taken. */
  readonly steps: number;
}

/** Where on the central path the method starts. */
const MU = 0.5;
/** A ridge regression on +-1 shrinks its scores toward 0; this brings them to the size that margins have. */
const STRETCH = 2;
const STEPS = 80;
/** Sum of complementarity products, relative to 1 + primal objective, at which `done` is asked. */
const CLOSE = 1e-6;

/**
 * Linear C-SVC with C = 1 and unpenalized bias by a primal-dual interior-point method with predictor and corrector
 * (Mehrotra 1992) and up to two centrality corrections (Gondzio 1996). Unknowns: w, b, the multipliers alpha and
 * beta = 1 - alpha, and their slacks s and xi:
 *
 *     w = X'(y alpha),  y'alpha = 0,  s - xi = y(Xw + b) - 1,  alpha s = mu,  beta xi = mu,  mu -> 0.
 *
 * Elimination leaves systems with H = I + X'DX, of the size of the features whatever the number of rows.
 *
 * @param kernels holds the rows in use
 * @param y +1 or -1 for every row in use
 * @param scatter sum of x x' over the rows in use, columns x columns, upper triangle
 * @param done whether a point is good enough; asked when the method believes so
 * @returns null where rounding stops the method before `done` agrees; another solver must take over then
 */
export function solveInterior(
  kernels: Kernels,
  y: Int8Array,
  scatter: Float32Array,
  done: (alpha: Float64Array, w: Float64Array) => boolean,
): InteriorPoint | null {
  const start = ridge(kernels, y, scatter);
  if (start === null) return null;
  const { point } = start;
  let { b } = start;
  const { w, f, alpha, beta, s, xi, z, weight } = point;
  const n = y.length;
  let trace = 0;
  for (let j = 0; j < kernels.dimension; j++) trace += scatter[j * (kernels.columns + 1)];
  const newton = new Newton(kernels, y, point, scatter, trace / (n * kernels.dimension));
  for (let steps = 0; steps < STEPS; steps++) {
    let sum = 0;
    let hinge = 0;
    for (let i = 0; i < n; i++) {
      z[i] = 1 - y[i] * (f[i] + b);
      sum += alpha[i] * s[i] + beta[i] * xi[i];
      weight[i] = 1 / (s[i] / alpha[i] + xi[i] / beta[i]);
      hinge += Math.max(0, z[i]);
    }
    if (!Number.isFinite(sum)) return null;
    if (sum <= CLOSE * (1 + dot(w, w) / 2 + hinge) && done(alpha, w)) return { alpha, steps };
    const moved = newton.step(sum / (2 * n));
    if (moved === null) return null;
    b += moved;
  }
  return null;
}

/** A point on the central path of its own scores: those of a ridge regression on y, stretched. */
function ridge(kernels: Kernels, y: Int8Array, scatter: Float32Array): { point: Point; b: number } | null {
  const n = y.length;
  const long = () => new Float64Array(n);
  const w = new Float64Array(kernels.columns);
  const f = long();
  kernels.combine(Float64Array.from(y), w);
  if (!kernels.factor(long(), true, 0, 1, scatter)) return null;
  kernels.solve(w);
  for (let j = 0; j < w.length; j++) w[j] *= STRETCH;
  kernels.scores(w, f);
  let b = 0;
  for (let i = 0; i < n; i++) b += (y[i] - f[i]) / n;
  const [alpha, beta, s, xi] = [long(), long(), long(), long()];
  for (let i = 0; i < n; i++) {
    const z = 1 - y[i] * (f[i] + b);
    // Root in (0, 1) of z a^2 + (2 mu - z) a - mu = 0, as the smaller of a and 1 - a so that nothing cancels.
    const small = (2 * MU) / (2 * MU + Math.abs(z) + Math.hypot(z, 2 * MU));
    alpha[i] = z > 0 ? 1 - small : small;
    beta[i] = z > 0 ? small : 1 - small;
    s[i] = MU / alpha[i];
    xi[i] = MU / beta[i];
  }
  return { point: { w, f, alpha, beta, s, xi, z: long(), weight: long() }, b };
}
