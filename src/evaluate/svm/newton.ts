import { dot } from "../../core/statistics.ts";
import type { Kernels } from "./kernels.ts";
import type { Point } from "./point.ts";
import type { StepKernels } from "./step.ts";

/** Where a point would move; what belongs to rows lies in the kernels' memory. */
interface Direction {
  /** Number of its vectors there. */
  readonly number: 0 | 1;
  readonly dw: Float64Array;
  /** X dw. */
  readonly df: Float64Array;
  db: number;
}

/**
 * Relative residual at which a linear system counts as solved, in units of mu: what is left enters the next step's
 * right-hand side, and only the last steps have to be exact.
 */
const RESIDUAL = 1;
const LARGEST_RESIDUAL = 0.03;
const SMALLEST_RESIDUAL = 1e-9;
/** For the predictor, which only says how far to go. */
const PREDICTOR_RESIDUAL = 0.1;
const CG_STEPS = 30;
/**
 * A residual is also small against w: it becomes w - X'(y alpha), which the preconditioner's norm makes little of in
 * the directions where H is large.
 */
const PLAIN = 10;
/** Sum of weights times mean variance above which float32 cannot hold H (see docs/method-probes.md). */
const SINGLE_LIMIT = 1e6;
/** Rows of more than this times the others' average weight enter the factor one by one. */
const SPLIT = 2;
/** A slack that lost more than this share of itself in a step is not steady. */
const FALL = 1;
/** Value of mu down to which products may be in float32: what they lose is made up for by later steps. */
const ROUGH = 1e-2;
/** As SINGLE_LIMIT, for the products of the conjugate gradients, where the residual asked for is not below LOOSE. */
const LOOSE_LIMIT = 5e3;
const LOOSE = 2e-5;

/** Newton steps of the interior-point method of {@link solveInterior}; docs/method-probes.md has the equations. */
export class Newton {
  readonly #k: Kernels;
  readonly #p: Point;
  readonly #scatter: Float32Array | null;
  readonly #rows: StepKernels;
  /** Diagonal of D. */
  readonly #weight: Float64Array;
  /** One number per row: y(alpha + Dq), and products on the way. */
  readonly #signed: Float64Array;
  /** h = X'D1, and the factor's solution for it. */
  readonly #h: Float64Array;
  readonly #hv: Float64Array;
  #eta = 0;
  /** 1 / (eta - h' M^-1 h), M being what was factored. */
  #bend = 0;
  #tolerance = 0;
  /** Right-hand side of the last system of this step, its solution and what is left of it. */
  readonly #goal: Float64Array;
  readonly #solution: Float64Array;
  readonly #residual: Float64Array;
  readonly #u: Float64Array;
  readonly #along: Float64Array;
  readonly #product: Float64Array;
  /** Size of the first right-hand side of this step; -1 before it. */
  #scale = -1;
  #loose = false;
  /** Whether all rows entered the factor one by one. */
  #exact = false;
  #single = true;
  #rough = true;
  #now: Direction;
  #other: Direction;

