import { mulberry32, namedSeed, shuffle } from "../../core/rng.ts";
import { softmax } from "./softmax.ts";

/** The authors' optimizer: Adam (Kingma & Ba 2015) with PyTorch's defaults. */
const RATE = 1e-3;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
const BATCH = 128;
const EPOCHS = 5;

/**
 * Softmax regression as the paper trains it: mean cross-entropy per batch of 128 shuffled rows, Adam with rate 1e-3,
 * 5 epochs, starting from PyTorch's default of a linear layer (uniform within +- 1 / sqrt(dimension)). It stops far
 * from the optimum and depends on the seed; kept for comparison with the published numbers.
 *
 * @returns classes x (dimension + 1): weights, then intercept, of every class
 */
export function trainAdam(
  features: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  dimension: number,
  classes: number,
  seed: number,
): Float64Array {
  const rows = labels.length;
  const width = dimension + 1;
  const random = mulberry32(namedSeed(seed, "adam"));
  const bound = 1 / Math.sqrt(dimension);
  const theta = Float64Array.from({ length: classes * width }, () => (2 * random() - 1) * bound);
  const first = new Float64Array(theta.length);
  const second = new Float64Array(theta.length);
  const gradient = new Float64Array(theta.length);
  const p = new Float64Array(classes);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  let step = 0;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    for (let start = 0; start < rows; start += BATCH) {
      const batch = order.subarray(start, Math.min(start + BATCH, rows));
      gradient.fill(0);
      for (const row of batch) {
        const at = row * dimension;
        for (let k = 0, t = 0; k < classes; k++, t += width) {
          let sum = theta[t + dimension];
          for (let j = 0; j < dimension; j++) sum += theta[t + j] * features[at + j];
          p[k] = sum;
        }
        softmax(p, 0, classes);
        for (let k = 0, t = 0; k < classes; k++, t += width) {
          const r = (p[k] - (labels[row] === k ? 1 : 0)) / batch.length;
          for (let j = 0; j < dimension; j++) gradient[t + j] += r * features[at + j];
          gradient[t + dimension] += r;
        }
      }
      step++;
      const rate = (RATE * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step);
      const epsilon = EPSILON * Math.sqrt(1 - BETA2 ** step);
      for (let t = 0; t < theta.length; t++) {
        first[t] = BETA1 * first[t] + (1 - BETA1) * gradient[t];
        second[t] = BETA2 * second[t] + (1 - BETA2) * gradient[t] ** 2;
        theta[t] -= (rate * first[t]) / (Math.sqrt(second[t]) + epsilon);
      }
    }
  }
  return theta;
}
