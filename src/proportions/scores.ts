import { fitLogistic, type LogisticModel, predictScores } from "../evaluate/logistic/logistic.ts";

/** Singly localized cells that probes are trained and calibrated on. */
export interface Training {
  readonly classes: number;
  /** Class of every cell, 0..classes-1. */
  readonly labels: Int32Array;
  /** Fold of every cell, 0..count-1: its scores are of a probe that was trained on the other folds. */
  readonly fold: Int32Array;
  readonly count: number;
  readonly dimension: number;
}

/** Cells seen in one way, rows x dimension each. */
export interface SeenCells {
  /** Of the training cells. */
  readonly training: Float32Array;
  /** What the probes are asked about, by name. */
  readonly targets: ReadonlyMap<string, SeenTargets>;
  /** The one of them that the probes of halves are asked about as well. */
  readonly halved: string;
}

export interface SeenTargets {
  /** Rows x dimension. */
  readonly features: Float32Array;
  /** Fold of every row whose held-out probe is asked; absent: the mean of all probes. */
  readonly fold?: Int32Array;
}

/** Scores (logarithms of probabilities up to a constant of the row), rows x classes. */
export interface Scores {
  /** Of the training cells, each by the probe that its fold was held out from. */
  readonly heldOut: Float64Array;
  readonly targets: ReadonlyMap<string, Float64Array>;
  /** By the probe of each half of the folds: the other half's training cells (`rows` of them) and the targets. */
  readonly halves: readonly {
    readonly rows: Int32Array;
    readonly heldOut: Float64Array;
    readonly target: Float64Array;
  }[];
}

/**
 * Scores by logistic probes (standardized features, C = 1) of all classes, one per fold that is held out, and one per
 * half of the folds. Yields after every fit.
 * @throws StudyError where a class has no cells outside a fold or outside a half
 */
export function* fitScores(training: Training, seen: SeenCells): Generator<void, Scores> {
  const { classes, labels, fold, count, dimension } = training;
  const known = new Map<string, LogisticModel>();
  const heldOut = new Float64Array(labels.length * classes);
  const targets = new Map(
    [...seen.targets].map(([name, { features }]) => [
      name,
      new Float64Array((features.length / dimension) * classes),
    ]),
  );
  for (let k = 0; k < count; k++) {
    const model = yield* fitWithout((f) => f === k, training, seen.training, known);
    const rows = rowsOf(fold, (f) => f === k);
    place(predictScores(model, take(seen.training, rows, dimension)), rows, classes, heldOut);
    for (const [name, { features, fold: own }] of seen.targets) {
      const out = targets.get(name)!;
      const scores = predictScores(model, features);
      for (let at = 0; at < out.length; at++) {
        if (own === undefined) out[at] += scores[at] / count;
        else if (own[Math.floor(at / classes)] === k) out[at] = scores[at];
      }
    }
  }
  const halves = [];
  for (const half of [0, 1]) {
    const model = yield* fitWithout((f) => f % 2 === half, training, seen.training, known);
    const rows = rowsOf(fold, (f) => f % 2 === half);
    halves.push({
      rows,
      heldOut: predictScores(model, take(seen.training, rows, dimension)),
      target: predictScores(model, seen.targets.get(seen.halved)!.features),
    });
  }
  return { heldOut, targets, halves };
}

/** The probe of the folds that are not left out; equal folds are fitted once. */
function* fitWithout(
  out: (fold: number) => boolean,
  { classes, labels, fold, count, dimension }: Training,
  features: Float32Array,
  known: Map<string, LogisticModel>,
): Generator<void, LogisticModel> {
  const name = Array.from({ length: count }, (_, f) => (out(f) ? "" : f)).join(" ");
  const before = known.get(name);
  if (before !== undefined) return before;
  const rows = rowsOf(fold, (f) => !out(f));
  const model = fitLogistic(
    take(features, rows, dimension),
    rows.map((row) => labels[row]),
    dimension,
    classes,
    { standardize: true },
  );
  known.set(name, model);
  yield;
  return model;
}

function rowsOf(fold: Int32Array, wanted: (fold: number) => boolean): Int32Array {
  return Int32Array.from(fold.keys()).filter((row) => wanted(fold[row]));
}

function take(features: Float32Array, rows: Int32Array, dimension: number): Float32Array {
  const out = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    out.set(features.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return out;
}

function place(scores: Float64Array, rows: Int32Array, classes: number, out: Float64Array): void {
  rows.forEach((row, i) => {
    out.set(scores.subarray(i * classes, (i + 1) * classes), row * classes);
  });
}
