import type { Kernels } from "./kernels.ts";
import type { Point } from "./point.ts";

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
const RESIDUAL = 1;
const LARGEST_RESIDUAL = 0.01;
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
/** Below this many features a full factor is cheaper than the steps that make up for a part of it. */
const SPLIT_COLUMNS = 32;
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
  readonly #scatter: Float32Array;
  /** Mean variance of the features over the training rows. */
  readonly #variance: number;
  /** Diagonal of D, and the inverses of alpha and beta. */
  readonly #weight: Float64Array;
  readonly #alphaInverse: Float64Array;
  readonly #betaInverse: Float64Array;
  readonly #c1: Float64Array;
  readonly #c2: Float64Array;
  readonly #q: Float64Array;
  readonly #rows: Float64Array;
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
  #single = true;
  #rough = true;
  #now: Direction;
  #other: Direction;

  constructor(kernels: Kernels, point: Point, scatter: Float32Array, variance: number) {
    this.#k = kernels;
    this.#p = point;
    this.#scatter = scatter;
    this.#variance = variance;
    const long = () => new Float64Array(point.rows);
    const short = () => new Float64Array(kernels.columns);
    this.#weight = long();
    this.#alphaInverse = long();
    this.#betaInverse = long();
    this.#c1 = long();
    this.#c2 = long();
    this.#q = long();
    this.#rows = long();
    this.#h = short();
    this.#hv = short();
    this.#goal = short();
    this.#solution = short();
    this.#residual = short();
    this.#u = short();
    this.#along = short();
    this.#product = short();
    const direction = () => ({ dw: short(), df: long(), dalpha: long(), ds: long(), dxi: long(), db: 0 });
    this.#now = direction();
    this.#other = direction();
  }

  /** Moves the point by one step; false where rounding forbids any. */
  step(): boolean {
    const mu = this.#prepare();
    this.#tolerance = Math.min(LARGEST_RESIDUAL, Math.max(SMALLEST_RESIDUAL, RESIDUAL * mu));
    if (this.#rough && mu <= ROUGH) {
      this.#rough = false;
      this.#k.scores(this.#p.w, this.#p.f);
      return true;
    }
    if (!this.#factor()) return false;
    const { alpha, beta, s, xi, rows } = this.#p;
    const c1 = this.#c1;
    const c2 = this.#c2;
    for (let i = 0; i < rows; i++) {
      c1[i] = -alpha[i] * s[i];
      c2[i] = -beta[i] * xi[i];
    }
    this.#solve(PREDICTOR_RESIDUAL);
    const { dalpha, ds, dxi } = this.#now;
    const t = this.#longest();
    let after = 0;
    for (let i = 0; i < rows; i++)
      after +=
        (alpha[i] + t * dalpha[i]) * (s[i] + t * ds[i]) + (beta[i] - t * dalpha[i]) * (xi[i] + t * dxi[i]);
    const target = (after / (2 * rows * mu)) ** 3 * mu;
    for (let i = 0; i < rows; i++) {
      c1[i] += target - dalpha[i] * ds[i];
      c2[i] += target + dalpha[i] * dxi[i];
    }
    this.#solve(this.#tolerance);
    const length = this.#center(target, this.#longest());
    this.#move(Math.max(0.99, 1 - mu) * length);
    return true;
  }

  /** Weights and inverses of the active rows; returns mu. */
  #prepare(): number {
    const { alpha, beta, s, xi, rows } = this.#p;
    const weight = this.#weight;
    const alphaInverse = this.#alphaInverse;
    const betaInverse = this.#betaInverse;
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const a = 1 / alpha[i];
      const b = 1 / beta[i];
      alphaInverse[i] = a;
      betaInverse[i] = b;
      weight[i] = 1 / (s[i] * a + xi[i] * b);
      sum += alpha[i] * s[i] + beta[i] * xi[i];
    }
    return sum / (2 * rows);
  }

  /** Up to two corrections toward the central path, each kept where it lengthens the step. */
  #center(target: number, length: number): number {
    const { alpha, beta, s, xi, rows } = this.#p;
    let t = length;
    for (let round = 0; round < 2 && t < 0.95; round++) {
      const { dalpha, ds, dxi } = this.#now;
      const ahead = Math.min(1, 1.08 * t + 0.08);
      for (let i = 0; i < rows; i++) {
        const a = ahead * dalpha[i];
        this.#c1[i] += toward((alpha[i] + a) * (s[i] + ahead * ds[i]), target);
        this.#c2[i] += toward((beta[i] - a) * (xi[i] + ahead * dxi[i]), target);
      }
      [this.#now, this.#other] = [this.#other, this.#now];
      this.#solve(this.#tolerance);
      const longer = this.#longest();
      if (!(longer >= t + 0.01)) {
        [this.#now, this.#other] = [this.#other, this.#now];
        break;
      }
      t = longer;
    }
    return t;
  }

  #move(t: number): void {
    const { w, f, alpha, beta, s, xi, steady, rows } = this.#p;
    const { dw, df, dalpha, ds, dxi, db } = this.#now;
    for (let i = 0; i < rows; i++) {
      f[i] += t * df[i];
      alpha[i] += t * dalpha[i];
      beta[i] -= t * dalpha[i];
      s[i] += t * ds[i];
      xi[i] += t * dxi[i];
      steady[i] = (alpha[i] < beta[i] ? t * ds[i] + FALL * s[i] : t * dxi[i] + FALL * xi[i]) > 0 ? 1 : 0;
    }
    for (let j = 0; j < w.length; j++) w[j] += t * dw[j];
    this.#p.b += t * db;
  }

  /** Factors H = I + X'DX and prepares what every right-hand side of this step needs. */
  #factor(): boolean {
    const weight = this.#weight;
    let eta = 0;
    for (let i = 0; i < this.#p.rows; i++) eta += weight[i];
    this.#eta = eta;
    this.#loose = eta * this.#variance < LOOSE_LIMIT && this.#tolerance >= LOOSE;
    if (eta * this.#variance > SINGLE_LIMIT) this.#single = false;
    this.#k.combine(weight, this.#h, this.#rough);
    const { above, base } = this.#split();
    for (;;) {
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
    if (!this.#single || this.#k.few || this.#k.columns < SPLIT_COLUMNS || 2 * rows < all)
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

  /** Direction for the complementarity targets c1, c2. */
  #solve(tolerance: number): void {
    const { w, y, alpha, s, xi, z, fixed, rows } = this.#p;
    const { dw, df, dalpha, ds, dxi } = this.#now;
    const weight = this.#weight;
    const alphaInverse = this.#alphaInverse;
    const betaInverse = this.#betaInverse;
    const c1 = this.#c1;
    const c2 = this.#c2;
    const q = this.#q;
    const signed = this.#rows;
    let gamma = this.#p.fixedSum;
    for (let i = 0; i < rows; i++) {
      q[i] = c1[i] * alphaInverse[i] - c2[i] * betaInverse[i] + (s[i] - xi[i] + z[i]);
      signed[i] = y[i] * (alpha[i] + weight[i] * q[i]);
      gamma += signed[i];
    }
    this.#k.combine(signed, dw, this.#rough);
    // The bias is eliminated: db = (gamma - h'dw) / eta.
    const slope = gamma / this.#eta;
    for (let j = 0; j < dw.length; j++) dw[j] += fixed[j] - w[j] - slope * this.#h[j];
    this.#invert(dw, tolerance);
    const db = (gamma - dot(this.#h, dw)) / this.#eta;
    this.#now.db = db;
    this.#k.scores(dw, df, this.#rough);
    for (let i = 0; i < rows; i++) {
      const a = weight[i] * (q[i] - y[i] * (df[i] + db));
      dalpha[i] = a;
      ds[i] = (c1[i] - s[i] * a) * alphaInverse[i];
      dxi[i] = (c2[i] + xi[i] * a) * betaInverse[i];
    }
  }

  /** Longest step, at most 1, that leaves nothing negative. */
  #longest(): number {
    const { alpha, beta, s, xi, rows } = this.#p;
    const { dalpha, ds, dxi } = this.#now;
    let worst = 1;
    for (let i = 0; i < rows; i++) {
      const a = dalpha[i];
      if (!(-a <= worst * alpha[i])) worst = -a / alpha[i];
      if (!(a <= worst * beta[i])) worst = a / beta[i];
      if (!(-ds[i] <= worst * s[i])) worst = -ds[i] / s[i];
      if (!(-dxi[i] <= worst * xi[i])) worst = -dxi[i] / xi[i];
    }
    return 1 / worst;
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
    const signed = this.#rows;
    const weight = this.#weight;
    this.#k.scores(v, signed, this.#loose);
    for (let i = 0; i < this.#p.rows; i++) signed[i] *= weight[i];
    this.#k.combine(signed, out, this.#loose);
    const bend = dot(this.#h, v) / this.#eta;
    for (let j = 0; j < v.length; j++) out[j] += v[j] - bend * this.#h[j];
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
