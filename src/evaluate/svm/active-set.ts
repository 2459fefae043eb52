import { mulberry32 } from "../../core/rng.ts";
import type { InnerProducts } from "./inner-products.ts";
import type { Kernels } from "./kernels.ts";
import type { RowView } from "./row-view.ts";

/** Where a row's multiplier is: at 0, between its bounds, at 1; or nobody has asked yet. */
const OUT = 0;
const FREE = 1;
const BOUND = 2;
const UNKNOWN = -1;

/** Rows of the smallest set; every further one is twice as large. */
const SMALLEST = 200;
/** Ridges, in units of the rows' mean squared norm, through which a set is solved: the smallest; others; those with room to overlap. */
const FROM_NOTHING = [1, 0.1, 1e-2, 1e-3, 0];
const FROM_GUESS = [0];
const FROM_LOOSE_GUESS = [3e-3, 0];
/** Share of rows at their upper bound in a small set above which all of them will overlap too much. */
const OVERLAP = 0.03;
/** Rows per feature above which classes may overlap. */
const LOOSE = 1.3;
/** Share of wrong rows at which a set is close enough for the next ridge. */
const CLOSE = 0.01;
/** Rounds in which the wrong rows may not have become fewer, and rounds in all, before a set is given up. */
const PATIENCE = 8;
const ROUNDS = 40;
/** What a margin of a free row may be off. */
const EXACT = 1e-9;
/** A residual that is left with more than this share of itself needs a factor in float64. */
const SLOW = 0.3;
/** Free rows up to which float32 saves nothing, as it takes a round more. */
const SMALL = 256;
/**
 * Ridges of the factors in either precision, which keep them positive definite; rounds correct what they change. More is
 * needed where there are as many free rows as features, as K is in float32.
 */
const SINGLE = 1e-5;
const DOUBLE = [1e-10, 1e-8, 1e-6];

/**
 * Dual of the linear C-SVC with C = 1 and unpenalized bias by a primal-dual active-set method (Hintermueller, Ito and
 * Kunisch 2002) for classes with about as many features as rows that count: each round solves, for the rows whose
 * multipliers are free,
 *
 *     K beta + b = y,   sum of beta = 0,   beta = y alpha,
 *
 * with the others at 0 or y, and moves all rows that are on the wrong side at once. Few rounds do where it starts near
 * the end: sets grow twofold from a small one, which is solved along a falling ridge, and later training sets start from
 * the last. It is not bound to end; where classes overlap it does not.
 */
export class ActiveSet {
  readonly #kernels: Kernels;
  readonly #inner: InnerProducts;
  readonly #labels: Int8Array;
  readonly #roles: Int8Array;
  /** y alpha of every row; what is not in the training set has 0. */
  readonly #beta: Float64Array;
  readonly #w: Float64Array;
  #b = 0;
  /** Mean squared norm of the rows. */
  readonly #size: number;
  #single = true;
  #rounds = 0;
  #started = false;

  /** @param labels +1 or -1 for each row of the kernels' matrix */
  constructor(kernels: Kernels, inner: InnerProducts, labels: Int8Array) {
    this.#kernels = kernels;
    this.#inner = inner;
    this.#labels = labels;
    this.#roles = new Int8Array(labels.length).fill(UNKNOWN);
    this.#beta = new Float64Array(labels.length);
    this.#w = new Float64Array(kernels.columns);
    this.#size = kernels.variance * kernels.dimension;
  }

