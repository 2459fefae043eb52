import { rowProbabilities } from "../../evaluate/logistic/calls.ts";
import { predictScores } from "../../evaluate/logistic/logistic.ts";

/** What a probe of the study makes of one composite. */
export interface Predicted {
  /** Of every class; 1 together. */
  readonly probabilities: Float64Array;
  /** Class with the highest; the lower number among equals. */
  readonly called: number;
  /** Natural logarithm of the own class's probability over the most probable other's; NaN without an own class. */
  readonly margin: number;
}

/**
 * Predicts by a probe of the study for one composite's features.
 * @param theta classes x (dimension + 1): weights on raw features, then intercept (`probes.npy`, one group's)
 * @param own class of the cell, -1 for none
 */
export function predict(
  theta: Float64Array,
  features: Float32Array,
  classes: number,
  own: number,
): Predicted {
  const scores = predictScores({ theta, classes, dimension: features.length }, features);
  const probabilities = new Float64Array(classes);
  const called = rowProbabilities(scores, probabilities);
  let rival = -Infinity;
  for (let k = 0; k < classes; k++) if (k !== own && scores[k] > rival) rival = scores[k];
  return { probabilities, called, margin: own < 0 ? Number.NaN : scores[own] - rival };
}
