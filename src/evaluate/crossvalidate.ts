import { mean, standardDeviation } from "../core/statistics.ts";
import { DataError } from "../errors.ts";
import { type Fold, joinPair, type Split } from "./split.ts";
import { PairSolver } from "./svm/pair-solver.ts";
import { checkFinite, type Fit, GAP_GOAL, type Problem } from "./svm/problem.ts";
import { solveSmo } from "./svm/smo.ts";

/** Cross-validated accuracy of one pair of classes. */
export interface PairFit {
  /**
   * Accuracy of every fold, 0..1, with chance at 0.5: the share of the tested rows that are predicted right; for classes
   * of unequal size the mean of that share in either class (balanced accuracy, Brodersen et al. 2010).
   */
  readonly folds: readonly number[];
  /** Mean over the folds. */
  readonly accuracy: number;
  /** Population standard deviation over the folds. */
  readonly sd: number;
  /** One entry per row of the first class, then of the second: 1 where a fold tests it and predicts it right. */
  readonly correct: Uint8Array;
  /** Largest relative duality gap of the folds' fits; at most 1e-6. */
  readonly gap: number;
  /** Primal objective of every fold's fit. */
  readonly objectives: readonly number[];
  /** Solver of every fold's fit. */
  readonly solvers: readonly Fit["solver"][];
}

/** Scores of the test rows of fold `k` under the optimal machine of its training rows; positive: first class. */
type Solve = (train: Int32Array, test: Int32Array, k: number) => { fit: Fit; scores: Float64Array };

/** Scores are known no better than this; below it they count as ties, as they are on exact arithmetic. */
const TIE = 1e-6;

/** Steps times rows that plain SMO may take where the fast solver could not finish: some ten seconds. */
const PATIENCE = 1e9;

/**
 * Accuracy of a linear C-SVC (C = 1, raw features, unpenalized bias; LIBSVM's optimum) that tells two classes apart,
 * trained and tested as the split says. A row is predicted to be of the first class where its score is above 0, and of
 * the second otherwise (LIBSVM's tie rule and class order).
 *
 * @param a features of the first class, rows x dimension
 * @param b features of the second class
 * @param dimension features per row
 * @param splits of the first class and of the second
 * @param names names of the two classes in messages
 * @throws RangeError for splits that do not fit the rows or one another
 * @throws DataError for a feature that is NaN or infinite, or features on which no fit reaches a gap of 1e-6
 */
export function crossValidatePair(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  splits: readonly Split[],
  names: readonly [string, string] = ["1", "2"],
): PairFit {
  const { folds, first, rows } = prepare(a, b, dimension, splits, names);
  const solver = new PairSolver(a, b, dimension, isPartition(folds, rows) ? folds.map((f) => f.test) : []);
  return evaluate(folds, first, rows, (train, test, k) => {
    const fit = solver.solve(train, k);
    if (fit !== null) return { fit, scores: solver.scores(fit, test) };
    const plain = plainFold(a, b, dimension, train, test, PATIENCE / train.length);
    if (plain !== null && plain.fit.gap <= GAP_GOAL) return plain;
    throw new DataError(
      `no machine for the classes ${names[0]} and ${names[1]} can be proven optimal: their features lie too many orders of magnitude apart (largest ${largest(a, b).toExponential(1)}); bring the encoder's features to one scale`,
    );
  });
}

/** The twin of {@link crossValidatePair} that its tests compare it with: every fit by plain SMO in float64. */
export function crossValidatePlain(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  splits: readonly Split[],
  names: readonly [string, string] = ["1", "2"],
): PairFit {
  const { folds, first, rows } = prepare(a, b, dimension, splits, names);
  return evaluate(folds, first, rows, (train, test) => plainFold(a, b, dimension, train, test, Infinity)!);
}

function prepare(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  splits: readonly Split[],
  names: readonly [string, string],
) {
  checkShape(a, dimension, names[0]);
  checkShape(b, dimension, names[1]);
  const first = a.length / dimension;
  const second = b.length / dimension;
  return { folds: joinPair(splits, [first, second]), first, rows: first + second };
}

/** True where every row is tested once and trains in all other folds. */
function isPartition(folds: readonly Fold[], rows: number): boolean {
  const tested = folds.reduce((sum, { test }) => sum + test.length, 0);
  return tested === rows && folds.every(({ train, test }) => train.length + test.length === rows);
}

