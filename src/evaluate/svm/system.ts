import { dot } from "../../core/statistics.ts";
import type { Matrix } from "./conjugate.ts";
import type { Solve } from "./factor.ts";
import type { Point } from "./point.ts";
import type { Precision } from "./row-view.ts";

/** What changes from step to step. */
interface Weights {
  /** Sum of the weights. */
  readonly eta: number;
  /** Inverse of I + X'DX, or of what is close to it. */
  readonly solve: Solve;
  /** Of products. */
  readonly precision: Precision;
}

/** I + X'DX - h h' / eta: the matrix of a Newton step, from which the bias is eliminated. */
export class System implements Matrix {
  /** X'D1. */
  readonly h: Float64Array;
  readonly #point: Point;
  /** The factor's solution for h. */
  readonly #hv: Float64Array;
  /** And 1 / (eta - h' M^-1 h), M being what was factored. */
  #now: Weights & { readonly bend: number };

  constructor(point: Point) {
    this.#point = point;
    this.h = new Float64Array(point.w.length);
    this.#hv = new Float64Array(point.w.length);
    this.#now = { eta: 0, solve: () => {}, precision: {}, bend: 0 };
  }

  get eta(): number {
    return this.#now.eta;
  }

  /** Takes the weights of another step, whose h is in place. */
  renew({ eta, solve, precision }: Weights): void {
    this.#hv.set(this.h);
    solve(this.#hv);
    const bend = 1 / (eta - dot(this.h, this.#hv));
    // Where the stand-in for the small weights is too coarse, the factor alone is the better preconditioner.
    this.#now = { eta, solve, precision, bend: bend > 0 ? bend : 0 };
  }

  precondition(v: Float64Array): void {
    const { solve, bend } = this.#now;
    solve(v);
    const along = bend * dot(this.h, v);
    for (let j = 0; j < v.length; j++) v[j] += along * this.#hv[j];
  }

  multiply(v: Float64Array, out: Float64Array): void {
    const { eta, precision } = this.#now;
    const { rows, vectors } = this.#point;
    const { signed, weight } = vectors;
    rows.scores(v, signed, precision);
    for (let i = 0; i < rows.count; i++) signed[i] *= weight[i];
    rows.combine(signed, out, precision);
    const along = dot(this.h, v) / eta;
    for (let j = 0; j < v.length; j++) out[j] += v[j] - along * this.h[j];
  }
}