  /** Rounds that the last solution took. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Multipliers of the training rows at the optimum; null where the method does not get there. */
  solve(train: Int32Array): Float64Array | null {
    this.#rounds = 0;
    if (!(this.#size > 0)) return null;
    if (this.#started) this.#restrict(train);
    this.#started = this.#started ? this.#go(train) : this.#grow(train);
    if (!this.#started) return null;
    return this.#multipliers(train);
  }

  /**
   * From a point near the optimum: the roles of rows are those of the larger of multiplier and slack, in units of the
   * largest multiplier.
   *
   * @param alpha multipliers of the training rows
   * @param scores of the training rows, bias included
   */
  polish(train: Int32Array, alpha: Float64Array, scores: Float64Array, b: number): Float64Array | null {
    this.#rounds = 0;
    this.#roles.fill(UNKNOWN);
    this.#beta.fill(0);
    this.#b = b;
    let size = 0;
    for (const a of alpha) if (a > size) size = a;
    train.forEach((r, i) => {
      const z = 1 - this.#labels[r] * scores[i];
      const role = alpha[i] < -z * size ? OUT : 1 - alpha[i] < z ? BOUND : FREE;
      this.#roles[r] = role;
      this.#beta[r] = role === OUT ? 0 : this.#labels[r] * (role === BOUND ? 1 : alpha[i]);
    });
    return this.#settle(train, FROM_GUESS, 1) ? this.#multipliers(train) : null;
  }

  #multipliers(train: Int32Array): Float64Array {
    return Float64Array.from(train, (r) => Math.min(1, Math.max(0, this.#labels[r] * this.#beta[r])));
  }

  /** From a small set to all rows. */
  #grow(train: Int32Array): boolean {
    const { dimension } = this.#kernels;
    this.#roles.fill(UNKNOWN);
    this.#beta.fill(0);
    this.#b = 0;
    const order = shuffled(train);
    let size = Math.min(train.length, SMALLEST, Math.max(16, dimension >> 1));
    let before = Number.NaN;
    for (;;) {
      const rows = order.slice(0, size).sort();
      if (Number.isNaN(before)) {
        for (const r of rows) this.#roles[r] = FREE;
        if (!this.#settle(rows, FROM_NOTHING)) return false;
      } else if (!this.#go(rows)) return false;
      if (size === train.length) return true;
      const free = this.#count(rows, FREE);
      // More free rows than features cannot be solved for; their number grows as a power of that of the rows.
      if (free * (train.length / size) ** Math.log2(free / before) > dimension) return false;
      if (this.#count(rows, BOUND) > OVERLAP * size) return false;
      before = free;
      size = Math.min(2 * size, train.length);
    }
  }

  #count(rows: Int32Array, role: number): number {
    let count = 0;
    for (const r of rows) if (this.#roles[r] === role) count++;
    return count;
  }

  /** Forgets rows that are not in the training set. */
  #restrict(train: Int32Array): void {
    const kept = new Uint8Array(this.#roles.length);
    for (const r of train) kept[r] = 1;
    for (let r = 0; r < kept.length; r++)
      if (kept[r] === 0) {
        this.#roles[r] = UNKNOWN;
        this.#beta[r] = 0;
      }
  }

  /** Rows without a role get the one that the last machine has for them. */
  #go(rows: Int32Array): boolean {
    const unknown = rows.filter((r) => this.#roles[r] === UNKNOWN);
    const scores = new Float64Array(unknown.length);
    this.#kernels.view(unknown).scores(this.#w, scores);
    unknown.forEach((r, i) => {
      this.#roles[r] = 1 - this.#labels[r] * (scores[i] + this.#b) > 0 ? FREE : OUT;
    });
    const loose = rows.length > LOOSE * this.#kernels.dimension;
    return this.#settle(rows, loose ? FROM_LOOSE_GUESS : FROM_GUESS);
  }

  /** @param patience rounds in which the wrong rows may not have become fewer, before the set is given up */
  #settle(rows: Int32Array, ridges: readonly number[], patience = PATIENCE): boolean {
    const view = this.#kernels.view(rows);
    const f = new Float64Array(rows.length);
    this.#score(rows, view, f);
    this.#single = true;
    return ridges.every((ridge, level) => {
      const last = level === ridges.length - 1;
      let least = Infinity;
      let waited = 0;
      let left = Infinity;
      for (let round = 0; round < ROUNDS; round++) {
        this.#rounds++;
        const residual = this.#correct(rows, view, f, ridge * this.#size);
        if (residual === null) return false;
        const wrong = this.#judge(rows, f, ridge * this.#size, Math.max(EXACT, residual));
        if (!last && wrong <= CLOSE * rows.length) return true;
        if (wrong > 0) {
          if (wrong < least) {
            least = wrong;
            waited = 0;
          } else if (++waited > patience) return false;
          left = Infinity;
          continue;
        }
        if (residual <= EXACT) return true;
        if (residual > SLOW * left) {
          if (!this.#single) return true;
          this.#single = false;
        }
        left = residual;
      }
      return false;
    });
  }

  /** f = Xw of the rows, w = X' beta. */
  #score(rows: Int32Array, view: RowView, f: Float64Array): void {
    const beta = this.#beta;
    const used = pick(rows, (r) => beta[r] !== 0);
    const factors = new Float64Array(used.length);
    for (let i = 0; i < used.length; i++) factors[i] = beta[used[i]];
    this.#kernels.view(used).combine(factors, this.#w);
    view.scores(this.#w, f);
  }

  /**
   * Solves for the free rows and brings f up to date; returns the largest residual of those that stay free, or null
   * where there is no solution.
   */
  #correct(rows: Int32Array, view: RowView, f: Float64Array, ridge: number): number | null {
    const roles = this.#roles;
    const labels = this.#labels;
    const beta = this.#beta;
    const free = pick(rows, (r) => roles[r] === FREE);
    const n = free.length;
    if (n === 0) return null;
    const places = this.#inner.places(free);
    const v = new Float64Array(n);
    for (let i = 0, k = 0; i < rows.length; i++)
      if (roles[rows[i]] === FREE) v[k++] = labels[rows[i]] - f[i] - this.#b;
    let sum = 0;
    for (const r of rows) {
      const goal = roles[r] === OUT ? 0 : roles[r] === BOUND ? labels[r] : beta[r];
      // A row that goes to its bound takes along what it added to the scores of the others.
      if (goal !== beta[r]) this.#inner.add(places, r, beta[r] - goal, v);
      beta[r] = goal;
      sum += goal;
    }
    const one = new Float64Array(n);
    const root = this.#factor(places, ridge, one);
    if (root === null) return null;
    const { scale, solve } = root;
    for (let k = 0; k < n; k++) v[k] = scale * (v[k] - ridge * beta[free[k]]);
    solve(v);
    solve(one);
    let along = 0;
    for (let k = 0; k < n; k++) {
      sum += scale * v[k];
      along += scale * one[k];
    }
    const db = sum / along;
    for (let k = 0; k < n; k++) beta[free[k]] += scale * (v[k] - db * one[k]);
    this.#b += db;
    if (!Number.isFinite(this.#b)) return null;
    this.#score(rows, view, f);
    let residual = 0;
    for (let i = 0; i < rows.length; i++) {
      const r = rows[i];
      const alpha = labels[r] * beta[r];
      if (roles[r] !== FREE || alpha < 0 || alpha > 1) continue;
      residual = Math.max(residual, Math.abs(labels[r] - f[i] - this.#b - ridge * beta[r]));
    }
    return residual;
  }

  /** Solves with K + ridge I over the places, as scale S^-1 scale; `one` becomes what stands for a vector of ones. */
  #factor(places: Int32Array, ridge: number, one: Float64Array) {
    const least = this.#single && places.length > SMALL ? [SINGLE, ...DOUBLE] : DOUBLE;
    for (const own of least) {
      const scale = 1 / Math.sqrt(Math.max(ridge, own * this.#size));
      one.fill(scale);
      const solve = this.#inner.factor(places, one, own === SINGLE);
      if (solve !== null) return { scale, solve };
      this.#single = false;
    }
    return null;
  }

  /** Gives rows that are on the wrong side, by more than `open`, another role; returns how many. */
  #judge(rows: Int32Array, f: Float64Array, ridge: number, open: number): number {
    const roles = this.#roles;
    let wrong = 0;
    for (let i = 0; i < rows.length; i++) {
      const r = rows[i];
      const alpha = this.#labels[r] * this.#beta[r];
      const z = 1 - this.#labels[r] * (f[i] + this.#b) - ridge * alpha;
      const role = roles[r];
      if (role === FREE) roles[r] = alpha < 0 ? OUT : alpha > 1 ? BOUND : FREE;
      else if (role === OUT ? z > open : z < -open) roles[r] = FREE;
      if (roles[r] !== role) wrong++;
    }
    return wrong;
  }
}

/** The rows that are wanted. */
function pick(rows: Int32Array, wanted: (row: number) => boolean): Int32Array {
  const out = new Int32Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) if (wanted(rows[i])) out[count++] = rows[i];
  return out.subarray(0, count);
}

/** In an order that depends on nothing but their number. */
function shuffled(rows: Int32Array): Int32Array {
  const random = mulberry32(1);
  const order = rows.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
