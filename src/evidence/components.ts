import type { JudgedBlock, Term } from "./judgments.ts";
import { type PairSampling, pairSampling } from "./pair-sampling.ts";
import { eachPair, type TermPairs, termPairs } from "./pairs.ts";

/** Rows' parts in a statement that are nearer than this are equal. */
const ROUNDING = 1e-12;

/** Sums over clusters of a statement's deviations, from which its variance is made. */
export interface Components {
  /** Per class: the statement for its own cells (mean over partners and backgrounds of the share found right). */
  readonly perClass: Float64Array;
  /** Classes that every term has; the others are NaN in `perClass` and enter nothing. */
  readonly present: readonly number[];
  /** Mean of `perClass` over the classes present. */
  readonly estimate: number;
  /** Per class: own deviations per cluster of the class, of the class's own statement (not divided by classes). */
  readonly own: readonly Float64Array[];
  /** Per class: deviations per cluster of the class as a donor, of the average over classes. */
  readonly donor: readonly Float64Array[];
  /** Sum over pairs of own cluster and donor cluster of squared deviations of the average over classes. */
  readonly pairs: number;
  /** Per class: numbers of its clusters over all classes; position as in `own` and `donor`. */
  readonly names: readonly Int32Array[];
  /** Rows of every class. */
  readonly rows: readonly number[];
  /**
   * Rows whose part in the statement is not the commonest one of their class, beyond rounding: cells that an effect's
   * two settings judge differently, or that an accuracy's machines do not all judge alike.
   */
  readonly differing: number;
  /** What the sample leaves open, where pairs of classes were drawn. */
  readonly sampling?: PairSampling;
}

/** What the rows of one class bring into a statement from one block. */
export interface Part {
  /** Per row: its judgments that hold, summed by their weights; only read until the next part is asked for. */
  readonly held: Float64Array;
  /** Part of a judgment of weight 1 in the class's statement, its sign included. */
  readonly share: number;
  /** Class of the donors; the class itself where there are none. */
  readonly lender: number;
  /** Per row: cluster of its donor, null where it has none but itself. */
  readonly donor: Int32Array | null;
}

/**
 * Sums the deviations of a statement, a weighted sum of settings' accuracies, over clusters.
 *
 * Accuracy of class a in a setting: mean over its rows, and over all pairs (partner, background) that count, of
 * `right`. A deviation is `right` minus the mean of its class and block, times the weight of its term and its row's
 * share in the mean.
 *
 * A difference compares the same pairs on both sides: where one setting has a background per class, on which pairs with
 * that class do not count, and the other has none, a pair weighs there as often as it counts on a background. Otherwise
 * few backgrounds, whose classes may be easier or harder to tell apart than others, would make an effect of their own.
 *
 * @param only the one class that the statement is about; all that have every term by default
 */
export function components(terms: readonly Term[], only?: number): Components {
  const { cluster, classes } = terms[0].of;
  const pairs = termPairs(terms);
  const wanted = only === undefined ? [...classes.keys()] : [only];
  const uses = pairs.map((p) => {
    const of = new Float64Array(classes.length);
    for (const a of wanted) of[a] = p.uses(a);
    return of;
  });
  const present = wanted.filter((a) => uses.every((u) => u[a] > 0));
  const sums = sumDeviations(cluster, present, function* (a) {
    const held = new Float64Array(cluster[a].length);
    for (const [t, { of, setting, weight }] of terms.entries()) {
      const share = weight / (held.length * uses[t][a]);
      const weights = pairs[t].weights(a);
      for (const block of of.blocks)
        if (block.setting === setting && addRight(block, a, pairs[t], weights, held))
          yield {
            held,
            share,
            lender: block.background < 0 ? a : block.background,
            donor: block.donor[a],
          };
    }
  });
  if (present.length === 0 || !terms.some(({ of }) => of.sampled)) return sums;
  const number = classes.reduce(
    (n, _, a) => n + (pairs.every((p) => p.of[a].partners.length > 0) ? 1 : 0),
    0,
  );
  return { ...sums, sampling: pairSampling(pairs, present, number, only !== undefined) };
}

