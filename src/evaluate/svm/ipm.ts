import { dot } from "../../core/statistics.ts";
import type { Kernels } from "./kernels.ts";
import { Newton } from "./newton.ts";
import { Point } from "./point.ts";

/** Where on the central path the method starts. */
const MU = 0.5;
/** A ridge regression on +-1 shrinks its scores toward 0; this brings them to the size that margins have. */
const STRETCH = 2;
const STEPS = 80;
/** Sum of complementarity products, relative to 1 + primal objective, at which `done` is asked. */
const CLOSE = 1e-6;
/** How often `done` may disagree before the rows that were fixed are blamed. */
const PATIENCE = 2;

/**
 * Linear C-SVC with C = 1 and unpenalized bias by a primal-dual interior-point method with predictor and corrector
 * (Mehrotra 1992) and up to two centrality corrections (Gondzio 1996). Unknowns: w, b, the multipliers alpha and
 * beta = 1 - alpha, and their slacks s and xi:
 *
 *     w = X'(y alpha),  y'alpha = 0,  s - xi = y(Xw + b) - 1,  alpha s = mu,  beta xi = mu,  mu -> 0.
 *
 * Elimination leaves systems with H = I + X'DX, of the size of the features whatever the number of rows; rows that are
 * clearly at a bound leave the systems ({@link Point}).
 *
 * @param kernels holds the rows
 * @param train the rows in use
 * @param y +1 or -1 for each of them
 * @param scatter sum of x x' over the rows in use, columns x columns, upper triangle; null to do without
 * @param done whether a point (multipliers of all rows in use, w) is good enough; asked when the method believes so,
 * and free to have the kernels use other rows
 * @param shrink whether to fix rows at their bounds
 * @returns Newton steps taken; null where rounding stops the method before `done` agrees; another solver must take over then
 */
export function solveInterior(
  kernels: Kernels,
  train: Int32Array,
  y: Int8Array,
  scatter: Float32Array | null,
  done: (alpha: Float64Array, w: Float64Array) => boolean,
  shrink: boolean,
): number | null {
  const point = new Point(kernels, train, y);
  if (!ridge(kernels, point, scatter)) return null;
  const newton = new Newton(kernels, point, scatter);
  let refused = 0;
  for (let steps = 0; steps < STEPS; steps++) {
    const { mu, hinge } = point.measure();
    if (!Number.isFinite(mu)) return null;
    const { w } = point;
    if (2 * point.rows * mu <= CLOSE * (1 + dot(w, w) / 2 + hinge)) {
      if (done(point.multipliers(), w)) return steps;
      if (shrink && ++refused > PATIENCE) return null;
    }
    if (shrink) point.shrink(mu);
    else kernels.use(train);
    if (!newton.step()) return null;
  }
  return null;
}

/** A point on the central path of its own scores: those of a ridge regression on y, stretched. */
function ridge(kernels: Kernels, point: Point, scatter: Float32Array | null): boolean {
  const { w, f, y, rows } = point;
  kernels.combine(y, w);
  const one = new Float64Array(rows).fill(1);
  const known = scatter !== null && kernels.factor(one, true, Infinity, 1, scatter);
  if (!known && !kernels.factor(one, true) && !kernels.factor(one, false)) return false;
  kernels.solve(w);
  for (let j = 0; j < w.length; j++) w[j] *= STRETCH;
  kernels.scores(w, f);
  for (let i = 0; i < rows; i++) point.b += (y[i] - f[i]) / rows;
  point.start(MU);
  return true;
}
