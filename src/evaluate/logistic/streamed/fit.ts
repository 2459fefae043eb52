import { StudyError } from "../../../errors.ts";
import { checkFinite } from "../../svm/problem.ts";
import { descend, largest } from "../lbfgs.ts";
import type { LogisticModel } from "../logistic.ts";
import { type Shape, weightLayout } from "./block.ts";
import { StreamedLoss } from "./objective.ts";
import type { ProbePool } from "./pool.ts";
import { type RowSource, Slices } from "./slices.ts";

/** Largest absolute entry of the gradient that a fit ends at, as `fitLogistic` does. */
const TOLERANCE = 1e-8;
const LIMIT = 20_000;

/** Steps that the optimizer remembers, and bytes that they take at most. */
export const REMEMBERED = { least: 4, most: 12, bytes: 2 ** 28 };

/** Steps that are remembered for a probe. */
export function rememberedSteps(shape: Shape): number {
  const { least, most, bytes } = REMEMBERED;
  return Math.min(most, Math.max(least, Math.floor(bytes / (16 * weightLayout(shape).length))));
}

/** A {@link LogisticModel} with what vouches for it. */
export interface StreamedModel extends LogisticModel {
  /** The objective (mean loss in nats and penalty) is at most so much above its least value, with the intercepts that there are. */
  readonly gap: number;
}

export interface StreamedOptions {
  /** Awaited after every look at all rows. */
  readonly between?: () => Promise<void>;
  /** Features beyond so many bytes are read anew for every look at them. */
  readonly heldBytes?: number;
}

/**
 * The optimum of `fitLogistic` with `standardize` and `balanced`, C = 1, for many rows and classes: rows are read in
 * pieces and looked at by all threads, and neither they nor their probabilities are held. The same bytes
 * whatever the number of threads.
 *
 * @param labels class of every row, 0..classes-1
 * @throws StudyError where a class has no rows
 * @throws DataError for a feature that is NaN or infinite
 */
export async function fitStreamed(
  pool: ProbePool,
  source: RowSource,
  labels: Int32Array,
  classes: number,
  { between = async () => {}, heldBytes }: StreamedOptions = {},
): Promise<StreamedModel> {
  const { rows, dimension } = source;
  const sizes = new Int32Array(classes);
  for (const label of labels) sizes[label]++;
  const empty = sizes.indexOf(0);
  if (empty >= 0)
    throw new StudyError(`class number ${empty + 1} has no cells to train on; leave it out or add cells`);
  const slices = new Slices(source, heldBytes);
  const { center, scale } = standards(slices);
  const shape: Shape = { dimension, classes };
  const weights = Float64Array.from(labels, (label) => 1 / (classes * sizes[label]));
  const loss = new StreamedLoss({ pool, slices, shape, center, scale, labels, weights });
  // The mean loss divides scikit-learn's objective by the rows; balanced weights sum to 1 here.
  const penalty = 1 / rows;
  const { features, columns, length } = weightLayout(shape);
  const penalized = features * columns;
  const theta = new Float64Array(length);
  let gap = Number.NaN;
  const steps = descend(theta, {
    done: (gradient) => {
      gap = gapOf(gradient.subarray(0, penalized), penalty);
      return largest(gradient) <= TOLERANCE;
    },
    limit: LIMIT,
    memory: rememberedSteps(shape),
  });
  let step = steps.next();
  while (step.done !== true) {
    const { at, gradient } = step.value;
    let value = await loss.evaluate(at, gradient);
    let squares = 0;
    for (let i = 0; i < penalized; i++) {
      squares += at[i] * at[i];
      gradient[i] += penalty * at[i];
    }
    value += (penalty * squares) / 2;
    await between();
    step = steps.next(value);
  }
  const { iterations, gradient, converged } = step.value;
  return {
    classes,
    dimension,
    theta: onRaw(theta, shape, center, scale),
    iterations,
    gradient,
    converged,
    gap,
  };
}

/**
 * How far the objective is above its least value at most, from its gradient in the penalized weights: the duality gap where the
 * intercepts' gradient is 0, whose dual variables are the probabilities.
 */
function gapOf(gradient: Float64Array, penalty: number): number {
  let squares = 0;
  for (const g of gradient) squares += g * g;
  return squares / (2 * penalty);
}

/** Mean and population standard deviation of every feature; 1 for a constant one. */
function standards(slices: Slices): { center: Float64Array; scale: Float64Array } {
  const { rows, dimension: d } = slices.source;
  const mean = new Float64Array(d);
  each(slices, (x) => {
    checkFinite(x, d, "the training set");
    for (let i = 0, j = 0; i < x.length; i++, j = j + 1 === d ? 0 : j + 1) mean[j] += x[i];
  });
  for (let j = 0; j < d; j++) mean[j] /= rows;
  const square = new Float64Array(d);
  each(slices, (x) => {
    for (let i = 0, j = 0; i < x.length; i++, j = j + 1 === d ? 0 : j + 1) square[j] += (x[i] - mean[j]) ** 2;
  });
  return {
    center: mean,
    scale: square.map((s, j) => {
      const sd = Math.sqrt(s / rows);
      return sd > 1e-12 * Math.abs(mean[j]) ? sd : 1;
    }),
  };
}

function each(slices: Slices, look: (features: Float32Array) => void): void {
  for (let slice = 0; slice < slices.count; slice++) look(slices.read(slice, 0));
}

/** Weights on standardized features, rewritten for raw ones: classes x (dimension + 1). */
function onRaw(theta: Float64Array, shape: Shape, center: Float64Array, scale: Float64Array): Float64Array {
  const { dimension: d, classes } = shape;
  const { features, columns } = weightLayout(shape);
  const out = new Float64Array(classes * (d + 1));
  for (let k = 0, at = 0; k < classes; k++) {
    let intercept = theta[features * columns + k];
    for (let j = 0; j < d; j++) {
      const weight = theta[j * columns + k] / scale[j];
      intercept -= weight * center[j];
      out[at++] = weight;
    }
    out[at++] = intercept;
  }
  return out;
}
