import { StudyError } from "../errors.ts";
import type { Folds } from "../types.ts";

/**
 * Stratified K folds without shuffling, row for row those of scikit-learn's `StratifiedKFold(count).split`.
 * Classes are numbered by first appearance; the sorted labels are dealt to the folds in turn, which fixes how many
 * rows of each class a fold gets, and each class then fills the folds in row order.
 *
 * @param labels class of every row (any strings or numbers)
 * @param count number of folds, at least 2
 * @param names names of classes in messages, by label; the label itself where it has none
 * @throws StudyError for fewer than two folds, fewer than two classes, or a class with fewer rows than folds
 */
export function stratifiedFolds(
  labels: ArrayLike<string | number>,
  count: number,
  names?: ReadonlyMap<string | number, string>,
): Folds {
  if (!Number.isInteger(count) || count < 2)
    throw new StudyError(`cannot make ${count} folds; ask for a whole number of 2 or more`);
  const codes = new Map<string | number, number>();
  const sizes: number[] = [];
  const encoded = Int32Array.from({ length: labels.length }, (_, row) => {
    const label = labels[row];
    let code = codes.get(label);
    if (code === undefined) codes.set(label, (code = sizes.push(0) - 1));
    sizes[code]++;
    return code;
  });
  if (sizes.length < 2)
    throw new StudyError(
      `cross-validation needs cells of at least two classes, and there ${sizes.length === 1 ? `is one (${name(labels[0], names)})` : "are none"}; add cells of another class`,
    );
  for (const [label, code] of codes)
    if (sizes[code] < count)
      throw new StudyError(
        `class ${name(label, names)} has ${sizes[code]} cells, fewer than the ${count} folds; ask for at most ${sizes[code]} folds, add cells or leave the class out`,
      );
  const dealt = allocation(sizes, count);
  const test = dealt.map((perClass) => new Int32Array(perClass.reduce((a, b) => a + b, 0)));
  const fold = new Int32Array(sizes.length);
  const left = sizes.map((_, code) => dealt[0][code]);
  const filled = new Int32Array(count);
  for (let row = 0; row < encoded.length; row++) {
    const code = encoded[row];
    while (left[code] === 0) left[code] = dealt[++fold[code]][code];
    left[code]--;
    const k = fold[code];
    test[k][filled[k]++] = row;
  }
  return { test };
}

/** Folds of one pair: `first` rows of the first class, then `second` rows of the second. */
export function pairFolds(first: number, second: number, count: number, names = ["1", "2"]): Folds {
  const labels = new Uint8Array(first + second).fill(1, first);
  return stratifiedFolds(labels, count, new Map(names.map((n, k) => [k, n])));
}

/** Rows that are in no test fold `k`, ascending. */
export function trainingRows(folds: Folds, k: number): Int32Array {
  const total = folds.test.reduce((sum, rows) => sum + rows.length, 0);
  const held = new Uint8Array(total);
  for (const row of folds.test[k]) held[row] = 1;
  const rows = new Int32Array(total - folds.test[k].length);
  for (let row = 0, n = 0; row < total; row++) if (held[row] === 0) rows[n++] = row;
  return rows;
}

/** How many rows of each class (second index) go to each fold (first index). */
function allocation(sizes: readonly number[], count: number): number[][] {
  const dealt = Array.from({ length: count }, () => sizes.map(() => 0));
  let position = 0;
  sizes.forEach((size, code) => {
    for (let i = 0; i < size; i++) dealt[position++ % count][code]++;
  });
  return dealt;
}

function name(label: string | number, names?: ReadonlyMap<string | number, string>): string {
  return names?.get(label) ?? String(label);
}
