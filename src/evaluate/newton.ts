import type { Kernels } from "./kernels.ts";

/** A point of the interior-point method; all of one training set's rows, or one number per feature (`w`). */
export interface Point {
  readonly w: Float64Array;
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
  /** Diagonal of D. */
  readonly weight: Float64Array;
}

/** Where a point would move. */
interface Direction {
  readonly dw: Float64Array;
  /** X dw. */
  readonly df: Float64Array;
  readonly dalpha: Float64Array;
  readonly ds: Float64Array;
  readonly dxi: Float64Array;
  db: number;
}

/**
 * Relative residual at which a linear system counts as solved, in units of mu: what is left enters the next step's
 * right-hand side, and only the last steps have to be exact.
 */
const RESIDUAL = 0.1;
const LARGEST_RESIDUAL = 0.01;
const SMALLEST_RESIDUAL = 1e-9;
/** More than this many conjugate gradient steps say that the factor in float32 is no good any more. */
const CG_PATIENCE = 12;
/** Sum of weights times mean variance above which float32 cannot hold H (see docs/method-probes.md). */
const SINGLE_LIMIT = 1e6;

/** Newton steps of the interior-point method of {@link solveInterior}; docs/method-probes.md has the equations. */
export class Newton {
  readonly #k: Kernels;
  readonly #y: Int8Array;
  readonly #p: Point;
  /** Mean variance of the features. */
  readonly #variance: number;
  readonly #c1: Float64Array;
  readonly #c2: Float64Array;
  readonly #q: Float64Array;
  readonly #rows: Float64Array;
  /** X'D1 and H^-1 X'D1. */
  readonly #h: Float64Array;
  readonly #hv: Float64Array;
  #eta = 0;
  #residual = 0;
  #single = true;
  #now: Direction;
  #other: Direction;

  constructor(kernels: Kernels, y: Int8Array, point: Point, variance: number) {
    this.#k = kernels;
    this.#y = y;
    this.#p = point;
    this.#variance = variance;
    const long = () => new Float64Array(y.length);
    const short = () => new Float64Array(kernels.columns);
    this.#c1 = long();
    this.#c2 = long();
    this.#q = long();
    this.#rows = long();
    this.#h = short();
    this.#hv = short();
    const direction = () => ({ dw: short(), df: long(), dalpha: long(), ds: long(), dxi: long(), db: 0 });
    this.#now = direction();
    this.#other = direction();
  }

