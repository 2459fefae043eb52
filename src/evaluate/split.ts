import { StudyError } from "../errors.ts";

/** Rows that train and rows that test, ascending; no row does both. */
export interface Fold {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/**
 * Which rows of ONE class train and test, fold after fold (rows count from 0 in every class). The splits of several
 * classes belong together: in fold k a probe is trained on the `train` rows of all of them and tested on the `test`
 * rows of all of them, so that any two of the classes make a pair.
 */
export type Split = readonly Fold[];

/** Splits of two classes, given by their positions in a list of classes; both have the same number of folds. */
export type PairSplits = (first: number, second: number) => readonly [Split, Split];

/**
 * Stratified folds without shuffling, row for row those of scikit-learn's `StratifiedKFold(count).split` where classes
 * are numbered by first appearance. The rows of all classes, class after class, are dealt to the folds in turn, which
 * fixes how many rows of each class a fold tests; each class then fills the folds in row order. So a class's split
 * depends on the sizes of the classes before it, and that of a pair is made from the sizes of the pair
 * ({@link stratifiedPairs}).
 *
 * @param sizes rows of every class
 * @param count number of folds, at least 2
 * @param names names of the classes in messages
 * @throws StudyError for fewer than two folds, fewer than two classes, or a class with fewer rows than folds
 */
export function stratifiedSplit(
  sizes: readonly number[],
  count: number,
  names: readonly string[] = numbered(sizes),
): Split[] {
  checkCount(count);
  if (sizes.length < 2)
    throw new StudyError(
      `cross-validation needs cells of at least two classes, and there ${sizes.length === 1 ? `is one (${names[0]})` : "are none"}; add cells of another class`,
    );
  let before = 0;
  return sizes.map((size, c) => {
    if (size < count)
      throw new StudyError(
        `class ${names[c]} has ${size} cells, fewer than the ${count} folds; ask for at most ${size} folds, add cells or leave the class out`,
      );
    const dealt = Int32Array.from({ length: size }, () => before++ % count);
    return oneOut(dealt.sort(), count);
  });
}

/** {@link stratifiedSplit} of every pair of classes by itself, as published; each is made when it is asked for. */
export function stratifiedPairs(
  sizes: readonly number[],
  count: number,
  names: readonly string[] = numbered(sizes),
): PairSplits {
  const made = new Map<string, readonly [Split, Split]>();
  return (first, second) => {
    const key = `${sizes[first]} ${sizes[second]}`;
    let splits = made.get(key);
    if (splits === undefined) {
      const [a, b] = stratifiedSplit([sizes[first], sizes[second]], count, [names[first], names[second]]);
      made.set(key, (splits = [a, b]));
    }
    return splits;
  };
}

/**
 * Fold k tests the rows of group k and trains on all others: whole fields, plates or proteins are dealt to the groups
 * by the caller.
 *
 * @param groups for every class, the group of every row, 0 to count - 1
 * @param names names of the classes in messages
 * @throws StudyError for fewer than two groups, or a group without rows of a class
 */
export function groupSplit(
  groups: readonly ArrayLike<number>[],
  count: number,
  names: readonly string[] = numbered(groups),
): Split[] {
  checkCount(count);
  return groups.map((list, c) => {
    for (let row = 0; row < list.length; row++)
      if (!Number.isInteger(list[row]) || list[row] < 0 || list[row] >= count)
        throw new RangeError(
          `group ${list[row]} of row ${row} of class ${names[c]} is not 0 to ${count - 1}`,
        );
    const split = oneOut(list, count);
    const empty = split.findIndex(({ test }) => test.length === 0);
    if (empty >= 0)
      throw new StudyError(
        `class ${names[c]} has no cells in group ${empty} of ${count}; make fewer groups, add cells or leave the class out`,
      );
    return split;
  });
}

/**
 * One fold, which tests the rows of the clusters that are held out and trains on all others.
 *
 * @param clusters for every class, the cluster (field, plate, ...) of every row
 * @param held for every class, the clusters that are held out
 * @param names names of the classes in messages
 * @throws StudyError for a class without rows to train on or without rows to test
 */
export function heldOutSplit<Cluster>(
  clusters: readonly ArrayLike<Cluster>[],
  held: readonly ReadonlySet<Cluster>[],
  names: readonly string[] = numbered(clusters),
): Split[] {
  return clusters.map((list, c) => {
    const split = oneOut(
      Int32Array.from(list, (cluster) => (held[c].has(cluster) ? 0 : 1)),
      1,
    );
    const [{ train, test }] = split;
    if (train.length === 0 || test.length === 0)
      throw new StudyError(
        `class ${names[c]} has no cells ${test.length === 0 ? "in what is held out" : "but those that are held out"}; hold out part of its cells, add cells or leave the class out`,
      );
    return split;
  });
}

/**
 * As many folds as there are clusters in all classes together, in order of appearance; each tests the rows of one
 * cluster, which may all be of one class, and trains on all others.
 *
 * @param clusters for every class, the cluster (field, plate, ...) of every row
 * @param names names of the classes in messages
 * @throws StudyError for a class whose rows are of fewer than two clusters
 */
export function leaveOneClusterOut<Cluster>(
  clusters: readonly ArrayLike<Cluster>[],
  names: readonly string[] = numbered(clusters),
): Split[] {
  const numbers = new Map<Cluster, number>();
  const groups = clusters.map((list, c) => {
    const own = Int32Array.from(list, (cluster) => {
      if (!numbers.has(cluster)) numbers.set(cluster, numbers.size);
      return numbers.get(cluster)!;
    });
    if (new Set(own).size < 2)
      throw new StudyError(
        `class ${names[c]} has ${own.length === 0 ? "no cells" : "cells of one cluster only"}, and leaving one out takes two or more; add cells of another or leave the class out`,
      );
    return own;
  });
  return groups.map((own) => oneOut(own, numbers.size));
}

/**
 * The folds of a pair: rows of the first class, then those of the second, `sizes` of each.
 * @throws RangeError for splits that do not belong together or to classes of these sizes: other numbers of folds, a row
 * that there is not, twice or on both sides, that two folds test, or a fold without rows to test or to train a class on
 */
export function joinPair([a, b]: readonly Split[], [first, second]: readonly [number, number]): Fold[] {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(`splits of ${a.length} and ${b.length} folds make no pair`);
  const tested = new Uint8Array(first + second);
  return a.map((fold, k) => {
    const used = new Uint8Array(first + second);
    const join = (part: "train" | "test"): Int32Array => {
      const rows = new Int32Array(fold[part].length + b[k][part].length);
      rows.set(fold[part]);
      rows.set(b[k][part], fold[part].length);
      rows.forEach((row, i) => {
        const size = i < fold[part].length ? first : second;
        if (row < 0 || row >= size)
          throw new RangeError(`fold ${k} has row ${row} of a class of ${size} rows`);
        if (i >= fold[part].length) rows[i] += first;
        if (used[rows[i]]++ > 0 || (part === "test" && tested[rows[i]]++ > 0))
          throw new RangeError(`row ${row} is in fold ${k} twice, or in two folds' tests`);
      });
      return rows;
    };
    const joined = { train: join("train"), test: join("test") };
    if (fold.train.length === 0 || b[k].train.length === 0 || joined.test.length === 0)
      throw new RangeError(`fold ${k} has no rows to test, or none to train a class on`);
    return joined;
  });
}

/** Fold k tests the rows of group k and trains on the rest. */
function oneOut(groups: ArrayLike<number>, count: number): Split {
  const rows = Int32Array.from({ length: groups.length }, (_, row) => row);
  return Array.from({ length: count }, (_, k) => ({
    train: rows.filter((row) => groups[row] !== k),
    test: rows.filter((row) => groups[row] === k),
  }));
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 2)
    throw new StudyError(`cannot make ${count} folds; ask for a whole number of 2 or more`);
}

function numbered(classes: readonly unknown[]): string[] {
  return classes.map((_, c) => String(c + 1));
}
