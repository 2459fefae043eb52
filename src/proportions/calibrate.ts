import { StudyError } from "../errors.ts";
import { minimize } from "../evaluate/logistic/lbfgs.ts";
import { softmax } from "../evaluate/logistic/softmax.ts";

/**
 * How a classifier's scores are made probabilities that mean what they say: `none`; one `temperature` (Guo et al. 2017,
 * ICML); `bias`, a temperature and an offset per class (bias-corrected temperature scaling, Alexandari et al. 2020, ICML).
 */
export type Calibrator = "none" | "temperature" | "bias";

/** Score k becomes factor * score + offset_k before the softmax. */
export interface Scaling {
  /** 1 / temperature. */
  readonly factor: number;
  readonly offset: Float64Array;
  readonly converged: boolean;
}

/** Scores that separate the held-out cells perfectly would be scaled up without end; the factor stops here. */
const STEEPEST = 1000;

/**
 * Fits the scaling that makes held-out cells most likely.
 *
 * @param scores rows x classes: logits of cells that their classifier was not trained on
 * @param labels class of every row, 0..classes-1
 * @throws StudyError where there are no rows
 */
export function fitScaling(
  kind: Calibrator,
  scores: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
): Scaling {
  const rows = labels.length;
  if (scores.length !== rows * classes)
    throw new RangeError(`${scores.length} scores are not ${rows} rows of ${classes}`);
  if (rows === 0) throw new StudyError("there are no held-out cells to calibrate on");
  const offset = new Float64Array(classes);
  if (kind === "none" || classes === 1) return { factor: 1, offset, converged: true };
  if (kind === "temperature") return { offset, ...fitFactor(scores, labels, classes) };
  const x = new Float64Array(1 + classes);
  x[0] = 1;
  const p = new Float64Array(classes);
  const { converged } = minimize(
    (at, gradient) => {
      gradient.fill(0);
      let loss = 0;
      for (let i = 0, row = 0; i < rows; i++, row += classes) {
        for (let k = 0; k < classes; k++) p[k] = at[0] * scores[row + k] + at[1 + k];
        loss -= p[labels[i]];
        loss += softmax(p, 0, classes);
        for (let k = 0; k < classes; k++) {
          const off = (p[k] - (labels[i] === k ? 1 : 0)) / rows;
          gradient[0] += off * scores[row + k];
          gradient[1 + k] += off;
        }
      }
      return loss / rows;
    },
    x,
    1e-9,
    500,
  );
  return { factor: x[0], offset: x.slice(1), converged };
}

/** Probabilities of scaled scores, rows x classes. */
export function applyScaling({ factor, offset }: Scaling, scores: Float64Array): Float64Array {
  const classes = offset.length;
  const out = scores.slice();
  for (let at = 0; at < out.length; at += classes) {
    for (let k = 0; k < classes; k++) out[at + k] = factor * out[at + k] + offset[k];
    softmax(out, at, classes);
  }
  return out;
}

/**
 * Temperature T that makes held-out cells most likely under softmax(score / T) (Guo et al. 2017, ICML).
 * @param scores rows x classes
 */
export function fitTemperature(scores: Float64Array, labels: ArrayLike<number>, classes: number): number {
  return 1 / fitScaling("temperature", scores, labels, classes).factor;
}

/** softmax(score / T), rows x classes. */
export function applyTemperature(temperature: number, scores: Float64Array, classes: number): Float64Array {
  const out = scores.map((score) => score / temperature);
  for (let at = 0; at < out.length; at += classes) softmax(out, at, classes);
  return out;
}

/** The factor 1 / T: the root of the likelihood's derivative, which rises with it; by halving. */
function fitFactor(scores: Float64Array, labels: ArrayLike<number>, classes: number) {
  const p = new Float64Array(classes);
  const slope = (factor: number) => {
    let sum = 0;
    for (let i = 0, at = 0; i < labels.length; i++, at += classes) {
      for (let k = 0; k < classes; k++) p[k] = factor * scores[at + k];
      softmax(p, 0, classes);
      for (let k = 0; k < classes; k++) sum += p[k] * (scores[at + k] - scores[at + labels[i]]);
    }
    return sum;
  };
  let [low, high] = [1 / STEEPEST, STEEPEST];
  if (slope(low) >= 0) return { factor: low, converged: false };
  if (slope(high) <= 0) return { factor: high, converged: false };
  while (high / low > 1 + 1e-12) {
    const middle = Math.sqrt(low * high);
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return { factor: Math.sqrt(low * high), converged: true };
}
