import { StudyError } from "../errors.ts";
import { minimize } from "../evaluate/logistic/lbfgs.ts";
import { softmax } from "../evaluate/logistic/softmax.ts";

/**
 * How a classifier's scores are made probabilities that mean what they say (Alexandari et al. 2020, ICML): `none`; one
 * `temperature` (Guo et al. 2017); `bias`, a temperature and an offset per class (bias-corrected temperature scaling);
 * `vector`, a factor and an offset per class.
 */
export type Calibrator = "none" | "temperature" | "bias" | "vector";

/** Score k becomes factor_k * score + offset_k before the softmax. */
export interface Scaling {
  readonly factor: Float64Array;
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
  const factor = new Float64Array(classes).fill(1);
  const offset = new Float64Array(classes);
  if (kind === "none" || classes === 1) return { factor, offset, converged: true };
  if (kind === "temperature") {
    const { value, converged } = fitFactor(scores, labels, classes);
    return { factor: factor.fill(value), offset, converged };
  }
  // Rows' constants cancel in the softmax, but not in class-wise factors: they are taken off, as `abstention` does.
  const centered = centerRows(scores, classes);
  const own = kind === "vector" ? classes : 1;
  const x = new Float64Array(own + classes);
  x.fill(1, 0, own);
  const p = new Float64Array(classes);
  const { converged } = minimize(
    (at, gradient) => {
      gradient.fill(0);
      let loss = 0;
      for (let i = 0, row = 0; i < rows; i++, row += classes) {
        for (let k = 0; k < classes; k++) p[k] = at[own === 1 ? 0 : k] * centered[row + k] + at[own + k];
        loss -= p[labels[i]];
        loss += softmax(p, 0, classes);
        for (let k = 0; k < classes; k++) {
          const off = (p[k] - (labels[i] === k ? 1 : 0)) / rows;
          gradient[own === 1 ? 0 : k] += off * centered[row + k];
          gradient[own + k] += off;
        }
      }
      return loss / rows;
    },
    x,
    1e-9,
    500,
  );
  for (let k = 0; k < classes; k++) {
    factor[k] = x[own === 1 ? 0 : k];
    offset[k] = x[own + k];
  }
  return { factor, offset, converged };
}

/** Probabilities of scaled scores, rows x classes. */
export function applyScaling({ factor, offset }: Scaling, scores: Float64Array): Float64Array {
  const classes = factor.length;
  const out = centerRows(scores, classes);
  for (let at = 0; at < out.length; at += classes) {
    for (let k = 0; k < classes; k++) out[at + k] = factor[k] * out[at + k] + offset[k];
    softmax(out, at, classes);
  }
  return out;
}

/**
 * Temperature T that makes held-out cells most likely under softmax(score / T) (Guo et al. 2017, ICML).
 * @param scores rows x classes
 */
export function fitTemperature(scores: Float64Array, labels: ArrayLike<number>, classes: number): number {
  return 1 / fitScaling("temperature", scores, labels, classes).factor[0];
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
  if (slope(low) >= 0) return { value: low, converged: false };
  if (slope(high) <= 0) return { value: high, converged: false };
  while (high / low > 1 + 1e-12) {
    const middle = Math.sqrt(low * high);
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return { value: Math.sqrt(low * high), converged: true };
}

function centerRows(scores: Float64Array, classes: number): Float64Array {
  const out = scores.slice();
  for (let at = 0; at < out.length; at += classes) {
    let mean = 0;
    for (let k = 0; k < classes; k++) mean += out[at + k] / classes;
    for (let k = 0; k < classes; k++) out[at + k] -= mean;
  }
  return out;
}
