import { BOUND, FREE, OUT } from "./problem.ts";
import type { RowView } from "./row-view.ts";
import type { StepKernels, StepVectors } from "./step.ts";

/** What the rows that are fixed at a bound add to sums over all rows. */
export interface Fixed {
  /** Sum of y alpha x, and of y alpha. */
  readonly sum: Float64Array;
  signs: number;
  /** Sum of hinge losses. */
  loss: number;
}

/**
 * A point of the interior-point method. What belongs to rows lies in the kernels' memory, one number per row in play
 * each (one point at a time): y is +1 or -1, f = Xw, z = 1 - y(f + b); alpha and beta are the multipliers in (0, 1) and
 * 1 minus them, carried apart so that neither loses its digits near a bound; s and xi are the slacks of alpha >= 0 and
 * beta >= 0; steady is above 0 where the slack of the nearer bound did not fall much in the last step.
 */
export class Point {
  b = 0;
  readonly w: Float64Array;
  /** Rows in play. */
  rows: RowView;
  /** These and those that are fixed. */
  readonly train: RowView;
  readonly fixed: Fixed;
  readonly step: StepKernels;
  readonly vectors: StepVectors;

  /** @param labels +1 or -1 for each row */
  constructor(train: RowView, labels: Int8Array) {
    const { columns, step } = train.kernels;
    this.w = new Float64Array(columns);
    this.train = train;
    this.rows = train;
    this.fixed = { sum: new Float64Array(columns), signs: 0, loss: 0 };
    this.step = step;
    this.vectors = step.vectors;
    this.vectors.y.set(labels);
    this.vectors.steady.fill(0, 0, train.count);
  }

  /** Mean complementarity product. */
  get mu(): number {
    const { count } = this.rows;
    return this.step.products(count) / (2 * count);
  }

  /** Goes to the central path of the scores f. */
  start(mu: number): void {
    const { y, f } = this.vectors;
    for (let i = 0; i < this.rows.count; i++) {
      const z = 1 - y[i] * (f[i] + this.b);
      this.put(i, nearest(Math.abs(z), mu), z > 0, mu);
    }
  }

  /** Brings z up to date; returns the sum of hinge losses over all rows. */
  measure(): number {
    return this.step.measure(this.rows.count, this.b) + this.fixed.loss;
  }

  /** The largest multiplier of the rows in play. */
  get size(): number {
    const { alpha } = this.vectors;
    let size = 0;
    for (let i = 0; i < this.rows.count; i++) if (alpha[i] > size) size = alpha[i];
    return size;
  }

  /** Where the multiplier of row `i` will end: by the larger of its distance from a bound and that bound's slack, which is measured by `size` at 0. */
  role(i: number, size: number): number {
    const { alpha, beta, s, xi } = this.vectors;
    return alpha[i] < size * s[i] ? OUT : beta[i] < xi[i] ? BOUND : FREE;
  }

  /** Sets the multiplier of row `i`, `small` away from its nearer bound, and slacks that make its products mu. */
  put(i: number, small: number, upper: boolean, mu: number): void {
    const { alpha, beta, s, xi } = this.vectors;
    alpha[i] = upper ? 1 - small : small;
    beta[i] = upper ? small : 1 - small;
    s[i] = mu / alpha[i];
    xi[i] = mu / beta[i];
  }
}

/**
 * How far a multiplier on the central path is from its nearer bound, for |z|: the smaller of a and 1 - a, a being the
 * root in (0, 1) of z a^2 + (2 mu - z) a - mu = 0; nothing cancels this way.
 */
export function nearest(z: number, mu: number): number {
  return (2 * mu) / (2 * mu + z + Math.hypot(z, 2 * mu));
}
