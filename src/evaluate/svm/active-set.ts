import { mulberry32 } from "../../core/rng.ts";
import type { Passed } from "./follow.ts";
import { FreeSystem } from "./free-system.ts";
import type { InnerProducts } from "./inner-products.ts";
import type { Kernels } from "./kernels.ts";
import { BOUND, FREE, OUT } from "./problem.ts";

/** The role of a row that nobody has asked for yet. */
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
/** Rows per feature above which no set is tried: the interior point is sooner, whatever the classes. */
const MOST_ROWS = 5;
/** Share of wrong rows in a round above which classes overlap too much, where there are more rows than features. */
const HOPELESS = 0.45;
/** Rows that look free, per feature, above which a point is not near the optimum. */
const MOST_FREE = 0.96;
/** Wrong rows at which a point was not near the optimum: so many, or this share of the free ones. */
const FEW_WRONG = 4;
const FEW_WRONG_NEAR = 32;
const WRONG = 0.15;
/** What a margin of a free row may be off. */
const EXACT = 1e-9;
/** A residual that is left with more than this share of itself needs a factor in float64. */
const SLOW = 0.3;

/** When a set is given up. */
interface Limits {
  /** After so many rounds in which the wrong rows did not become fewer. */
  readonly patience: number;
  /** With more wrong rows than this. */
  readonly most: number;
}

