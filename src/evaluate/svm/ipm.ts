import { dot } from "../../core/statistics.ts";
import { factor } from "./factor.ts";
import { followPath, type Guess } from "./follow.ts";
import { Newton } from "./newton.ts";
import { Point } from "./point.ts";
import type { RowView } from "./row-view.ts";
import { Shrinker } from "./shrink.ts";

/** Where on the central path the method starts. */
export const MU = 0.5;
/** A ridge regression on +-1 shrinks its scores toward 0; this brings them to the size that margins have. */
export const STRETCH = 2;
/** How often `done` may disagree before the rows that were fixed are blamed. */
const PATIENCE = 2;

export interface InteriorProblem {
  readonly rows: RowView;
  /** +1 or -1 for each row. */
  readonly y: Int8Array;
  /** Sum of x x' over the rows, columns x columns, upper triangle; null to do without. */
  readonly scatter: Float32Array | null;
  /** Whether to fix rows at their bounds. */
  readonly shrink: boolean;
  /** Whether the optimum can be guessed from a point that is near it. */
  readonly guess: Guess | null;
  /** Whether a point (multipliers of all rows, w) is good enough; asked when the method believes so. */
  done(alpha: Float64Array, w: Float64Array): boolean;
}

/**
 * Linear C-SVC with C = 1 and unpenalized bias by a primal-dual interior-point method with predictor and corrector
 * (Mehrotra 1992) and up to two centrality corrections (Gondzio 1996). Unknowns: w, b, the multipliers alpha and
 * beta = 1 - alpha, and their slacks s and xi:
 *
 *     w = X'(y alpha),  y'alpha = 0,  s - xi = y(Xw + b) - 1,  alpha s = mu,  beta xi = mu,  mu -> 0.
 *
 * Elimination leaves systems with H = I + X'DX, of the size of the features whatever the number of rows; rows that are
 * clearly at a bound leave the systems ({@link Shrinker}).
 *
 * @returns Newton steps taken; null where rounding stops the method before `done` agrees; another solver must take over then
 */
export function solveInterior({ rows, y, scatter, shrink, guess, done }: InteriorProblem): number | null {
  const point = new Point(rows, y);
  if (!ridge(point, scatter)) return null;
  const newton = new Newton(point, scatter);
  const shrinker = new Shrinker(point, y);
  return followPath({
    measure: () => {
      const hinge = point.measure();
      return (2 * point.rows.count * point.mu) / (1 + dot(point.w, point.w) / 2 + hinge);
    },
    guess:
      guess &&
      ((near) => guess({ roles: shrinker.roles(), alpha: () => shrinker.multipliers(), b: point.b, near })),
    done: () => done(shrinker.multipliers(), point.w),
    patience: shrink ? PATIENCE : Infinity,
    step: () => {
      if (shrink) shrinker.shrink(point.mu);
      return newton.step();
    },
  });
}

/** Goes to a point on the central path of its own scores: those of a ridge regression on y, stretched. */
function ridge(point: Point, scatter: Float32Array | null): boolean {
  const { rows, w, vectors } = point;
  const { y, f } = vectors;
  rows.combine(y, w);
  const one = new Float64Array(rows.count).fill(1);
  const together = scatter && { scatter, base: 1, above: Infinity };
  const solve =
    (together && factor(rows, one, { single: true, together })) ??
    factor(rows, one, { single: true }) ??
    factor(rows, one);
  if (solve === null) return false;
  solve(w);
  for (let j = 0; j < w.length; j++) w[j] *= STRETCH;
  rows.scores(w, f);
  for (let i = 0; i < rows.count; i++) point.b += (y[i] - f[i]) / rows.count;
  point.start(MU);
  return true;
}
