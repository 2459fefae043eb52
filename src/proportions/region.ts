import { groupRows } from "../core/group.ts";
import { quantileSorted } from "../core/statistics.ts";
import { studentQuantile } from "../core/student.ts";
import { totalVariation } from "./divergence.ts";
import { mixtures } from "./mixtures.ts";
import { type Calibration, type Prevalence, prevalence, type Quantifier } from "./quantify.ts";

/** What intervals of shares are made from. */
export interface RegionRequest {
  readonly method: Quantifier;
  readonly calibration: Calibration;
  /** Protein and field of every held-out cell, by number. */
  readonly protein: ArrayLike<number>;
  readonly field: ArrayLike<number>;
  /** Target rows x classes: probabilities of the cells of one protein. */
  readonly posteriors: Float64Array;
  /** Cells of every field of that protein. */
  readonly sizes: readonly number[];
  readonly seed: number;
  /** Mixtures that are drawn; standard 100. */
  readonly draws?: number;
}

/** Shares of the classes among some cells, with 95 % intervals of the shares that these very cells have. */
export interface Region extends Prevalence {
  /** Of every class, within 0 and 1; NaN where there is no interval. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Mean total variation between the shares that mixtures have and those estimated of them; NaN as above. */
  readonly error: number;
  /** Degrees of freedom that the proteins of the classes leave. */
  readonly freedom: number;
  /** Why there is no interval; null where there is one. */
  readonly why: string | null;
}

const LEVEL = 0.95;
/** Normal quantile of that level, two-sided. */
const NORMAL = 1.959963984540054;
/** Shares below this ask nothing of how many proteins their class has. */
const LEAST = 0.01;

/**
 * Shares of the classes among the cells of one protein, with intervals of the shares that these cells have, not of those
 * that more cells would have. What the estimate may be off by is seen on mixtures of known shares, those estimated: held-out
 * cells, as many as the protein has in as many fields, for every class of one drawn protein. Half width: the 95 % point
 * of the error up or down, times t over the normal quantile, because a class shows few proteins; degrees of freedom by
 * Satterthwaite, a class weighing as the square of its share. It holds where the classes look in these cells as in
 * proteins of their own (label shift); light of neighbors of other classes breaks that (docs/validity.md).
 */
export function shareRegion(request: RegionRequest): Region {
  const { method, calibration, protein, field, posteriors, sizes, seed, draws = 100 } = request;
  const { classes, labels } = calibration;
  const found = prevalence(method, calibration, posteriors);
  const { shares } = found;
  const freedom = freedomOf(shares, labels, protein);
  if (freedom === 0) {
    const none = new Float64Array(classes).fill(Number.NaN);
    const why =
      "no interval: a class that it has was learned from one protein, which does not show how proteins differ";
    return { ...found, low: none, high: none, error: Number.NaN, freedom, why };
  }
  const errors = Array.from({ length: classes }, () => new Float64Array(draws));
  const draw = mixtures({ classes, labels, protein, field }, shares, sizes, seed);
  let error = 0;
  for (let n = 0; n < draws; n++) {
    const rows = draw(n);
    const mixed = new Float64Array(rows.length * classes);
    const truth = new Float64Array(classes);
    rows.forEach((row, i) => {
      mixed.set(calibration.posteriors.subarray(row * classes, (row + 1) * classes), i * classes);
      truth[labels[row]] += 1 / rows.length;
    });
    const estimated = prevalence(method, calibration, mixed).shares;
    error += totalVariation(estimated, truth) / draws;
    for (let k = 0; k < classes; k++) errors[k][n] = Math.abs(estimated[k] - truth[k]);
  }
  const half = errors.map((list) => halfWidth(list, freedom));
  return {
    ...found,
    low: shares.map((share, k) => Math.max(0, share - half[k])),
    high: shares.map((share, k) => Math.min(1, share + half[k])),
    error,
    freedom,
    why: null,
  };
}

/** Half of a 95 % interval from absolute errors among mixtures: their 95 % point, times t over the normal quantile. */
export function halfWidth(errors: ArrayLike<number>, freedom: number): number {
  const wider = studentQuantile((1 + LEVEL) / 2, freedom) / NORMAL;
  return wider * quantileSorted(Float64Array.from(errors).sort(), LEVEL);
}

/**
 * Degrees of freedom of the error of shares, by Satterthwaite: a class has its proteins less one and weighs as the square
 * of its share; 0 where a class with a share has no two proteins.
 */
export function freedomOf(
  shares: Float64Array,
  labels: ArrayLike<number>,
  protein: ArrayLike<number>,
): number {
  let [square, fourth] = [0, 0];
  for (const [label, rows] of groupRows(labels, (of) => of)) {
    if (shares[label] < LEAST) continue;
    const left = new Set(rows.map((row) => protein[row])).size - 1;
    if (left === 0) return 0;
    square += shares[label] ** 2;
    fourth += shares[label] ** 4 / left;
  }
  return square ** 2 / fourth;
}
