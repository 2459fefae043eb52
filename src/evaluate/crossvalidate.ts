import { mean, standardDeviation } from "../core/statistics.ts";
import { pairFolds, trainingRows } from "./folds.ts";
import { checkFinite, type Fit, type Problem } from "./problem.ts";
import { solveSmo } from "./smo.ts";

/** Cross-validated accuracy of one pair of classes. */
export interface PairFit {
  /** Accuracy of every fold, 0..1. */
  readonly folds: readonly number[];
  /** Mean over the folds. */
  readonly accuracy: number;
  /** Population standard deviation over the folds. */
  readonly sd: number;
  /** One entry per row of the first class, then of the second: 1 where the out-of-fold prediction is right. */
  readonly correct: Uint8Array;
  /** Largest relative duality gap of the folds' fits. */
  readonly gap: number;
  /** Primal objective of every fold's fit. */
  readonly objectives: readonly number[];
  /** Solver of every fold's fit. */
  readonly solvers: readonly Fit["solver"][];
}

/** Solves one training set; the fast solver and its plain twin have this one shape. */
export type Solver = (problem: Problem) => Fit;

/**
 * Accuracy of a linear C-SVC (C = 1, raw features, unpenalized bias; LIBSVM's optimum) that tells two classes apart,
 * by stratified unshuffled cross-validation.
 *
 * @param a features of the first class, rows x dimension
 * @param b features of the second class
 * @param dimension features per row
 * @param folds number of folds
 * @param names names of the two classes in messages
 * @throws StudyError for a class with fewer rows than folds
 * @throws DataError for a feature that is NaN or infinite
 */
export function crossValidatePair(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  folds = 5,
  names: readonly [string, string] = ["1", "2"],
  solver: Solver = solveSmo,
): PairFit {
  checkShape(a, dimension, names[0]);
  checkShape(b, dimension, names[1]);
  const first = a.length / dimension;
  const second = b.length / dimension;
  const split = pairFolds(first, second, folds, [...names]);
  const correct = new Uint8Array(first + second);
  const row = (r: number) =>
    r < first
      ? a.subarray(r * dimension, (r + 1) * dimension)
      : b.subarray((r - first) * dimension, (r - first + 1) * dimension);
  const fits: Fit[] = [];
  const accuracies = split.test.map((test, k) => {
    const train = trainingRows(split, k);
    const { problem, center } = centeredProblem(train, first, dimension, row);
    const fit = solver(problem);
    fits.push(fit);
    let right = 0;
    for (const r of test) {
      const x = row(r);
      let score = fit.b;
      for (let j = 0; j < dimension; j++) score += fit.w[j] * (x[j] - center[j]);
      correct[r] = score > 0 === r < first ? 1 : 0;
      right += correct[r];
    }
    return right / test.length;
  });
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

/** Training set of the given rows (those below `first` are of the first class), and the mean it is centered on. */
export function centeredProblem(
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

function checkShape(features: Float32Array, dimension: number, name: string): void {
  if (!Number.isInteger(dimension) || dimension < 1 || features.length % dimension !== 0)
    throw new RangeError(`${features.length} values are no rows of ${dimension} features (class ${name})`);
  checkFinite(features, dimension, `class ${name}`);
}
