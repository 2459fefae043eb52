import { symmetricEigen } from "../core/eigen.ts";
import type { Expectations, Incidence } from "../core/incidence.ts";
import type { Forms } from "../core/quadratic-forms.ts";
import { studentQuantile } from "../core/student.ts";
import type { Components } from "./components.ts";
import type { Estimate } from "./estimate.ts";
import { variances } from "./variance.ts";

/** Least eigenvalue of the scaled expectations at which parts are still told apart. */
const SINGULAR = 1e-8;

/** Inverse of the expectations within blocks, n x n; null where the design does not tell the parts apart. */
export function invertExpectations(within: Float64Array, n: number): Float64Array | null {
  const scale = Float64Array.from({ length: n }, (_, k) => 1 / Math.sqrt(within[k * n + k]));
  const scaled = within.map((v, at) => v * scale[Math.floor(at / n)] * scale[at % n]);
  if (!scaled.every(Number.isFinite)) return null;
  const { values, vectors } = symmetricEigen(scaled, n);
  if (!(values[n - 1] > SINGULAR)) return null;
  return scaled.map((_, at) => {
    const [k, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (vectors[i * n + k] * vectors[i * n + j]) / values[i];
    return sum * scale[k] * scale[j];
  });
}

/** Variances of the factors, the residual and between blocks, in the order of the forms, summed over features. */
export interface Solved {
  readonly variance: Float64Array;
  /** What sampling adds to each in the mean square that it is taken from. */
  readonly noise: Float64Array;
  /** Per row: what it moves every variance by (rows x forms). */
  readonly influence: Float64Array;
}

/** Equates the forms to their expectations. @param inverse of {@link invertExpectations} */
export function solveVariances(
  incidence: Incidence,
  { within, between }: Expectations,
  inverse: Float64Array,
  { scores, between: apart }: Forms,
): Solved {
  const n = incidence.factors.length + 1;
  const forms = n + between.length;
  const rows = scores.length / forms;
  const sums = new Float64Array(n);
  for (let row = 0; row < rows; row++) for (let k = 0; k < n; k++) sums[k] += scores[row * forms + k];
  const variance = new Float64Array(forms);
  const noise = new Float64Array(forms);
  for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) variance[k] += inverse[k * n + j] * sums[j];
  for (let k = 0; k < n; k++) noise[k] = sums[k] / within[k * n + k] - variance[k];
  between.forEach(({ coefficients, degrees }, p) => {
    noise[n + p] = coefficients.reduce((sum, c, k) => sum + c * variance[k], 0) / degrees;
    variance[n + p] = apart[p] / degrees - noise[n + p];
  });
  const part = new Float64Array(n * n);
  const total = new Float64Array(n * n);
  for (let row = 0; row < rows; row++) {
    incidence.ofRow(row, part);
    for (let at = 0; at < part.length; at++) total[at] += part[at];
  }
  const expected = within.map((v, at) => (total[at] === 0 ? 0 : (v / total[at]) * variance[at % n]));
  const influence = new Float64Array(scores.length);
  const off = new Float64Array(n);
  for (let row = 0, from = 0; row < rows; row++, from += forms) {
    incidence.ofRow(row, part);
    for (let k = 0; k < n; k++) {
      off[k] = scores[from + k];
      for (let j = 0; j < n; j++) off[k] -= part[k * n + j] * expected[k * n + j];
    }
    for (let k = 0; k < n; k++)
      for (let j = 0; j < n; j++) influence[from + k] += inverse[k * n + j] * off[j];
    between.forEach(({ coefficients, degrees }, p) => {
      let moved = scores[from + n + p];
      for (let k = 0; k < n; k++) moved -= coefficients[k] * influence[from + k];
      influence[from + n + p] = moved / degrees;
    });
  }
  return { variance, noise, influence };
}

/** Clusters of cell and donor of every composite, and their classes. */
export interface Clusters {
  readonly own: Int32Array;
  readonly background: Int32Array;
  readonly cluster: Int32Array;
  readonly donorCluster: Int32Array;
  readonly classes: number;
}

