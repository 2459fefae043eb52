import { mean, quantileSorted, standardDeviation } from "../core/statistics.ts";

/** Probabilities are clipped to this from below before a logarithm is taken (published). */
const CLIP = 1e-10;

/**
 * Kullback-Leibler divergence KL(p || q) = sum of p ln(p / q), in nats, of two distributions over the same classes;
 * both clipped to [1e-10, 1] and not normalized again (published).
 */
export function divergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  if (p.length !== q.length) throw new RangeError(`distributions over ${p.length} and ${q.length} classes`);
  let sum = 0;
  for (let k = 0; k < p.length; k++) {
    const a = Math.min(1, Math.max(CLIP, p[k]));
    const b = Math.min(1, Math.max(CLIP, q[k]));
    sum += a * Math.log(a / b);
  }
  return sum;
}

/** Total variation of two distributions over the same classes: half of the sum of |p - q|, 0 to 1. */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>): number {
  if (p.length !== q.length) throw new RangeError(`distributions over ${p.length} and ${q.length} classes`);
  let sum = 0;
  for (let k = 0; k < p.length; k++) sum += Math.abs(p[k] - q[k]);
  return sum / 2;
}

/**
 * KL(p || q) of shares among `cells` cells with half a cell spread evenly over the classes, nats: finite where a share is
 * 0, and 0 at least.
 */
export function smoothedDivergence(p: Float64Array, q: Float64Array, cells: number): number {
  const smooth = (shares: Float64Array) =>
    shares.map((share) => (cells * share + 0.5 / shares.length) / (cells + 0.5));
  return Math.max(0, divergence(smooth(p), smooth(q)));
}

/** Summary of the divergences of many proteins, as pandas' `describe` gives it. */
export interface DivergenceSummary {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation (ddof 1); NaN for one protein. */
  readonly sd: number;
  readonly min: number;
  readonly quartile1: number;
  readonly median: number;
  readonly quartile3: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): DivergenceSummary {
  const sorted = Float64Array.from(values).sort();
  return {
    count: values.length,
    mean: mean(values),
    sd: standardDeviation(values, 1),
    min: quantileSorted(sorted, 0),
    quartile1: quantileSorted(sorted, 0.25),
    median: quantileSorted(sorted, 0.5),
    quartile3: quantileSorted(sorted, 0.75),
    max: quantileSorted(sorted, 1),
  };
}