function evaluate(folds: readonly Fold[], first: number, rows: number, solve: Solve): PairFit {
  const correct = new Uint8Array(rows);
  const fits: Fit[] = [];
  folds.forEach(({ train, test }, k) => {
    const { fit, scores } = solve(train, test, k);
    fits.push(fit);
    test.forEach((r, i) => {
      correct[r] = scores[i] > TIE === r < first ? 1 : 0;
    });
  });
  const accuracies = folds.map(({ test }) => accuracyOf(test, correct, first));
  return {
    folds: accuracies,
    accuracy: mean(accuracies),
    sd: standardDeviation(accuracies),
    correct,
    gap: Math.max(...fits.map((f) => f.gap)),
    objectives: fits.map((f) => f.objective),
    solvers: fits.map((f) => f.solver),
  };
}

/** Accuracy of every fold, as {@link PairFit.folds} has it, from hits of rows that probes of another kind judged. */
export function foldAccuracies(
  correct: Uint8Array,
  splits: readonly Split[],
  sizes: readonly [number, number],
): number[] {
  return joinPair(splits, sizes).map(({ test }) => accuracyOf(test, correct, sizes[0]));
}

/** @param first rows of the first class, which are the first of all rows */
function accuracyOf(test: Int32Array, correct: Uint8Array, first: number): number {
  const classes =
    2 * first === correct.length ? [test] : [test.filter((r) => r < first), test.filter((r) => r >= first)];
  return mean(classes.filter((own) => own.length > 0).map((own) => share(own, correct)));
}

/** Share of the tested rows that are predicted right, fold after fold, whatever the sizes of the two classes. */
export function countedFolds(
  correct: Uint8Array,
  splits: readonly Split[],
  sizes: readonly [number, number],
): number[] {
  return joinPair(splits, sizes).map(({ test }) => share(test, correct));
}

/** Share of rows that are predicted right. */
function share(rows: Int32Array, correct: Uint8Array): number {
  return rows.reduce((right, r) => right + correct[r], 0) / rows.length;
}

function plainFold(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  train: Int32Array,
  test: Int32Array,
  limit: number,
): ReturnType<Solve> | null {
  const first = a.length / dimension;
  const row = (r: number) =>
    r < first
      ? a.subarray(r * dimension, (r + 1) * dimension)
      : b.subarray((r - first) * dimension, (r - first + 1) * dimension);
  const { problem, center } = centered(train, first, dimension, row);
  const fit = solveSmo(problem, limit);
  if (fit === null) return null;
  const scores = Float64Array.from(test, (r) => {
    const x = row(r);
    let score = fit.b;
    for (let j = 0; j < dimension; j++) score += fit.w[j] * (x[j] - center[j]);
    return score;
  });
  return { fit, scores };
}

/** Training set of the given rows (those below `first` are of the first class), and the mean it is centered on. */
function centered(
  rows: Int32Array,
  first: number,
  dimension: number,
  row: (r: number) => Float32Array,
): { problem: Problem; center: Float64Array } {
  const center = new Float64Array(dimension);
  for (const r of rows) {
    const values = row(r);
    for (let j = 0; j < dimension; j++) center[j] += values[j];
  }
  for (let j = 0; j < dimension; j++) center[j] /= rows.length;
  const x = new Float64Array(rows.length * dimension);
  const y = new Int8Array(rows.length);
  rows.forEach((r, i) => {
    const values = row(r);
    for (let j = 0; j < dimension; j++) x[i * dimension + j] = values[j] - center[j];
    y[i] = r < first ? 1 : -1;
  });
  return { problem: { rows: rows.length, dimension, x, y }, center };
}

function largest(a: Float32Array, b: Float32Array): number {
  let top = 0;
  for (const values of [a, b]) for (const v of values) top = Math.max(top, Math.abs(v));
  return top;
}

function checkShape(features: Float32Array, dimension: number, name: string): void {
  if (!Number.isInteger(dimension) || dimension < 1 || features.length % dimension !== 0)
    throw new RangeError(`${features.length} values are no rows of ${dimension} features (class ${name})`);
  checkFinite(features, dimension, `class ${name}`);
}
