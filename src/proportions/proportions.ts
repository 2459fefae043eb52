import { groupRows } from "../core/group.ts";
import { StudyError } from "../errors.ts";
import {
  fitLogistic,
  type LogisticModel,
  type LogisticOptions,
  predictProbabilities,
} from "../evaluate/logistic/logistic.ts";
import { type DivergenceSummary, divergence, summarize } from "./divergence.ts";

/** Cells with the features of their original and of their masked crops, row by row. */
export interface PairedFeatures {
  /** Rows x dimension. */
  readonly original: Float32Array;
  readonly masked: Float32Array;
}

/** Singly localized cells, to train on. */
export interface TrainingCells extends PairedFeatures {
  /** Class of every row, 0..classes-1. */
  readonly labels: ArrayLike<number>;
}

/** Cells of multiply localized proteins. */
export interface TargetCells extends PairedFeatures {
  /** Protein of every row. */
  readonly proteins: readonly string[];
}

export interface ProportionOptions {
  /** `mean` (default): mean over all cells of a protein. `first`: its first cell alone, one row per protein as published. */
  readonly cells?: "mean" | "first";
  /** How the two models are trained; default: converged, C = 1. */
  readonly logistic?: LogisticOptions;
}

/** Predicted localization proportions of one protein. */
export interface ProteinProportions {
  readonly protein: string;
  /** Cells that the distributions are means of. */
  readonly cells: number;
  /** Probability of every class by the model of original crops, on original crops. */
  readonly original: Float64Array;
  /** By the model of masked crops, on masked crops. */
  readonly masked: Float64Array;
  /** KL(original || masked), nats. */
  readonly divergence: number;
}

export interface ProportionResult {
  readonly classes: readonly string[];
  /** In the order in which proteins first appear. */
  readonly proteins: readonly ProteinProportions[];
  /** What Figure 3A shows: its histogram is over `proteins`' divergences, its lines are the quartiles. */
  readonly summary: DivergenceSummary;
  /** Whether both models reached their optimum; false for the published optimizer. */
  readonly converged: boolean;
}

/**
 * Localization proportions of heterogeneous proteins, as published: one multinomial logistic regression on original
 * crops and one on masked crops of singly localized proteins, each predicting its own kind of crop of multiply
 * localized ones; how far the two disagree is KL(original || masked).
 *
 * @throws StudyError where there is nothing to predict or a class has no cells
 * @throws DataError for a feature that is NaN or infinite
 */
export function localizationProportions(
  training: TrainingCells,
  targets: TargetCells,
  dimension: number,
  classes: readonly string[],
  options: ProportionOptions = {},
): ProportionResult {
  const { cells = "mean", logistic = {} } = options;
  if (targets.proteins.length === 0)
    throw new StudyError(
      "there are no cells of multiply localized proteins; give some proteins two localizations, joined by |, or turn the proportions off",
    );
  const fit = (features: Float32Array) =>
    fitLogistic(features, training.labels, dimension, classes.length, logistic);
  const models = [fit(training.original), fit(training.masked)];
  const rows = rowsByProtein(targets.proteins, cells);
  const original = distributions(models[0], targets.original, rows);
  const masked = distributions(models[1], targets.masked, rows);
  const proteins = [...rows].map(([protein, of], i) => ({
    protein,
    cells: of.length,
    original: original[i],
    masked: masked[i],
    divergence: divergence(original[i], masked[i]),
  }));
  return {
    classes,
    proteins,
    summary: summarize(proteins.map((p) => p.divergence)),
    converged: models.every((m) => m.converged),
  };
}

function rowsByProtein(proteins: readonly string[], cells: "mean" | "first"): Map<string, number[]> {
  const groups = groupRows(proteins, (protein) => protein);
  return cells === "mean"
    ? groups
    : new Map([...groups].map(([protein, rows]) => [protein, rows.slice(0, 1)]));
}

/** Mean predicted distribution of every protein. */
function distributions(
  model: LogisticModel,
  features: Float32Array,
  rows: ReadonlyMap<string, readonly number[]>,
): Float64Array[] {
  const p = predictProbabilities(model, features);
  return [...rows.values()].map((of) => {
    const sum = new Float64Array(model.classes);
    for (const row of of) for (let k = 0; k < model.classes; k++) sum[k] += p[row * model.classes + k];
    return sum.map((v) => v / of.length);
  });
}
