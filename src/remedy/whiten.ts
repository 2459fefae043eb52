import { symmetricEigen } from "../core/eigen.ts";
import { type AffineMap, identityMap, mapAround } from "./affine.ts";
import { eachFrom, eachWithinCell, meanOf, roundingOf, Scatter } from "./moments.ts";
import { type ClassRows, mappedDimension } from "./rows.ts";

/**
 * The map under which the background moves a cell by as much in every direction: the inverse square root (ZCA; Kessy,
 * Lewin & Strimmer 2018, Am. Stat. 72, 309) of the covariance of the rows minus their cell's mean over all blocks
 * (within-class covariance normalization with cells for classes; Hatch, Kajarekar & Stolcke 2006, Interspeech). The
 * covariance is shrunk towards a multiple of the identity by {@link ledoitWolf}. The map is scaled so that the total
 * variance of the rows stays, as probes with a fixed C see scales; the mean of all rows stays too, and so does everything
 * where backgrounds add nothing but rounding.
 *
 * @throws StudyError for no cells or too many features
 */
export function fitWhitening(train: readonly ClassRows[]): AffineMap {
  const d = mappedDimension(train, "whiten");
  const within = new Scatter(d);
  let fourth = 0;
  eachWithinCell(train, (x) => {
    within.add(x);
    fourth += squared(x) ** 2;
  });
  const covariance = within.mean();
  const level = trace(covariance, d) / d;
  if (level * d <= roundingOf(train, d)) return identityMap(d);
  const shrinkage = ledoitWolf(covariance, d, fourth / within.rows, within.rows);
  for (let i = 0; i < covariance.length; i++) covariance[i] *= 1 - shrinkage;
  for (let i = 0; i < d; i++) covariance[i * d + i] += shrinkage * level;
  const { values, vectors } = symmetricEigen(covariance, d);
  const least = values[0] * d * Number.EPSILON;
  const weights = new Float64Array(d * d);
  for (let k = 0; k < d; k++) {
    const factor = 1 / Math.sqrt(Math.max(least, values[k]));
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) weights[i * d + j] += factor * vectors[k * d + i] * vectors[k * d + j];
  }
  const center = meanOf(train, d);
  const [before, after] = totals(train, center, weights);
  if (after > 0) for (let i = 0; i < weights.length; i++) weights[i] *= Math.sqrt(before / after);
  return mapAround(weights, center);
}

/**
 * Share by which a covariance is best shrunk towards the identity times its mean variance (Ledoit & Wolf 2004, J.
 * Multivar. Anal. 88, 365, section 3.3), 0..1, for vectors whose mean is known to be 0.
 *
 * @param fourth mean over the vectors of their squared length's square
 * @param rows number of vectors
 */
export function ledoitWolf(covariance: Float64Array, d: number, fourth: number, rows: number): number {
  const level = trace(covariance, d) / d;
  const square = squared(covariance);
  const distance = square - d * level ** 2;
  const noise = Math.min(distance, (fourth - square) / rows);
  return distance > 0 ? noise / distance : 1;
}

/** Sum of the variances of all features before and after the rows are multiplied with `weights`. */
function totals(train: readonly ClassRows[], center: Float64Array, weights: Float64Array): [number, number] {
  const d = center.length;
  const total = new Scatter(d);
  eachFrom(train, center, (x) => total.add(x));
  const covariance = total.mean();
  // trace(W S W') row by row.
  let after = 0;
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += covariance[j * d + k] * weights[i * d + k];
      after += weights[i * d + j] * sum;
    }
  return [trace(covariance, d), after];
}

function trace(a: Float64Array, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += a[i * d + i];
  return sum;
}

function squared(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum;
}
