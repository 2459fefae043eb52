import { StudyError } from "../../errors.ts";
import type { Kernels } from "../svm/kernels.ts";
import { checkFinite } from "../svm/problem.ts";
import { trainAdam } from "./adam.ts";
import { curvature } from "./curvature.ts";
import { minimize } from "./lbfgs.ts";
import { isReducible, reduce } from "./reduced.ts";
import { loadRows, type SoftmaxData, softmax, softmaxLoss } from "./softmax.ts";

export interface LogisticOptions {
  /** Inverse strength of the L2 penalty, as in scikit-learn: C * sum of losses + 1/2 |W|^2. Infinity: no penalty. Default 1. */
  readonly c?: number;
  /** Every class weighs the same, whatever its number of rows. Default false. */
  readonly balanced?: boolean;
  /** Group of every row, from 0: every group weighs the same, whatever its number of rows; `balanced` is ignored then. */
  readonly groups?: ArrayLike<number>;
  /** The penalty is on the weights of standardized features (mean 0, population SD 1; constant ones left). Default false. */
  readonly standardize?: boolean;
  /** `converged` (default), or `published`: the authors' five epochs of Adam, which ignore the options above. */
  readonly optimizer?: "converged" | "published";
  /** Seed of the `published` optimizer. Default 0. */
  readonly seed?: number;
}

/** Multinomial logistic regression: P(class k | x) = softmax(W x + b)_k on raw features. */
export interface LogisticModel {
  readonly classes: number;
  readonly dimension: number;
  /** Classes x (dimension + 1): weights on raw features, then intercept. */
  readonly theta: Float64Array;
  readonly iterations: number;
  /** Largest absolute entry of the gradient of the mean loss on standardized features; NaN for `published`. */
  readonly gradient: number;
  /** Whether that is at most 1e-8; without a penalty separable classes have no optimum, and it is not. */
  readonly converged: boolean;
}

const TOLERANCE = 1e-8;
const LIMIT = 20_000;

/**
 * The curvature is looked at after so many iterations as there are rows or features, divided by this, which cost about
 * what it costs: many fits are done before. Then after twice as many again, and so on.
 */
const WORTH = 16;
const LEAST_WAIT = 5;

/**
 * Fits a softmax regression. With two classes both have weights (scikit-learn's `multi_class="multinomial"`).
 *
 * @param features rows x dimension
 * @param labels class of every row, 0..classes-1
 * @throws StudyError where a class has no rows, or C is not positive
 * @throws DataError for a feature that is NaN or infinite
 */
export function fitLogistic(
  features: Float32Array,
  labels: ArrayLike<number>,
  dimension: number,
  classes: number,
  options: LogisticOptions = {},
): LogisticModel {
  const { c = 1, balanced = false, standardize = false, optimizer = "converged", seed = 0, groups } = options;
  const rows = labels.length;
  if (features.length !== rows * dimension)
    throw new RangeError(`${features.length} values are not ${rows} rows of ${dimension} features`);
  if (groups !== undefined && groups.length !== rows)
    throw new RangeError(`${groups.length} groups for ${rows} rows`);
  if (!(c > 0)) throw new StudyError(`C is ${c}; it must be above 0`);
  checkFinite(features, dimension, "the training set");
  const sizes = classSizes(labels, classes);
  if (optimizer === "published") {
    const theta = trainAdam(features, labels, dimension, classes, seed);
    return { classes, dimension, theta, iterations: 5, gradient: Number.NaN, converged: false };
  }
  if (isReducible(rows, dimension)) return fitReduced(features, labels, dimension, classes, options);
  const { x, center } = loadRows(features, dimension);
  const scale = deviations(features, center);
  const unit = standardize ? toUnits(x.kernels, rows, scale) : null;
  const weights =
    groups !== undefined
      ? evenWeights(groups)
      : Float64Array.from({ length: rows }, (_, i) =>
          balanced ? 1 / (classes * sizes[labels[i]]) : 1 / rows,
        );
  const left = unit === null ? scale : scale.map((s, j) => s / unit[j]);
  const data: SoftmaxData = { rows, dimension, classes, x, scale: left, labels, weights };
  // The mean loss divides scikit-learn's objective by C * rows ("balanced" weights sum to rows as well).
  const penalty = Float64Array.from(scale, (s) => 1 / (c * rows) / (standardize ? 1 : s * s));
  const inner = new Float64Array(classes * (dimension + 1));
  const ridge = Math.max(1 / (c * rows), 1e-9 * (standardize ? 1 : x.kernels.variance));
  const wait = Math.max(LEAST_WAIT, Math.min(rows, dimension) / WORTH);
  let next = wait;
  const { iterations, gradient, converged } = minimize(
    (theta, g) => softmaxLoss(data, theta, penalty, g),
    inner,
    TOLERANCE,
    LIMIT,
    (theta, iteration) => {
      if (iteration < next) return null;
      next = 2 * next + wait;
      return curvature(data, theta, ridge);
    },
  );
  return { classes, dimension, theta: onRaw(inner, center, scale), iterations, gradient, converged };
}

