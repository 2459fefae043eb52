import { symmetricEigen } from "../core/eigen.ts";
import { DataError, StudyError } from "../errors.ts";
import { saerens } from "./saerens.ts";
import { nearestShares } from "./simplex.ts";

/** A way to estimate the shares of classes among cells from a classifier's probabilities for them. */
export type Quantifier = "cc" | "acc" | "pcc" | "pacc" | "em";

/** What people call them. */
export const QUANTIFIERS: Readonly<Record<Quantifier, string>> = {
  cc: "classify and count",
  acc: "adjusted classify and count",
  pcc: "mean probability",
  pacc: "adjusted mean probability",
  em: "expectation maximization",
};

/** Singly localized cells that their classifier was not trained on. */
export interface Calibration {
  readonly classes: number;
  /** Rows x classes: probabilities, each row sums to 1. */
  readonly posteriors: Float64Array;
  /** Class of every row, 0..classes-1; every class has a row. */
  readonly labels: ArrayLike<number>;
  /** Field or protein of every row; standard: every row is its own. */
  readonly cluster?: Int32Array;
}

/** Estimated shares of the classes among target cells. */
export interface Prevalence {
  /** One per class, not negative, sum 1. */
  readonly shares: Float64Array;
  /** False where the likelihood's maximum was not reached, or where other shares fit as well (`acc`, `pacc`). */
  readonly converged: boolean;
  /** Steps of `em`; 0 for the others. */
  readonly iterations: number;
}

/**
 * Shares of classes among target cells. `cc` counts the most probable class of every cell, `pcc` averages the
 * probabilities; `acc` and `pacc` look for the shares that, by the confusion among held-out cells, would have given
 * that count or average: the nearest on the simplex in least squares (Bella et al. 2010, ICDM 737; Bunse 2022). `em` makes
 * the probabilities most likely (`saerens`), with the shares among held-out cells as those of training.
 *
 * @param posteriors target rows x classes, by the classifier whose held-out probabilities the calibration has
 * @throws StudyError for no target cells, or a class without held-out cells (`acc`, `pacc`, `em`)
 * @throws DataError for a probability that is NaN, negative or infinite
 */
export function prevalence(
  method: Quantifier,
  calibration: Calibration,
  posteriors: Float64Array,
): Prevalence {
  const { classes, labels } = calibration;
  checkPosteriors(posteriors, classes, "target");
  if (posteriors.length === 0) throw new StudyError("there are no cells to estimate proportions of");
  if (method === "cc" || method === "pcc")
    return { shares: meanOf(posteriors, classes, method === "cc"), converged: true, iterations: 0 };
  checkPosteriors(calibration.posteriors, classes, "held-out");
  if (calibration.posteriors.length !== labels.length * classes)
    throw new RangeError(`${calibration.posteriors.length} probabilities for ${labels.length} rows`);
  if (method === "em") return saerens(posteriors, classShares(labels, classes));
  const confusion = confusionOf(calibration, method === "acc");
  const shares = nearestShares(confusion, meanOf(posteriors, classes, method === "acc"), classes);
  return { shares, converged: determined(confusion, classes), iterations: 0 };
}

/** Mean row, or how often each class is the most probable one (the lower number among equals). */
function meanOf(posteriors: Float64Array, classes: number, crisp: boolean): Float64Array {
  const rows = posteriors.length / classes;
  const sum = new Float64Array(classes);
  for (let at = 0; at < posteriors.length; at += classes) {
    if (crisp) sum[mostProbable(posteriors, at, classes)]++;
    else for (let k = 0; k < classes; k++) sum[k] += posteriors[at + k];
  }
  return sum.map((value) => value / rows);
}

/** Most probable class of the row that starts at `at`. */
function mostProbable(posteriors: Float64Array, at: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (posteriors[at + k] > posteriors[at + best]) best = k;
  return best;
}

/** Classes x classes: column k is the mean probability (or count) of every class among cells of class k. */
export function confusionOf({ classes, posteriors, labels }: Calibration, crisp: boolean): Float64Array {
  const sizes = classSizes(labels, classes);
  const confusion = new Float64Array(classes * classes);
  for (let i = 0, at = 0; i < labels.length; i++, at += classes) {
    const share = 1 / sizes[labels[i]];
    if (crisp) confusion[mostProbable(posteriors, at, classes) * classes + labels[i]] += share;
    else for (let k = 0; k < classes; k++) confusion[k * classes + labels[i]] += share * posteriors[at + k];
  }
  return confusion;
}

/** Whether no two mixtures of classes look alike: the confusion has full rank. */
function determined(confusion: Float64Array, classes: number): boolean {
  const gram = new Float64Array(classes * classes);
  for (let r = 0; r < classes; r++)
    for (let j = 0; j < classes; j++)
      for (let k = 0; k < classes; k++)
        gram[j * classes + k] += confusion[r * classes + j] * confusion[r * classes + k];
  const { values } = symmetricEigen(gram, classes);
  return values[classes - 1] > 1e-10 * values[0];
}

/** Share of every class among the labels. */
export function classShares(labels: ArrayLike<number>, classes: number): Float64Array {
  return Float64Array.from(classSizes(labels, classes), (size) => size / labels.length);
}

function classSizes(labels: ArrayLike<number>, classes: number): Int32Array {
  const sizes = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) {
    if (!(labels[i] >= 0 && labels[i] < classes))
      throw new RangeError(`label ${labels[i]} is none of ${classes} classes`);
    sizes[labels[i]]++;
  }
  const empty = sizes.indexOf(0);
  if (empty >= 0)
    throw new StudyError(
      `class number ${empty + 1} has no held-out cells to learn from; leave it out or add cells`,
    );
  return sizes;
}

function checkPosteriors(posteriors: Float64Array, classes: number, of: string): void {
  if (!(classes > 0) || posteriors.length % classes !== 0)
    throw new RangeError(`${posteriors.length} probabilities are not rows of ${classes} classes`);
  for (let at = 0; at < posteriors.length; at++)
    if (!(posteriors[at] >= 0 && posteriors[at] < Infinity))
      throw new DataError(
        `${of} cell ${Math.floor(at / classes) + 1} has the probability ${posteriors[at]}; look at its features`,
      );
}
