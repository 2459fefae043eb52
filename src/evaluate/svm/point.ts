import type { Kernels } from "./kernels.ts";

/** A row is fixed at a bound where its multiplier's distance from it is below this times its slack, and steady. */
const FIX = 0.1;
/** A fixed row is taken back where this times its squared slack is below mu. */
const BACK = 0.3;
/** Rows are fixed when this share of the active ones can be. */
const WORTH = 0.1;
/** Fewer active rows than this are not divided further. */
const FEW = 16;
/**
 * How often FIX is divided by 3 while the rows left would be fewer than a third of the features: what so few rows say of
 * so many features changes much with the next step.
 */
const PRUDENCE = 2;

/**
 * A point of the interior-point method: one number per feature (`w`, `fixed`) or per active row (the first `rows` of
 * the other arrays, which lie in the kernels' memory: one point at a time). Rows that are clearly at a bound are fixed there: non-support vectors at 0, support vectors
 * inside the margin at 1. They leave the systems and the products, and are watched: one whose slack shrinks is taken
 * back. What is fixed is a guess that saves work and nothing more; the certificate is computed from all rows.
 */
export class Point {
  rows: number;
  b = 0;
  readonly w: Float64Array;
  /** +1 or -1. */
  readonly y: Float64Array;
  /** Xw. */
  readonly f: Float64Array;
  /** Multipliers in (0, 1), and 1 minus them, carried apart so that neither loses its digits near a bound. */
  readonly alpha: Float64Array;
  readonly beta: Float64Array;
  /** Slacks of alpha >= 0 and beta >= 0. */
  readonly s: Float64Array;
  readonly xi: Float64Array;
  /** 1 - y(f + b). */
  readonly z: Float64Array;
  /** Above 0 where the slack of the nearer bound did not fall much in the last step. */
  readonly steady: Float64Array;
  /** Sum of y alpha x over the fixed rows, and of y alpha. */
  readonly fixed: Float64Array;
  fixedSum = 0;
  readonly #k: Kernels;
  readonly #train: Int32Array;
  readonly #labels: Int8Array;
  /** Positions in `train`: of the active rows, and of the fixed ones. */
  readonly #active: Int32Array;
  readonly #resting: Int32Array;
  #rest = 0;
  /** Multiplier of the fixed rows, by position in `train`. */
  readonly #bound: Uint8Array;
  /** Largest multiplier: what counts as small near 0 is measured by it, as separable classes have none near 1. */
  #size = 1;
  /** Hinge loss of the fixed rows. */
  #loss = 0;
  readonly #rows: Int32Array;
  readonly #scores: Float64Array;

  /** @param train rows of the kernels' matrix, @param labels +1 or -1 for each */
  constructor(kernels: Kernels, train: Int32Array, labels: Int8Array) {
    const n = train.length;
    const { step } = kernels;
    this.#k = kernels;
    this.#train = train;
    this.#labels = labels;
    this.rows = n;
    this.w = new Float64Array(kernels.columns);
    this.fixed = new Float64Array(kernels.columns);
    this.y = step.vector("y");
    this.f = step.vector("f");
    this.alpha = step.vector("alpha");
    this.beta = step.vector("beta");
    this.s = step.vector("s");
    this.xi = step.vector("xi");
    this.z = step.vector("z");
    this.steady = step.vector("steady");
    this.y.set(labels);
    this.steady.fill(0, 0, n);
    this.#active = Int32Array.from(train, (_, i) => i);
    this.#resting = new Int32Array(n);
    this.#bound = new Uint8Array(n);
    this.#rows = new Int32Array(n);
    this.#scores = new Float64Array(n);
  }

  /** Rows of the training set. */
  get all(): number {
    return this.#train.length;
  }