/**
 * Sums deviations over clusters: of every row, what it brings in minus the mean of its class in that part.
 *
 * @param cluster per class: cluster of every row, numbered over all classes
 * @param present classes that the statement averages
 * @param partsOf what a class's rows bring in, part by part
 */
export function sumDeviations(
  cluster: readonly Int32Array[],
  present: readonly number[],
  partsOf: (own: number) => Iterable<Part>,
): Components {
  const { local, rows, names, none } = numbersOf(cluster);
  const perClass = new Float64Array(cluster.length).fill(Number.NaN);
  const own = [...none];
  const donor = [...none];
  let pairs = 0;
  let differing = 0;
  for (const a of present) {
    perClass[a] = 0;
    own[a] = new Float64Array(local[a].names.length);
    const brought = new Float64Array(rows[a]);
    const crossed = new Map<number, Float64Array>();
    for (const { held, share, lender, donor: donors } of partsOf(a)) {
      let sum = 0;
      for (let i = 0; i < held.length; i++) sum += held[i];
      perClass[a] += share * sum;
      const mean = sum / held.length;
      const width = local[lender].names.length;
      let cross = crossed.get(lender);
      if (donors !== null && donor[lender] === local[lender].none) donor[lender] = new Float64Array(width);
      if (donors !== null && cross === undefined)
        crossed.set(lender, (cross = new Float64Array(own[a].length * width)));
      for (let i = 0; i < held.length; i++) {
        const e = share * (held[i] - mean);
        brought[i] += share * held[i];
        const f = local[a].of[i];
        own[a][f] += e;
        if (donors === null) continue;
        const h = local[lender].at.get(donors[i])!;
        donor[lender][h] += e / present.length;
        cross![f * width + h] += e / present.length;
      }
    }
    for (const cross of crossed.values()) for (const e of cross) pairs += e * e;
    differing += notCommonest(brought.sort());
  }
  const estimate = present.reduce((sum, a) => sum + perClass[a], 0) / present.length;
  return {
    perClass,
    present,
    estimate,
    own,
    donor,
    pairs,
    names,
    rows,
    differing,
  };
}

/** How many of ascending values are not the commonest one. */
function notCommonest(ascending: Float64Array): number {
  let most = 0;
  for (let i = 0, start = 0; i < ascending.length; i++) {
    if (ascending[i] - ascending[start] > ROUNDING) start = i;
    most = Math.max(most, i - start + 1);
  }
  return ascending.length - most;
}

/** Per row of class `a`: judgments found right over all partners of the block, by weight; false where it has none. */
function addRight(
  block: JudgedBlock,
  a: number,
  pairs: TermPairs,
  weights: Float64Array,
  out: Float64Array,
): boolean {
  let found = false;
  eachPair(block, a, pairs.of[a], weights, (right, weight) => {
    if (!found) out.fill(0);
    found = true;
    for (let i = 0; i < out.length; i++) out[i] += weight * right[i];
  });
  return found;
}

/** The clusters of all classes, made once. */
interface ClassNumbers {
  readonly local: readonly LocalNumbers[];
  readonly rows: readonly number[];
  readonly names: readonly Int32Array[];
  readonly none: readonly Float64Array[];
}
const known = new WeakMap<readonly Int32Array[], ClassNumbers>();

function numbersOf(cluster: readonly Int32Array[]): ClassNumbers {
  let found = known.get(cluster);
  if (found === undefined) {
    const local = cluster.map(numberClusters);
    const [rows, names] = [cluster.map((c) => c.length), local.map((l) => l.names)];
    known.set(cluster, (found = { local, rows, names, none: local.map((l) => l.none) }));
  }
  return found;
}

/** Clusters of a class's rows by their numbers within the class. */
interface LocalNumbers {
  readonly names: Int32Array;
  readonly of: Int32Array;
  readonly at: ReadonlyMap<number, number>;
  /** A zero for every cluster; not to be written. */
  readonly none: Float64Array;
}

function numberClusters(cluster: Int32Array): LocalNumbers {
  const at = new Map<number, number>();
  const of = cluster.map((name) => {
    let k = at.get(name);
    if (k === undefined) at.set(name, (k = at.size));
    return k;
  });
  return { names: Int32Array.from(at.keys()), of, at, none: new Float64Array(at.size) };
}