const LIMITS: Limits = { patience: PATIENCE, most: Infinity };

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
  readonly #system: FreeSystem;
  readonly #labels: Int8Array;
  readonly #roles: Int8Array;
  /** y alpha of every row; what is not in the training set has 0. */
  readonly #beta: Float64Array;
  readonly #w: Float64Array;
  /** Xw of every row, where it was asked for. */
  readonly #f: Float64Array;
  #b = 0;
  /** Mean squared norm of the rows. */
  readonly #size: number;
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
    this.#f = new Float64Array(labels.length);
    this.#size = kernels.variance * kernels.dimension;
    this.#system = new FreeSystem(inner, this.#size);
  }

  /** Rounds that the last solution took. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Multipliers of the training rows at the optimum; null where the method does not get there. */
  solve(train: Int32Array): Float64Array | null {
    this.#rounds = 0;
    if (!(this.#size > 0) || train.length > MOST_ROWS * this.#kernels.dimension) return null;
    if (this.#started) this.#restrict(train);
    this.#started = this.#started ? this.#go(train, train.length) : this.#grow(train);
    if (!this.#started) return null;
    return this.#multipliers(train);
  }

  /**
   * From a point near the optimum; null where it is not near enough, as about as many rows that look free as there are
   * features tell, or many wrong ones.
   */
  polish(train: Int32Array, { roles, alpha, b, near }: Passed): Float64Array | null {
    this.#rounds = 0;
    let free = 0;
    for (let i = 0; i < roles.length; i++) if (roles[i] === FREE) free++;
    if (!near && free > MOST_FREE * this.#kernels.dimension) return null;
    this.#roles.fill(UNKNOWN);
    this.#beta.fill(0);
    this.#b = b;
    const multipliers = alpha();
    for (let i = 0; i < train.length; i++) {
      const r = train[i];
      this.#roles[r] = roles[i];
      this.#beta[r] = roles[i] === OUT ? 0 : this.#labels[r] * (roles[i] === BOUND ? 1 : multipliers[i]);
    }
    const limits = { patience: 1, most: Math.max(near ? FEW_WRONG_NEAR : FEW_WRONG, WRONG * free) };
    return this.#settle(train, FROM_GUESS, limits) ? this.#multipliers(train) : null;
  }

  #multipliers(train: Int32Array): Float64Array {
    const alpha = new Float64Array(train.length);
    for (let i = 0; i < alpha.length; i++) {
      const r = train[i];
      alpha[i] = Math.min(1, Math.max(0, this.#labels[r] * this.#beta[r]));
    }
    return alpha;
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
      } else if (!this.#go(rows, train.length)) return false;
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

  /**
   * Rows without a role get the one that the last machine has for them.
   *
   * @param all rows of the training set that they belong to
   */
  #go(rows: Int32Array, all: number): boolean {
    const unknown = rows.filter((r) => this.#roles[r] === UNKNOWN);
    const scores = new Float64Array(unknown.length);
    this.#kernels.view(unknown).scores(this.#w, scores);
    unknown.forEach((r, i) => {
      this.#roles[r] = 1 - this.#labels[r] * (scores[i] + this.#b) > 0 ? FREE : OUT;
    });
    const { dimension } = this.#kernels;
    const loose = rows.length > LOOSE * dimension;
    const limits = { patience: PATIENCE, most: all > LOOSE * dimension ? HOPELESS * rows.length : Infinity };
    return this.#settle(rows, loose ? FROM_LOOSE_GUESS : FROM_GUESS, limits);
  }

  #settle(rows: Int32Array, ridges: readonly number[], { patience, most }: Limits = LIMITS): boolean {
    this.#system.reset();
    const used = pick(rows, (r) => this.#beta[r] !== 0);
    this.#kernels.view(used).combine(gather(this.#beta, used), this.#w);
    const free = pick(rows, (r) => this.#roles[r] === FREE);
    this.#score(free);
    return ridges.every((share, level) => {
      const ridge = share * this.#size;
      const last = level === ridges.length - 1;
      let least = Infinity;
      let waited = 0;
      for (let round = 0; round < ROUNDS; round++) {
        this.#rounds++;
        const residual = this.#solveFree(rows, ridge, last);
        if (residual === null) return false;
        this.#score(rows);
        const wrong = this.#judge(rows, ridge, Math.max(EXACT, residual));
        if (wrong === 0 || (!last && wrong <= CLOSE * rows.length)) return true;
        if (wrong < least) {
          least = wrong;
          waited = 0;
        } else if (++waited > patience) return false;
        if (wrong > most) return false;
      }
      return false;
    });
  }

  /** f = Xw of some rows. */
  #score(rows: Int32Array): void {
    const scores = new Float64Array(rows.length);
    this.#kernels.view(rows).scores(this.#w, scores);
    for (let i = 0; i < rows.length; i++) this.#f[rows[i]] = scores[i];
  }

  /**
   * Brings all multipliers to what the roles say and solves for the free ones; returns the largest residual of those
   * that stay free, or null where there is no solution.
   *
   * @param exactly whether residuals are to be brought down, as long as all free multipliers are within their bounds
   */
  #solveFree(rows: Int32Array, ridge: number, exactly: boolean): number | null {
    const roles = this.#roles;
    const free = pick(rows, (r) => roles[r] === FREE);
    if (free.length === 0) return null;
    const places = this.#inner.places(free);
    const goal = (r: number) => (roles[r] === OUT ? 0 : roles[r] === BOUND ? this.#labels[r] : this.#beta[r]);
    const moved = pick(rows, (r) => goal(r) !== this.#beta[r]);
    const off = new Float64Array(free.length);
    const by = new Float64Array(moved.length);
    for (let k = 0; k < moved.length; k++) {
      const r = moved[k];
      by[k] = goal(r) - this.#beta[r];
      this.#beta[r] += by[k];
      // It takes along what it added to the scores of the others.
      this.#inner.add(places, r, -by[k], off);
    }
    this.#move(moved, by);
    let sum = 0;
    for (const r of rows) sum += this.#beta[r];
    let residual = this.#correct(free, places, ridge, sum, off);
    off.fill(0);
    while (exactly && residual !== null && residual > EXACT && this.#within(free)) {
      const before: number = residual;
      residual = this.#correct(free, places, ridge, 0, off);
      if (residual === null || residual <= SLOW * before) continue;
      if (!this.#system.refine()) break;
    }
    return residual;
  }

  /** w moves along with multipliers. */
  #move(rows: Int32Array, by: Float64Array): void {
    if (rows.length === 0) return;
    const dw = new Float64Array(this.#w.length);
    this.#kernels.view(rows).combine(by, dw);
    for (let j = 0; j < dw.length; j++) this.#w[j] += dw[j];
  }

  /**
   * Solves for the free rows, whose scores are f + off, and brings these up to date.
   *
   * @param sum of all beta
   * @returns the largest residual of those that stay free; null where there is no solution
   */
  #correct(
    free: Int32Array,
    places: Int32Array,
    ridge: number,
    sum: number,
    off: Float64Array,
  ): number | null {
    const labels = this.#labels;
    const f = this.#f;
    const beta = this.#beta;
    const factored = this.#system.factor(free, places, ridge);
    if (factored === null) return null;
    const { scale, solve, one, along } = factored;
    const v = new Float64Array(free.length);
    for (let k = 0; k < v.length; k++) {
      const r = free[k];
      v[k] = scale * (labels[r] - f[r] - this.#b + off[k] - ridge * beta[r]);
    }
    solve(v);
    let left = sum;
    for (let k = 0; k < v.length; k++) left += scale * v[k];
    const db = left / along;
    this.#b += db;
    if (!Number.isFinite(this.#b)) return null;
    for (let k = 0; k < v.length; k++) {
      v[k] = scale * (v[k] - db * one[k]);
      beta[free[k]] += v[k];
    }
    this.#move(free, v);
    this.#score(free);
    let residual = 0;
    for (const r of free) {
      const alpha = labels[r] * beta[r];
      if (alpha < 0 || alpha > 1) continue;
      residual = Math.max(residual, Math.abs(labels[r] - f[r] - this.#b - ridge * beta[r]));
    }
    return residual;
  }

  /** Whether all multipliers of these rows are within their bounds. */
  #within(rows: Int32Array): boolean {
    for (const r of rows) {
      const alpha = this.#labels[r] * this.#beta[r];
      if (alpha < 0 || alpha > 1) return false;
    }
    return true;
  }

  /** Gives rows that are on the wrong side, by more than `open`, another role; returns how many. */
  #judge(rows: Int32Array, ridge: number, open: number): number {
    const roles = this.#roles;
    let wrong = 0;
    for (const r of rows) {
      const alpha = this.#labels[r] * this.#beta[r];
      const z = 1 - this.#labels[r] * (this.#f[r] + this.#b) - ridge * alpha;
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

function gather(values: Float64Array, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < out.length; i++) out[i] = values[rows[i]];
  return out;
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
