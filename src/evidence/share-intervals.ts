import { studentQuantile } from "../core/student.ts";
import type { Estimate } from "./estimate.ts";
import type { Influence } from "./share-estimates.ts";
import { variances } from "./variance.ts";

/** Factor to either side of a mean square from which there is too little of it to say how much there would be with others. */
const MOST = 1000;

/** Clusters of cell and donor of every composite, and their classes. */
export interface Clusters {
  readonly own: Int32Array;
  readonly background: Int32Array;
  readonly cluster: Int32Array;
  readonly donorCluster: Int32Array;
  readonly classes: number;
}

/** Influences by cluster of the cell, by that of the donor, and by pairs of them, each by variance. */
interface ByCluster {
  readonly own: Float64Array;
  readonly donor: Float64Array;
  readonly pair: Float64Array;
}

/** Influences where pairs of rows count half for either, and where they count whole for both. */
export interface Summed {
  readonly half: ByCluster;
  readonly whole: ByCluster;
}

/** The clusters of cell and donor, and pairs of them, over which influences are summed. */
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
    const pairs = new Map<string, number>();
    this.#pair = cluster.map((mine, i) => {
      const name = `${mine} ${donorCluster[i]}`;
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

  /** Sums of influences over clusters. @param forms variances per row */
  sums(influence: Influence, forms: number): Summed {
    const add = (way: keyof Influence, at: Int32Array, size: number) => {
      const out = new Float64Array(size * forms);
      at.forEach((f, row) => {
        for (let i = 0; i < forms; i++) out[f * forms + i] += influence[way][row * forms + i];
      });
      return out;
    };
    const crossed = (own: keyof Influence, donor: keyof Influence, pair: keyof Influence) => ({
      own: add(own, this.#own, this.size),
      donor: add(donor, this.#donor, this.size),
      pair: add(pair, this.#pair, this.#pairs),
    });
    return { half: crossed("half", "half", "half"), whole: crossed("own", "donor", "pair") };
  }

  /**
   * Interval of a share, by the variance of crossed clusters (`variance.ts`): of what clusters move it by, squared, with
   * F / (F - 1), own and donor clusters together less pairs of both. What two clusters of one side do together is
   * counted half where pairs of rows count half, and twice where they count whole: a third of the latter and two thirds
   * of the former count everything once. Student's t, symmetric on the scale of log(share + noise), which is that of the
   * mean square that the share is taken from.
   *
   * @returns null where clusters move nothing, or so much more than there is that there would be no end
   * @param moves what the share moves by with each variance
   * @param more what own clusters add beside their composites
   * @param factor of the variance
   */
  interval(
    { share, noise }: { readonly share: number; readonly noise: number },
    sums: Summed,
    moves: Float64Array,
    { level, more, factor = 1 }: { level: number; more?: Float64Array; factor?: number },
  ): Pick<Estimate, "low" | "high" | "se" | "df"> | null {
    const along = (of: Float64Array) =>
      Float64Array.from({ length: of.length / moves.length }, (_, f) => {
        let sum = 0;
        for (let i = 0; i < moves.length; i++) sum += moves[i] * of[f * moves.length + i];
        return sum;
      });
    const crossed = (of: ByCluster) => {
      const mine = along(of.own).map((v, f) => v + (more?.[f] ?? 0));
      const lent = along(of.donor);
      const pairs = along(of.pair).reduce((sum, v) => sum + v * v, 0);
      const { variance: own } = this.#variance(mine);
      const { df } = this.#variance(mine.map((v, f) => Math.hypot(v, lent[f])));
      return { own, crossed: own + this.#variance(lent).variance - pairs, df };
    };
    const half = crossed(sums.half);
    const variance = factor * Math.max((2 * half.crossed + crossed(sums.whole).crossed) / 3, half.own / 2);
    const around = Math.max(0, noise);
    const square = share + around;
    if (!(half.df > 0) || !(variance > 0) || !(square > 0)) return null;
    const se = Math.sqrt(variance);
    const times = Math.exp((studentQuantile((1 + level) / 2, half.df) * se) / square);
    if (!(times < MOST)) return null;
    return { low: square / times - around, high: square * times - around, se, df: half.df };
  }

  /** Variance and degrees of freedom of sums over the clusters of all classes; a cluster of several classes counts once. */
  #variance(of: Float64Array): { variance: number; df: number } {
    const present = [...this.#names.keys()].filter((c) => this.#names[c].length > 0);
    const cut = (c: number) => of.slice(this.#first[c], this.#first[c + 1]);
    const { own, df } = variances({
      perClass: new Float64Array(present.length),
      present: [...present.keys()],
      estimate: 0,
      // `variances` divides by the number of classes.
      own: present.map((c) => cut(c).map((v) => v * present.length)),
      donor: present.map((c) => new Float64Array(this.#names[c].length)),
      pairs: 0,
      names: present.map((c) => this.#names[c]),
      rows: present.map(() => 0),
      differing: 0,
    });
    return { variance: own, df };
  }
}