  constructor(kernels: Kernels, point: Point, scatter: Float32Array | null) {
    this.#k = kernels;
    this.#p = point;
    this.#scatter = scatter;
    const short = () => new Float64Array(kernels.columns);
    this.#rows = kernels.step;
    this.#weight = this.#rows.vector("weight");
    this.#signed = this.#rows.vector("signed");
    this.#h = short();
    this.#hv = short();
    this.#goal = short();
    this.#solution = short();
    this.#residual = short();
    this.#u = short();
    this.#along = short();
    this.#product = short();
    const direction = (number: 0 | 1) => ({ number, dw: short(), df: this.#rows.scores(number), db: 0 });
    this.#now = direction(0);
    this.#other = direction(1);
  }

  /** Moves the point by one step; false where rounding forbids any. */
  step(): boolean {
    const { w, f, rows } = this.#p;
    const mu = this.#rows.products(rows) / (2 * rows);
    this.#tolerance = Math.min(LARGEST_RESIDUAL, Math.max(SMALLEST_RESIDUAL, RESIDUAL * mu));
    if (this.#rough && mu <= ROUGH) {
      this.#rough = false;
      this.#k.scores(w, f);
      return true;
    }
    if (!this.#factor()) return false;
    const t = this.#solve(PREDICTOR_RESIDUAL);
    const target = (this.#rows.after(rows, this.#now.number, t) / (2 * rows * mu)) ** 3 * mu;
    this.#rows.correct(rows, this.#now.number, target);
    const length = this.#center(target, this.#solve(this.#tolerance));
    this.#move(Math.max(0.99, 1 - mu) * length);
    return true;
  }

  /** Up to two corrections toward the central path, each kept where it lengthens the step. */
  #center(target: number, length: number): number {
    let t = length;
    for (let round = 0; round < 2 && t < 0.95; round++) {
      this.#rows.center(this.#p.rows, this.#now.number, Math.min(1, 1.08 * t + 0.08), target);
      [this.#now, this.#other] = [this.#other, this.#now];
      const longer = this.#solve(this.#tolerance);
      if (!(longer >= t + 0.01)) {
        [this.#now, this.#other] = [this.#other, this.#now];
        break;
      }
      t = longer;
    }
    return t;
  }

  #move(t: number): void {
    const { w, rows } = this.#p;
    const { number, dw, db } = this.#now;
    this.#rows.move(rows, number, t, FALL);
    for (let j = 0; j < w.length; j++) w[j] += t * dw[j];
    this.#p.b += t * db;
  }

  /** Factors H = I + X'DX and prepares what every right-hand side of this step needs. */
  #factor(): boolean {
    const weight = this.#weight;
    const eta = this.#rows.prepare(this.#p.rows);
    this.#eta = eta;
    const size = eta * this.#k.variance;
    this.#loose = size < LOOSE_LIMIT && this.#tolerance >= LOOSE;
    if (size > SINGLE_LIMIT) this.#single = false;
    this.#k.combine(weight, this.#h, this.#rough);
    for (;;) {
      const { above, base } = this.#split();
      this.#exact = base === 0;
      if (this.#k.factor(weight, this.#single, above, base, this.#scatter)) {
        this.#hv.set(this.#h);
        this.#k.solve(this.#hv);
        this.#bend = 1 / (eta - dot(this.#h, this.#hv));
        // Where the stand-in for the small weights is too coarse, the factor alone is the better preconditioner.
        if (!(this.#bend > 0)) this.#bend = 0;
        this.#scale = -1;
        this.#goal.fill(0);
        this.#residual.fill(0);
        this.#solution.fill(0);
        return true;
      }
      if (!this.#single) return false;
      this.#single = false;
    }
  }

  /**
   * Which rows enter the factor one by one: those of well over the average weight of the others, which enter together
   * as their average weight times the scatter of all rows. Conjugate gradients make up for the difference.
   */
  #split(): { above: number; base: number } {
    const weight = this.#weight;
    const { rows, all } = this.#p;
    if (this.#scatter === null || !this.#single || this.#k.few || 2 * rows < all)
      return { above: 0, base: 0 };
    let above = Infinity;
    let base = 0;
    for (let round = 0; round < 4; round++) {
      let sum = 0;
      let count = 0;
      for (let i = 0; i < rows; i++)
        if (weight[i] <= above) {
          sum += weight[i];
          count++;
        }
      base = sum / count;
      above = SPLIT * base;
    }
    return { above, base };
  }

  /** Direction for the complementarity targets; returns the longest step along it, at most 1. */
  #solve(tolerance: number): number {
    const { w, fixed, fixedSum, rows } = this.#p;
    const { number, dw, df } = this.#now;
    const gamma = fixedSum + this.#rows.goal(rows);
    this.#k.combine(this.#signed, dw, this.#rough);
    // The bias is eliminated: db = (gamma - h'dw) / eta.
    const slope = gamma / this.#eta;
    for (let j = 0; j < dw.length; j++) dw[j] += fixed[j] - w[j] - slope * this.#h[j];
    this.#invert(dw, tolerance);
    this.#now.db = (gamma - dot(this.#h, dw)) / this.#eta;
    this.#k.scores(dw, df, this.#rough);
    return this.#rows.direct(rows, number, this.#now.db);
  }

  /**
   * v = (H - h h' / eta)^-1 v by conjugate gradients, from the solution of the step's last system on; the factor, with
   * the same change of rank one, is the preconditioner.
   */
  #invert(v: Float64Array, tolerance: number): void {
    const d = v.length;
    const residual = this.#residual;
    const solution = this.#solution;
    const u = this.#u;
    const along = this.#along;
    const product = this.#product;
    for (let j = 0; j < d; j++) {
      residual[j] += v[j] - this.#goal[j];
      this.#goal[j] = v[j];
    }
    let rho = this.#precondition();
    if (this.#scale < 0) this.#scale = rho;
    if (this.#exact && tolerance === PREDICTOR_RESIDUAL) {
      v.set(u);
      this.#goal.fill(0);
      residual.fill(0);
      return;
    }
    const stop = this.#scale * tolerance * tolerance;
    along.set(u);
    const { w } = this.#p;
    const plain = (PLAIN * tolerance) ** 2 * dot(w, w);
    const open = () => rho > stop || dot(residual, residual) > plain;
    for (let round = 0; round < CG_STEPS && open(); round++) {
      this.#multiply(along, product);
      const curvature = dot(along, product);
      if (!(curvature > 0)) break;
      const step = rho / curvature;
      for (let j = 0; j < d; j++) {
        solution[j] += step * along[j];
        residual[j] -= step * product[j];
      }
      const next = this.#precondition();
      const ratio = next / rho;
      rho = next;
      for (let j = 0; j < d; j++) along[j] = u[j] + ratio * along[j];
    }
    if (tolerance < PREDICTOR_RESIDUAL && open()) this.#single = false;
    v.set(solution);
  }

  /** u = M^-1 residual; returns their product. */
  #precondition(): number {
    const u = this.#u;
    u.set(this.#residual);
    this.#k.solve(u);
    const bend = this.#bend * dot(this.#h, u);
    for (let j = 0; j < u.length; j++) u[j] += bend * this.#hv[j];
    return dot(u, this.#residual);
  }

  /** out = (I + X'DX - h h' / eta) v. */
  #multiply(v: Float64Array, out: Float64Array): void {
    const signed = this.#signed;
    const weight = this.#weight;
    this.#k.scores(v, signed, this.#loose);
    for (let i = 0; i < this.#p.rows; i++) signed[i] *= weight[i];
    this.#k.combine(signed, out, this.#loose);
    const bend = dot(this.#h, v) / this.#eta;
    for (let j = 0; j < v.length; j++) out[j] += v[j] - bend * this.#h[j];
  }
}
