import { nearest, type Point } from "./point.ts";
import { BOUND, OUT } from "./problem.ts";

/** A row is fixed at a bound where its multiplier's distance from it is below this times its slack, and steady. */
const FIX = 0.1;
/** A fixed row is taken back where this times its squared slack is below mu. */
const BACK = 0.3;
/** Rows are fixed when this share of those in play can be. */
const WORTH = 0.1;
/** Fewer rows in play than this are not divided further. */
const FEWEST = 16;
/**
 * How often FIX is divided by 3 while the rows left would be fewer than a third of the features: what so few rows say of
 * so many features changes much with the next step.
 */
const PRUDENCE = 2;

/**
 * Fixes rows of a point that are clearly at a bound: non-support vectors at 0, support vectors inside the margin at 1.
 * They leave the systems and the products, and are watched: one whose slack shrinks is taken back. What is fixed is a
 * guess that saves work and nothing more; the certificate is computed from all rows.
 */
export class Shrinker {
  readonly #point: Point;
  readonly #labels: Int8Array;
  /** Positions in the training set of the rows in play, in their order, and of the fixed ones. */
  readonly #active: Int32Array;
  readonly #resting: Int32Array;
  #rest = 0;
  /** Multiplier of the fixed rows, by position in the training set. */
  readonly #bound: Uint8Array;
  /** Room for positions, and for one number per row. */
  readonly #kept: Int32Array;
  readonly #numbers: Float64Array;

  /** @param labels +1 or -1 for each row of the point's training set, all of which are in play */
  constructor(point: Point, labels: Int8Array) {
    this.#point = point;
    this.#labels = labels;
    this.#active = new Int32Array(labels.length);
    for (let i = 0; i < labels.length; i++) this.#active[i] = i;
    this.#resting = new Int32Array(labels.length);
    this.#bound = new Uint8Array(labels.length);
    this.#kept = new Int32Array(labels.length);
    this.#numbers = new Float64Array(labels.length);
  }

  /** Multipliers of all training rows. */
  multipliers(): Float64Array {
    const all = new Float64Array(this.#bound);
    const { rows, vectors } = this.#point;
    for (let i = 0; i < rows.count; i++) all[this.#active[i]] = vectors.alpha[i];
    return all;
  }

  /** Where the multipliers of all training rows will end, as far as the point tells. */
  roles(): Int8Array {
    const { rows, size } = this.#point;
    const all = new Int8Array(this.#labels.length);
    for (let i = 0; i < all.length; i++) all[i] = this.#bound[i] === 1 ? BOUND : OUT;
    for (let i = 0; i < rows.count; i++) all[this.#active[i]] = this.#point.role(i, size);
    return all;
  }

  /** Takes back fixed rows near the margin, and fixes others far from it. */
  shrink(mu: number): void {
    const { rows, train } = this.#point;
    // What counts as small near 0 is measured by the largest multiplier, as separable classes have none near 1.
    const { size } = this.#point;
    const back = this.#takeBack(rows.count, size, mu);
    const left = this.#fix(back, size);
    if (back > rows.count || left < back) this.#point.rows = train.pick(this.#active.subarray(0, left));
  }

  /** Takes back fixed rows; returns how many are in play then. */
  #takeBack(count: number, size: number, mu: number): number {
    if (this.#rest === 0) return count;
    const point = this.#point;
    const { y, f, z, steady } = point.vectors;
    const resting = this.#resting.subarray(0, this.#rest);
    const scores = this.#numbers;
    point.train.pick(resting).scores(point.w, scores, { single: true });
    const freed: number[] = [];
    let n = count;
    this.#rest = 0;
    point.fixed.loss = 0;
    for (let k = 0; k < resting.length; k++) {
      const at = resting[k];
      const upper = this.#bound[at] === 1;
      const zk = 1 - this.#labels[at] * (scores[k] + point.b);
      const slack = upper ? zk : -zk;
      if (slack > 0 && slack * slack * BACK * (upper ? 1 : size) > mu) {
        resting[this.#rest++] = at;
        if (upper) point.fixed.loss += zk;
        continue;
      }
      this.#active[n] = at;
      y[n] = this.#labels[at];
      f[n] = scores[k];
      z[n] = zk;
      steady[n] = 0;
      point.put(n++, slack > 0 ? nearest(slack, mu) : Math.sqrt(mu), upper, mu);
      if (upper) freed.push(at);
    }
    this.#sum(freed, -1);
    return n;
  }

  /** Fixes some of the first `count` rows, where that is worth it; returns how many are left. */
  #fix(count: number, size: number): number {
    const { fixed, w, vectors } = this.#point;
    const { y, f, alpha, beta, s, xi, z, steady } = vectors;
    const low = (i: number, cut: number) => alpha[i] < cut * size * s[i];
    const clear = (i: number, cut: number) => steady[i] > 0 && (low(i, cut) || beta[i] < cut * xi[i]);
    const staying = (cut: number) => {
      let left = count;
      for (let i = 0; i < count; i++) if (clear(i, cut)) left--;
      return left;
    };
    let cut = FIX;
    let left = staying(cut);
    for (let k = 0; k < PRUDENCE && left < w.length / 3; k++) left = staying((cut /= 3));
    if (left > (1 - WORTH) * count || left < FEWEST) return count;
    const upper: number[] = [];
    let n = 0;
    for (let i = 0; i < count; i++) {
      if (!clear(i, cut)) {
        this.#kept[n++] = i;
        continue;
      }
      const at = this.#active[i];
      this.#resting[this.#rest++] = at;
      this.#bound[at] = low(i, cut) ? 0 : 1;
      if (this.#bound[at] === 0) continue;
      upper.push(at);
      fixed.loss += Math.max(0, z[i]);
    }
    for (let k = 0; k < n; k++) this.#active[k] = this.#active[this.#kept[k]];
    for (const vector of [y, f, alpha, beta, s, xi, z])
      for (let k = 0; k < n; k++) vector[k] = vector[this.#kept[k]];
    this.#sum(upper, 1);
    return n;
  }

  /** Adds rows at the upper bound to the fixed sums, or takes them off. */
  #sum(upper: readonly number[], sign: number): void {
    if (upper.length === 0) return;
    const { fixed, train } = this.#point;
    const signs = this.#numbers;
    for (let k = 0; k < upper.length; k++) {
      signs[k] = sign * this.#labels[upper[k]];
      fixed.signs += signs[k];
    }
    const sum = new Float64Array(fixed.sum.length);
    train.pick(upper).combine(signs, sum);
    for (let j = 0; j < sum.length; j++) fixed.sum[j] += sum[j];
  }
}