  /** Multipliers of all training rows. */
  multipliers(): Float64Array {
    const all = Float64Array.from(this.#bound);
    for (let i = 0; i < this.rows; i++) all[this.#active[i]] = this.alpha[i];
    return all;
  }

  /** Starts on the central path of the scores f. */
  start(mu: number): void {
    for (let i = 0; i < this.rows; i++) {
      const z = 1 - this.y[i] * (this.f[i] + this.b);
      this.#put(i, nearest(Math.abs(z), mu), z > 0, mu);
    }
  }

  /** Brings z up to date; returns mean product (mu) and the sum of hinge losses over all rows. */
  measure(): { mu: number; hinge: number } {
    const { step } = this.#k;
    const hinge = step.measure(this.rows, this.b) + this.#loss;
    return { mu: step.products(this.rows) / (2 * this.rows), hinge };
  }

  /** Takes back fixed rows near the margin, fixes others far from it, and has the kernels use what is active. */
  shrink(mu: number): void {
    this.#size = 0;
    for (let i = 0; i < this.rows; i++) if (this.alpha[i] > this.#size) this.#size = this.alpha[i];
    if (this.#rest > 0) this.#takeBack(mu);
    this.#fix();
    this.#use(this.#active, this.rows);
  }

  #takeBack(mu: number): void {
    const before = this.#rest;
    this.#use(this.#resting, before);
    this.#k.scores(this.w, this.#scores, true);
    const freed: number[] = [];
    this.#rest = 0;
    this.#loss = 0;
    for (let k = 0; k < before; k++) {
      const at = this.#resting[k];
      const upper = this.#bound[at] === 1;
      const z = 1 - this.#labels[at] * (this.#scores[k] + this.b);
      const slack = upper ? z : -z;
      if (slack > 0 && slack * slack * BACK * (upper ? 1 : this.#size) > mu) {
        this.#resting[this.#rest++] = at;
        if (upper) this.#loss += z;
        continue;
      }
      const i = this.rows++;
      this.#active[i] = at;
      this.y[i] = this.#labels[at];
      this.f[i] = this.#scores[k];
      this.z[i] = z;
      this.steady[i] = 0;
      this.#put(i, slack > 0 ? nearest(slack, mu) : Math.sqrt(mu), upper, mu);
      if (upper) freed.push(at);
    }
    this.#count(freed, -1);
  }

  #fix(): void {
    const { y, f, alpha, beta, s, xi, z, steady, rows } = this;
    let cut = FIX;
    let left = this.#beyond(cut);
    for (let k = 0; k < PRUDENCE && left < this.#k.columns / 3; k++) left = this.#beyond((cut /= 3));
    if (left > (1 - WORTH) * rows || left < FEW) return;
    const upper: number[] = [];
    let n = 0;
    for (let i = 0; i < rows; i++) {
      const at = this.#active[i];
      const low = alpha[i] < cut * this.#size * s[i];
      if (steady[i] > 0 && (low || beta[i] < cut * xi[i])) {
        this.#resting[this.#rest++] = at;
        this.#bound[at] = low ? 0 : 1;
        if (low) continue;
        upper.push(at);
        this.#loss += Math.max(0, z[i]);
        continue;
      }
      this.#active[n] = at;
      y[n] = y[i];
      f[n] = f[i];
      alpha[n] = alpha[i];
      beta[n] = beta[i];
      s[n] = s[i];
      xi[n] = xi[i];
      z[n] = z[i];
      n++;
    }
    this.rows = n;
    this.#count(upper, 1);
  }

  /** Active rows that stay so. */
  #beyond(cut: number): number {
    const { alpha, beta, s, xi, steady, rows } = this;
    let left = rows;
    for (let i = 0; i < rows; i++)
      if (steady[i] > 0 && (alpha[i] < cut * this.#size * s[i] || beta[i] < cut * xi[i])) left--;
    return left;
  }

  /** Adds rows at the upper bound to the fixed sums, or takes them off. */
  #count(upper: readonly number[], sign: number): void {
    if (upper.length === 0) return;
    const sum = new Float64Array(this.w.length);
    this.#use(upper, upper.length);
    this.#k.combine(
      Float64Array.from(upper, (at) => sign * this.#labels[at]),
      sum,
    );
    for (let j = 0; j < sum.length; j++) this.fixed[j] += sum[j];
    for (const at of upper) this.fixedSum += sign * this.#labels[at];
  }

  #use(positions: ArrayLike<number>, count: number): void {
    for (let i = 0; i < count; i++) this.#rows[i] = this.#train[positions[i]];
    this.#k.use(this.#rows.subarray(0, count));
  }

  /** Sets the multiplier of row `i`, `small` away from its nearer bound, and slacks that make its products mu. */
  #put(i: number, small: number, upper: boolean, mu: number): void {
    this.alpha[i] = upper ? 1 - small : small;
    this.beta[i] = upper ? small : 1 - small;
    this.s[i] = mu / this.alpha[i];
    this.xi[i] = mu / this.beta[i];
  }
}

/**
 * How far a multiplier on the central path is from its nearer bound, for |z|: the smaller of a and 1 - a, a being the
 * root in (0, 1) of z a^2 + (2 mu - z) a - mu = 0; nothing cancels this way.
 */
function nearest(z: number, mu: number): number {
  return (2 * mu) / (2 * mu + z + Math.hypot(z, 2 * mu));
}