  /** Moves the point by one step; returns the change of the bias, or null where rounding forbids any. */
  step(mu: number): number | null {
    this.#residual = Math.min(LARGEST_RESIDUAL, Math.max(SMALLEST_RESIDUAL, RESIDUAL * mu));
    if (!this.#factor()) return null;
    const { alpha, beta, s, xi } = this.#p;
    const n = alpha.length;
    for (let i = 0; i < n; i++) {
      this.#c1[i] = -alpha[i] * s[i];
      this.#c2[i] = -beta[i] * xi[i];
    }
    this.#solve();
    const { dalpha, ds, dxi } = this.#now;
    const t = this.#longest();
    let after = 0;
    for (let i = 0; i < n; i++)
      after +=
        (alpha[i] + t * dalpha[i]) * (s[i] + t * ds[i]) + (beta[i] - t * dalpha[i]) * (xi[i] + t * dxi[i]);
    const target = (after / (2 * n * mu)) ** 3 * mu;
    for (let i = 0; i < n; i++) {
      this.#c1[i] = target - alpha[i] * s[i] - dalpha[i] * ds[i];
      this.#c2[i] = target - beta[i] * xi[i] + dalpha[i] * dxi[i];
    }
    this.#solve();
    const length = this.#center(target, this.#longest());
    return this.#move(Math.max(0.99, 1 - mu) * length);
  }

  /** Up to two corrections toward the central path, each kept where it lengthens the step. */
  #center(target: number, length: number): number {
    const { alpha, beta, s, xi } = this.#p;
    let t = length;
    for (let round = 0; round < 2 && t < 0.95; round++) {
      const { dalpha, ds, dxi } = this.#now;
      const ahead = Math.min(1, 1.08 * t + 0.08);
      for (let i = 0; i < alpha.length; i++) {
        const a = ahead * dalpha[i];
        this.#c1[i] += toward((alpha[i] + a) * (s[i] + ahead * ds[i]), target);
        this.#c2[i] += toward((beta[i] - a) * (xi[i] + ahead * dxi[i]), target);
      }
      [this.#now, this.#other] = [this.#other, this.#now];
      this.#solve();
      const longer = this.#longest();
      if (!(longer >= t + 0.01)) {
        [this.#now, this.#other] = [this.#other, this.#now];
        break;
      }
      t = longer;
    }
    return t;
  }

  #move(t: number): number {
    const { w, f, alpha, beta, s, xi } = this.#p;
    const { dw, df, dalpha, ds, dxi, db } = this.#now;
    for (let i = 0; i < alpha.length; i++) {
      f[i] += t * df[i];
      alpha[i] += t * dalpha[i];
      beta[i] -= t * dalpha[i];
      s[i] += t * ds[i];
      xi[i] += t * dxi[i];
    }
    for (let j = 0; j < w.length; j++) w[j] += t * dw[j];
    return t * db;
  }

  /** Factors H = I + X'DX and prepares what every right-hand side of this step needs. */
  #factor(): boolean {
    const { weight } = this.#p;
    let eta = 0;
    for (let i = 0; i < weight.length; i++) eta += weight[i];
    this.#eta = eta;
    if (eta * this.#variance > SINGLE_LIMIT) this.#single = false;
    this.#k.combine(weight, this.#h);
    // Rows with small weights are left to the conjugate gradients: all of them together are less than the identity.
    const above = 0.5 / (weight.length * this.#variance + 1e-300);
    for (;;) {
      if (this.#k.factor(weight, this.#single, above)) {
        this.#hv.set(this.#h);
        if (this.#invert(this.#hv, CG_PATIENCE)) return true;
      }
      if (!this.#single) return false;
      this.#single = false;
    }
  }

  /** Direction for the complementarity targets c1, c2. */
  #solve(): void {
    const { w, alpha, beta, s, xi, z, weight } = this.#p;
    const { dw, df, dalpha, ds, dxi } = this.#now;
    const c1 = this.#c1;
    const c2 = this.#c2;
    const q = this.#q;
    const y = this.#y;
    const n = y.length;
    let gamma = 0;
    for (let i = 0; i < n; i++) {
      q[i] = c1[i] / alpha[i] - c2[i] / beta[i] + (s[i] - xi[i] + z[i]);
      this.#rows[i] = y[i] * (alpha[i] + weight[i] * q[i]);
      gamma += this.#rows[i];
    }
    this.#k.combine(this.#rows, dw);
    for (let j = 0; j < dw.length; j++) dw[j] -= w[j];
    this.#invert(dw, 2 * CG_PATIENCE);
    const db = (gamma - dot(this.#h, dw)) / (this.#eta - dot(this.#h, this.#hv));
    for (let j = 0; j < dw.length; j++) dw[j] -= db * this.#hv[j];
    this.#now.db = db;
    this.#k.scores(dw, df);
    for (let i = 0; i < n; i++) {
      const a = weight[i] * (q[i] - y[i] * (df[i] + db));
      dalpha[i] = a;
      ds[i] = (c1[i] - s[i] * a) / alpha[i];
      dxi[i] = (c2[i] + xi[i] * a) / beta[i];
    }
  }

  /** Longest step, at most 1, that leaves nothing negative. */
  #longest(): number {
    const { alpha, beta, s, xi } = this.#p;
    const { dalpha, ds, dxi } = this.#now;
    let worst = 1;
    for (let i = 0; i < alpha.length; i++) {
      const a = dalpha[i];
      const rate = Math.max(-a / alpha[i], a / beta[i], -ds[i] / s[i], -dxi[i] / xi[i]);
      if (!(rate <= worst)) worst = rate;
    }
    return 1 / worst;
  }

  /** v = H^-1 v by conjugate gradients, with the factor as preconditioner; false where they do not get there. */
  #invert(v: Float64Array, limit: number): boolean {
    const k = this.#k;
    const { weight } = this.#p;
    const residual = v.slice();
    const u = v.slice();
    k.solve(u);
    const direction = u.slice();
    const product = new Float64Array(v.length);
    v.fill(0);
    let rho = dot(residual, u);
    const stop = rho * this.#residual ** 2;
    for (let round = 0; rho > 0; round++) {
      // In float64 there is nothing better to turn to; the certificate judges what comes of it.
      if (round === limit) return !this.#single;
      k.scores(direction, this.#rows);
      for (let i = 0; i < weight.length; i++) this.#rows[i] *= weight[i];
      k.combine(this.#rows, product);
      for (let j = 0; j < v.length; j++) product[j] += direction[j];
      const step = rho / dot(direction, product);
      for (let j = 0; j < v.length; j++) {
        v[j] += step * direction[j];
        residual[j] -= step * product[j];
      }
      u.set(residual);
      k.solve(u);
      const next = dot(residual, u);
      if (next <= stop) return true;
      const ratio = next / rho;
      rho = next;
      for (let j = 0; j < v.length; j++) direction[j] = u[j] + ratio * direction[j];
    }
    return rho === 0;
  }
}

/** What Gondzio's correction adds to a product that would stray from the target. */
function toward(value: number, target: number): number {
  return Math.max(Math.min(Math.max(value, 0.1 * target), 10 * target) - value, -10 * target);
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
