import { applyTemperature, fitTemperature } from "./calibrate.ts";
import { type Calibration, classShares, prevalence, type Quantifier } from "./quantify.ts";
import { quickShares } from "./quick.ts";
import type { Scores } from "./scores.ts";

/** What quantifies cells that are seen in one way. */
export interface Quantifying {
  /** Shares among rows of target scores (rows x classes). */
  readonly estimate: (scores: Float64Array, rows: readonly number[]) => Float64Array;
  /** The same to compare with {@link ofTraining}: quickly. */
  readonly ofTarget: (rows: readonly number[]) => Float64Array;
  /** Of training cells, by number, from their held-out probabilities. */
  readonly ofTraining: (rows: Int32Array) => Float64Array;
  /** Shares among target rows by the probes of the two halves. */
  readonly halves: (rows: readonly number[]) => Float64Array[];
}

/**
 * Learns to quantify from held-out cells: a temperature, and their confusion where the method asks for it.
 * @param labels class of every training cell
 * @param target name of the targets that probes of halves were asked about
 */
export function quantifier(
  method: Quantifier,
  classes: number,
  labels: Int32Array,
  scores: Scores,
  target: string,
): Quantifying {
  const own = calibrated(method, classes, scores.heldOut, labels);
  const prior = classShares(labels, classes);
  const ratios = (posteriors: Float64Array) => posteriors.map((p, at) => p / prior[at % classes]);
  const quick = (posteriors: Float64Array) => {
    const ratio = ratios(posteriors);
    return (rows: ArrayLike<number>): Float64Array =>
      method === "em"
        ? quickShares(ratio, rows, classes)
        : prevalence(method, own.calibration, rowsOf(posteriors, rows, classes)).shares;
  };
  const halves = scores.halves.map(({ rows, heldOut, target: of }) => {
    const half = calibrated(
      method,
      classes,
      heldOut,
      rows.map((row) => labels[row]),
    );
    return (asked: readonly number[]) => half.estimate(of, asked);
  });
  return {
    estimate: own.estimate,
    ofTarget: quick(own.probabilities(scores.targets.get(target)!)),
    ofTraining: quick(own.calibration.posteriors),
    halves: (rows) => halves.map((of) => of(rows)),
  };
}

function calibrated(method: Quantifier, classes: number, heldOut: Float64Array, labels: Int32Array) {
  const temperature = fitTemperature(heldOut, labels, classes);
  const probabilities = (scores: Float64Array) => applyTemperature(temperature, scores, classes);
  const calibration: Calibration = { classes, posteriors: probabilities(heldOut), labels };
  const estimate = (scores: Float64Array, rows: readonly number[]) =>
    prevalence(method, calibration, probabilities(rowsOf(scores, rows, classes))).shares;
  return { estimate, calibration, probabilities };
}

function rowsOf(values: Float64Array, rows: ArrayLike<number>, width: number): Float64Array {
  const out = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++)
    out.set(values.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
  return out;
}
