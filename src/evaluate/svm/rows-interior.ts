import { followPath } from "./follow.ts";
import type { InnerProducts, SolveRows } from "./inner-products.ts";
import { type InteriorProblem, MU, STRETCH } from "./ipm.ts";
import { FALL, SINGLE_LIMIT } from "./newton.ts";
import { Point } from "./point.ts";
import type { RowView } from "./row-view.ts";
import type { StepKernels } from "./step.ts";

/** How often `done` may disagree. */
const PATIENCE = 6;

/** What a step's factor is used for. */
interface Factored {
  readonly solve: SolveRows;
  /** The roots of the weights, solved for, and their product with the roots. */
  readonly one: Float64Array;
  readonly bend: number;
}

/**
 * The interior-point method of `solveInterior` by systems of the size of the rows: with D the weights of a step and
 * delta = y dalpha, the elimination of dw instead of dalpha leaves
 *
 *     (K + D^-1) delta + db = y q - r,   sum of delta = - sum of y alpha,   r = K(y alpha) - f,
 *
 * solved as D^1/2 (I + D^1/2 K D^1/2)^-1 D^1/2. r is computed anew in float64 from the rows in each step, so that what
 * a factor in float32 loses is made up for by the next.
 *
 * @param y +1 or -1 for each row
 * @returns steps taken; null where rounding stops the method
 */
export function solveRowsInterior(
  rows: RowView,
  inner: InnerProducts,
  y: Int8Array,
  goal: Pick<InteriorProblem, "guess"> & { done(alpha: Float64Array): boolean },
): number | null {
  return new RowsInterior(rows, inner, y).solve(goal);
}

class RowsInterior {
  readonly #rows: RowView;
  readonly #inner: InnerProducts;
  readonly #point: Point;
  readonly #step: StepKernels;
  readonly #count: number;
  readonly #places: Int32Array;
  readonly #w: Float64Array;
  readonly #r: Float64Array;
  readonly #roots: Float64Array;
  readonly #v: Float64Array;
  #single = true;

  constructor(rows: RowView, inner: InnerProducts, y: Int8Array) {
    this.#rows = rows;
    this.#inner = inner;
    this.#point = new Point(rows, y);
    this.#step = this.#point.step;
    this.#count = rows.count;
    this.#places = inner.places(rows.list);
    this.#w = new Float64Array(rows.kernels.columns);
    this.#r = new Float64Array(rows.count);
    this.#roots = new Float64Array(rows.count);
    this.#v = new Float64Array(rows.count);
  }

  solve({ guess, done }: Parameters<typeof solveRowsInterior>[3]): number | null {
    if (!this.#ridge()) return null;
    const alpha = () => this.#step.vectors.alpha.slice(0, this.#count);
    let sum = 0;
    return followPath({
      measure: () => {
        const hinge = this.#point.measure();
        sum = this.#step.products(this.#count);
        return Number.isFinite(sum) ? sum / (1 + this.#residual() / 2 + hinge) : Number.NaN;
      },
      guess: guess && ((near) => guess({ roles: this.#roles(), alpha, b: this.#point.b, near })),
      done: () => done(alpha()),
      patience: PATIENCE,
      step: () => this.#newton(sum / (2 * this.#count)),
    });
  }

  #roles(): Int8Array {
    const { size } = this.#point;
    const roles = new Int8Array(this.#count);
    for (let i = 0; i < roles.length; i++) roles[i] = this.#point.role(i, size);
    return roles;
  }

  /** r = K(y alpha) - f, by way of the features; returns the squared norm of X'(y alpha). */
  #residual(): number {
    const { y, f, alpha } = this.#step.vectors;
    const r = this.#r;
    const v = this.#v;
    for (let i = 0; i < r.length; i++) v[i] = y[i] * alpha[i];
    this.#rows.combine(v, this.#w);
    this.#rows.scores(this.#w, r);
    let square = 0;
    for (let i = 0; i < r.length; i++) {
      square += v[i] * r[i];
      r[i] -= f[i];
    }
    return square;
  }

  #ridge(): boolean {
    const { y, f } = this.#step.vectors;
    const n = this.#count;
    this.#roots.fill(1);
    const solve = this.#factor();
    if (solve === null) return false;
    const c = Float64Array.from({ length: n }, (_, i) => STRETCH * y[i]);
    solve(c);
    this.#rows.combine(c, this.#w);
    this.#rows.scores(this.#w, this.#v);
    for (let i = 0; i < n; i++) {
      f[i] = this.#v[i];
      this.#point.b += (y[i] - f[i]) / n;
    }
    this.#point.start(MU);
    return true;
  }

  #factor(): SolveRows | null {
    const solve = this.#inner.factor(this.#places, this.#roots, this.#single);
    if (solve !== null || !this.#single) return solve;
    this.#single = false;
    return this.#factor();
  }

  #newton(mu: number): boolean {
    const step = this.#step;
    const n = this.#count;
    const eta = step.prepare(n);
    if (eta * this.#rows.kernels.variance > SINGLE_LIMIT) this.#single = false;
    for (let i = 0; i < n; i++) this.#roots[i] = Math.sqrt(step.vectors.weight[i]);
    const solve = this.#factor();
    if (solve === null) return false;
    const one = this.#roots.slice();
    solve(one);
    let bend = 0;
    for (let i = 0; i < n; i++) bend += this.#roots[i] * one[i];
    const factored = { solve, one, bend };
    const predictor = this.#direct(0, factored);
    const affine = step.after(n, 0, predictor.longest);
    const target = (affine / (2 * n * mu)) ** 3 * mu;
    step.correct(n, 0, target);
    let best = this.#direct(0, factored);
    for (let round = 0; round < 2 && best.longest < 0.95; round++) {
      step.center(n, best.number, Math.min(1, 1.08 * best.longest + 0.08), target);
      const next = this.#direct(best.number === 0 ? 1 : 0, factored);
      if (!(next.longest >= best.longest + 0.01)) break;
      best = next;
    }
    const length = Math.max(0.99, 1 - mu) * best.longest;
    step.move(n, best.number, length, FALL);
    this.#point.b += length * best.db;
    return true;
  }

  #direct(number: 0 | 1, { solve, one, bend }: Factored) {
    const step = this.#step;
    const { y, alpha, q } = step.vectors;
    const roots = this.#roots;
    const v = this.#v;
    step.goal(this.#count);
    let along = 0;
    for (let i = 0; i < v.length; i++) {
      along += y[i] * alpha[i];
      v[i] = roots[i] * (y[i] * q[i] - this.#r[i]);
    }
    solve(v);
    for (let i = 0; i < v.length; i++) along += roots[i] * v[i];
    const db = along / bend;
    const df = step.df[number];
    for (let i = 0; i < v.length; i++) df[i] = y[i] * q[i] - db - (v[i] - db * one[i]) / roots[i];
    return { number, db, longest: step.direct(this.#count, number, db) };
  }
}
