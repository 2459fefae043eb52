import { balance, certifyScores, primalObjective } from "./certificate.ts";
import { type Fit, GAP_GOAL } from "./problem.ts";
import type { RowView } from "./row-view.ts";

/** What is known of a machine, however it was found. */
export type Proven = Pick<Fit, "w" | "b" | "objective" | "gap">;

/** Proves how far multipliers of a training set are from the optimum, over all of its rows, in float64. */
export class Proof {
  readonly #rows: RowView;
  readonly #y: Int8Array;
  readonly #w: Float64Array;
  readonly #f: Float64Array;
  readonly #signed: Float64Array;

  /** @param y +1 or -1 for each row */
  constructor(rows: RowView, y: Int8Array) {
    this.#rows = rows;
    this.#y = y;
    this.#w = new Float64Array(rows.kernels.columns);
    this.#f = new Float64Array(y.length);
    this.#signed = new Float64Array(y.length);
  }

  /**
   * The machine of multipliers, and its gap.
   *
   * @param alpha 0..1, one per row; is made feasible in place
   * @param near a method's own w: any w bounds the optimum from above, and on badly scaled features that one has lost
   * fewer digits
   */
  of(alpha: Float64Array, near?: Float64Array): Proven {
    const { dimension } = this.#rows.kernels;
    const y = this.#y;
    balance(y, alpha);
    let sum = 0;
    for (let i = 0; i < alpha.length; i++) {
      sum += alpha[i];
      this.#signed[i] = y[i] * alpha[i];
    }
    this.#rows.combine(this.#signed, this.#w);
    this.#rows.scores(this.#w, this.#f);
    const { dual, primal, gap, b } = certifyScores(y, sum, this.#w, this.#f);
    const found = { w: this.#w.slice(0, dimension), b, objective: primal, gap };
    if (gap <= GAP_GOAL || near === undefined) return found;
    this.#rows.scores(near, this.#f);
    const other = primalObjective(y, near, this.#f);
    if (other.primal >= primal) return found;
    const closer = (other.primal - dual) / (1 + other.primal);
    return { w: near.slice(0, dimension), b: other.b, objective: other.primal, gap: closer };
  }
}