/** The same optimum by way of as many features as rows. */
function fitReduced(
  features: Float32Array,
  labels: ArrayLike<number>,
  dimension: number,
  classes: number,
  { standardize, ...options }: LogisticOptions,
): LogisticModel {
  const center = means(features, dimension);
  const scale = standardize ? deviations(features, center) : new Float64Array(dimension).fill(1);
  const reduced = reduce(features, center, scale);
  const count = labels.length;
  const { theta: inner, ...found } = fitLogistic(reduced.features, labels, count, classes, options);
  const theta = new Float64Array(classes * (dimension + 1));
  for (let k = 0; k < classes; k++) {
    const own = inner.subarray(k * (count + 1), (k + 1) * (count + 1));
    theta.set(reduced.weights(own), k * (dimension + 1));
    theta[(k + 1) * (dimension + 1) - 1] = own[count];
  }
  return { ...found, dimension, theta: onRaw(theta, center, scale) };
}

function means(features: Float32Array, dimension: number): Float64Array {
  const mean = new Float64Array(dimension);
  for (let i = 0, j = 0; i < features.length; i++, j = j + 1 === dimension ? 0 : j + 1)
    mean[j] += features[i];
  return mean.map((sum) => sum / (features.length / dimension));
}

/** Class probabilities, rows x classes. */
export function predictProbabilities(
  model: LogisticModel,
  features: Float32Array | Float64Array,
): Float64Array {
  const out = predictScores(model, features);
  for (let at = 0; at < out.length; at += model.classes) softmax(out, at, model.classes);
  return out;
}

/** W x + b, rows x classes: logarithms of the class probabilities up to a constant of the row. */
export function predictScores(
  model: Pick<LogisticModel, "classes" | "dimension" | "theta">,
  features: Float32Array | Float64Array,
): Float64Array {
  const { classes, dimension: d, theta } = model;
  const rows = features.length / d;
  const out = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++)
    for (let k = 0, t = 0; k < classes; k++, t += d + 1) {
      let sum = theta[t + d];
      for (let j = 0; j < d; j++) sum += theta[t + j] * features[i * d + j];
      out[i * classes + k] = sum;
    }
  return out;
}

/** Most probable class of every row; the lower number among equals. */
export function predictClasses(model: LogisticModel, features: Float32Array | Float64Array): Int32Array {
  const p = predictProbabilities(model, features);
  const { classes } = model;
  return Int32Array.from({ length: p.length / classes }, (_, i) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (p[i * classes + k] > p[i * classes + best]) best = k;
    return best;
  });
}

function classSizes(labels: ArrayLike<number>, classes: number): Int32Array {
  const sizes = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) {
    if (!(labels[i] >= 0 && labels[i] < classes))
      throw new RangeError(`label ${labels[i]} is none of ${classes} classes`);
    sizes[labels[i]]++;
  }
  const empty = sizes.indexOf(0);
  if (classes < 2)
    throw new StudyError("a classifier needs at least two classes; add cells of another class");
  if (empty >= 0)
    throw new StudyError(`class number ${empty + 1} has no cells to train on; leave it out or add cells`);
  return sizes;
}

/** Weights of rows, 1 together, the same sum for every group that has rows. */
function evenWeights(groups: ArrayLike<number>): Float64Array {
  const sizes = new Map<number, number>();
  for (let i = 0; i < groups.length; i++) sizes.set(groups[i], (sizes.get(groups[i]) ?? 0) + 1);
  return Float64Array.from(groups, (group) => 1 / (sizes.size * sizes.get(group)!));
}

/** Population standard deviation of every feature; 1 for a constant one. */
function deviations(features: Float32Array, center: Float64Array): Float64Array {
  const d = center.length;
  const rows = features.length / d;
  const mean = new Float64Array(d);
  const square = new Float64Array(d);
  for (let i = 0, j = 0; i < features.length; i++, j = j + 1 === d ? 0 : j + 1) {
    const off = features[i] - center[j];
    mean[j] += off / rows;
    square[j] += (off * off) / rows;
  }
  return square.map((s, j) => {
    // Rounding leaves a constant feature a variance of about (1e-7 * mean)^2; it counts as constant.
    const sd = Math.sqrt(Math.max(0, s - mean[j] ** 2));
    return sd > 1e-12 * Math.abs(center[j]) ? sd : 1;
  });
}

/** Divides the rows in the kernels' memory by powers of two near `scale`, which rounds nothing, and returns those. */
function toUnits({ memory, columns }: Kernels, rows: number, scale: Float64Array): Float64Array {
  const unit = scale.map((s) => 2 ** Math.round(Math.log2(s)));
  const x = memory.x.f32;
  for (let r = 0, at = 0; r < rows; r++, at += columns)
    for (let j = 0; j < unit.length; j++) x[at + j] /= unit[j];
  return unit;
}

/** Weights on standardized features, rewritten for raw ones. */
function onRaw(inner: Float64Array, center: Float64Array, scale: Float64Array): Float64Array {
  const d = center.length;
  const theta = inner.slice();
  for (let t = 0; t < theta.length; t += d + 1)
    for (let j = 0; j < d; j++) {
      theta[t + j] /= scale[j];
      theta[t + d] -= theta[t + j] * center[j];
    }
  return theta;
}