/** Sums over clusters of cell and donor, and over pairs of them, of a number's influences. */
export class ClusterSums {
  readonly #names: Int32Array[];
  readonly #own: Int32Array;
  readonly #donor: Int32Array;
  readonly #pair: Int32Array;
  readonly #first: number[];
  readonly #pairs: number;

  constructor({ own, background, cluster, donorCluster, classes }: Clusters) {
    const places = Array.from({ length: classes }, () => new Map<number, number>());
    const place = (c: number, name: number) => {
      const of = places[c];
      const known = of.get(name) ?? of.size;
      of.set(name, known);
      return known;
    };
    const local = [
      own.map((c, i) => place(c, cluster[i])),
      background.map((c, i) => place(c, donorCluster[i])),
    ];
    this.#names = places.map((of) => Int32Array.from(of.keys()));
    this.#first = [0];
    for (const of of places) this.#first.push(this.#first[this.#first.length - 1] + of.size);
    this.#own = local[0].map((f, i) => this.#first[own[i]] + f);
    this.#donor = local[1].map((f, i) => this.#first[background[i]] + f);
    const pairs = new Map<number, number>();
    const all = this.#first[classes];
    this.#pair = this.#own.map((f, i) => {
      const name = f * all + this.#donor[i];
      const known = pairs.get(name) ?? pairs.size;
      pairs.set(name, known);
      return known;
    });
    this.#pairs = pairs.size;
  }

  /** Position of a cluster of a class among the sums of {@link interval}'s `more`; -1 where it has no composites. */
  at(c: number, name: number): number {
    const place = this.#names[c].indexOf(name);
    return place < 0 ? -1 : this.#first[c] + place;
  }

  /** Number of clusters, over classes. */
  get size(): number {
    return this.#first[this.#first.length - 1];
  }

  /**
   * Interval of a share whose rows have the influences `of`, by the variance of crossed clusters (`variance.ts`),
   * Student's t, and symmetric on the scale of log(share + noise), that of the mean square that it is taken from.
   *
   * @param more what clusters add beside their composites
   */
  interval(
    { share, noise }: { readonly share: number; readonly noise: number },
    of: (row: number) => number,
    more: Float64Array | null,
    level: number,
  ): Pick<Estimate, "low" | "high" | "se" | "df"> | null {
    const own = new Float64Array(this.size);
    if (more !== null) own.set(more);
    const donor = new Float64Array(this.size);
    const pair = new Float64Array(this.#pairs);
    this.#own.forEach((f, row) => {
      const v = of(row);
      own[f] += v;
      donor[this.#donor[row]] += v;
      pair[this.#pair[row]] += v;
    });
    const pairs = pair.reduce((sum, v) => sum + v * v, 0);
    const found = variances(this.#components(own, donor, pairs));
    const both = own.map((v, f) => Math.hypot(v, donor[f]));
    const { df } = variances(this.#components(both, donor, pairs));
    const variance = Math.max(found.crossed, found.own / 2);
    const around = Math.max(0, noise);
    const square = share + around;
    if (!(df > 0) || !(variance > 0) || !(square > 0)) return null;
    const se = Math.sqrt(variance);
    const factor = Math.exp((studentQuantile((1 + level) / 2, df) * se) / square);
    return { low: square / factor - around, high: square * factor - around, se, df };
  }

  #components(own: Float64Array, donor: Float64Array, pairs: number): Components {
    const names = this.#names.filter((list) => list.length > 0);
    const firsts = this.#first.filter((_, c) => c < this.#names.length && this.#names[c].length > 0);
    const cut = (of: Float64Array) => names.map((list, c) => of.slice(firsts[c], firsts[c] + list.length));
    return {
      perClass: new Float64Array(names.length),
      present: [...names.keys()],
      estimate: 0,
      // `variances` divides by the number of classes.
      own: cut(own.map((v) => v * names.length)),
      donor: cut(donor),
      pairs,
      names,
      rows: names.map(() => 0),
      differing: 0,
    };
  }
}
