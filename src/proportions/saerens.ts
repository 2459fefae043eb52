import { nonNegative } from "./simplex.ts";

/** Shares by maximum likelihood. */
export interface Likelihood {
  readonly shares: Float64Array;
  /** Whether no shares are more likely: the mean log likelihood is within 1e-10 of its maximum. */
  readonly converged: boolean;
  readonly iterations: number;
}

const TOLERANCE = 1e-10;
/** Steps of expectation maximization before the quadratic ones, and steps of all. */
const [WARM, LIMIT] = [15, 300];

/**
 * Shares of classes under label shift: those that make the target cells most likely when every class looks as it did in
 * training and only its share changes. It is what the expectation maximization of Saerens, Latinne & Decaestecker (2002,
 * Neural Computation 14:21) converges to; the likelihood is concave, so there is one maximum. After some steps of
 * theirs the rest is sequential quadratic programming (Kim et al. 2020, J Comput Graph Stat 29:261), as theirs are slow
 * where a class is absent.
 *
 * @param posteriors rows x classes, calibrated, of a classifier that was trained where classes have shares `prior`
 * @param prior positive, sums to 1
 * @param weights of the rows, not negative; standard 1 each
 */
export function saerens(posteriors: Float64Array, prior: Float64Array, weights?: Float64Array): Likelihood {
  const classes = prior.length;
  const ratio = likelihoodRatios(posteriors, prior);
  const weight = rowWeights(ratio, classes, weights);
  let shares: Float64Array = prior.slice();
  for (let iterations = 1; iterations <= LIMIT; iterations++) {
    const { gain, curvature } = derivatives(ratio, weight, shares, iterations > WARM);
    // The mean log likelihood of any shares exceeds this one by at most the largest gain less 1 (concavity).
    if (Math.max(...gain) - 1 < TOLERANCE) return { shares: normalized(shares), converged: true, iterations };
    shares =
      curvature === null
        ? normalized(shares.map((share, k) => share * gain[k]))
        : quadraticStep(ratio, weight, shares, gain, curvature);
  }
  return { shares: normalized(shares), converged: false, iterations: LIMIT };
}

/** Probability over prior, each row by its largest: likelihoods of the classes up to a factor of the row. */
function likelihoodRatios(posteriors: Float64Array, prior: Float64Array): Float64Array {
  const classes = prior.length;
  const out = posteriors.map((p, at) => p / prior[at % classes]);
  for (let at = 0; at < out.length; at += classes) {
    let top = 0;
    for (let k = at; k < at + classes; k++) top = Math.max(top, out[k]);
    if (top > 0) for (let k = at; k < at + classes; k++) out[k] /= top;
  }
  return out;
}

/** Weights that sum to 1; 0 for a row that no class explains. */
function rowWeights(ratio: Float64Array, classes: number, weights?: Float64Array): Float64Array {
  const out = Float64Array.from({ length: ratio.length / classes }, (_, i) => {
    for (let k = 0; k < classes; k++) if (ratio[i * classes + k] > 0) return weights?.[i] ?? 1;
    return 0;
  });
  return normalized(out);
}

/** Gradient of the mean log likelihood, and minus its second derivative where it is asked for. */
function derivatives(ratio: Float64Array, weight: Float64Array, shares: Float64Array, second: boolean) {
  const classes = shares.length;
  const gain = new Float64Array(classes);
  const curvature = second ? new Float64Array(classes * classes) : null;
  for (let i = 0, at = 0; i < weight.length; i++, at += classes) {
    if (weight[i] === 0) continue;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += shares[k] * ratio[at + k];
    const share = weight[i] / sum;
    for (let k = 0; k < classes; k++) gain[k] += share * ratio[at + k];
    if (curvature === null) continue;
    for (let j = 0; j < classes; j++) {
      const factor = (share / sum) * ratio[at + j];
      for (let k = 0; k <= j; k++) curvature[j * classes + k] += factor * ratio[at + k];
    }
  }
  return { gain, curvature };
}

/**
 * One step towards the maximum of the quadratic model over shares >= 0. With the term -sum of shares added to the
 * likelihood the shares of its maximum sum to 1 by themselves.
 */
function quadraticStep(
  ratio: Float64Array,
  weight: Float64Array,
  shares: Float64Array,
  gain: Float64Array,
  curvature: Float64Array,
): Float64Array {
  const classes = shares.length;
  // A weak pull towards the present shares keeps the model's maximum unique.
  let pull = 0;
  for (let j = 0; j < classes; j++) pull += 1e-11 * curvature[j * classes + j];
  const root = cholesky(curvature, classes, pull);
  // The model is y' H y / 2 - y' (2 gain - 1 + pull shares), up to a constant; H = root root'.
  const goal = new Float64Array(classes);
  for (let j = 0; j < classes; j++) {
    let sum = 2 * gain[j] - 1 + pull * shares[j];
    for (let k = 0; k < j; k++) sum -= root[j * classes + k] * goal[k];
    goal[j] = sum / root[j * classes + j];
  }
  const transposed = root.map((_, at) => root[(at % classes) * classes + Math.floor(at / classes)]);
  const target = nonNegative(transposed, goal, classes);
  const before = likelihood(ratio, weight, shares);
  for (let step = 1; step > 1e-10; step /= 2) {
    const next = shares.map((share, k) => share + step * (target[k] - share));
    if (likelihood(ratio, weight, next) >= before - 1e-15) return next;
  }
  return normalized(shares.map((share, k) => share * gain[k]));
}

/** Weighted mean log likelihood less the sum of the shares. */
function likelihood(ratio: Float64Array, weight: Float64Array, shares: Float64Array): number {
  const classes = shares.length;
  let value = 0;
  for (const share of shares) value -= share;
  for (let i = 0, at = 0; i < weight.length; i++, at += classes) {
    if (weight[i] === 0) continue;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += shares[k] * ratio[at + k];
    value += weight[i] * Math.log(sum);
  }
  return value;
}

/** Lower factor of a matrix that is given by its lower half, with `ridge` added to its diagonal. */
function cholesky(matrix: Float64Array, n: number, ridge: number): Float64Array {
  const out = matrix.slice();
  for (let j = 0; j < n; j++) {
    out[j * n + j] += ridge;
    for (let k = 0; k <= j; k++) {
      let sum = out[j * n + k];
      for (let l = 0; l < k; l++) sum -= out[j * n + l] * out[k * n + l];
      out[j * n + k] = k === j ? Math.sqrt(Math.max(sum, ridge / 2)) : sum / out[k * n + k];
    }
    for (let k = j + 1; k < n; k++) out[j * n + k] = 0;
  }
  return out;
}

function normalized(shares: Float64Array): Float64Array {
  let sum = 0;
  for (const share of shares) sum += share;
  return shares.map((share) => share / sum);
}
