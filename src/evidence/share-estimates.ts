import { symmetricEigen } from "../core/eigen.ts";
import type { Expectations, Incidence } from "../core/incidence.ts";
import type { Forms } from "../core/quadratic-forms.ts";

/** Least eigenvalue of the scaled expectations at which parts are still told apart. */
const SINGULAR = 1e-8;

/** Inverse of the expectations of the first n forms, n x n; null where the design does not tell the parts apart. */
export function invertExpectations(within: Float64Array, n: number): Float64Array | null {
  const scale = Float64Array.from({ length: n }, (_, k) => 1 / Math.sqrt(within[k * n + k]));
  const scaled = within.slice(0, n * n).map((v, at) => v * scale[Math.floor(at / n)] * scale[at % n]);
  if (!scaled.every(Number.isFinite)) return null;
  const { values, vectors } = symmetricEigen(scaled, n);
  if (!(values[n - 1] > SINGULAR)) return null;
  return scaled.map((_, at) => {
    const [k, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (vectors[i * n + k] * vectors[i * n + j]) / values[i];
    return sum * scale[k] * scale[j];
  });
}

/** What every row (composite) moves the variances by, rows x variances, summed over clusters in three ways. */
export interface Influence {
  /** A pair of rows counts half for either. */
  readonly half: Float64Array;
  /** A pair of rows counts whole for each own cluster, donor cluster, or pair of them, that takes part in it. */
  readonly own: Float64Array;
  readonly donor: Float64Array;
  readonly pair: Float64Array;
}

/** Variances of the factors, the residual and between blocks, summed over features. */
export interface Solved {
  readonly variance: Float64Array;
  /** What sampling adds to each in the mean square that it is taken from. */
  readonly noise: Float64Array;
  readonly influence: Influence;
}

/**
 * Equates the forms to their expectations.
 *
 * @param incidence its other groupings part each factor's groups, in order, by the clusters of the other side
 * @param lent whether each factor comes with the background
 * @param inverse of {@link invertExpectations}
 */
export function solveVariances(
  incidence: Incidence,
  lent: readonly boolean[],
  { within, between }: Expectations,
  inverse: Float64Array,
  { scores, between: apart }: Forms,
): Solved {
  const K = incidence.factors;
  const n = K + 1;
  const inside = 2 * K + 1;
  const forms = inside + between.length;
  const rows = scores.length / forms;
  const sums = new Float64Array(n);
  for (let row = 0; row < rows; row++) for (let k = 0; k < n; k++) sums[k] += scores[row * forms + k];
  const count = n + between.length;
  const variance = new Float64Array(count);
  const noise = new Float64Array(count);
  for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) variance[k] += inverse[k * n + j] * sums[j];
  for (let k = 0; k < n; k++) noise[k] = sums[k] / within[k * n + k] - variance[k];
  between.forEach(({ coefficients, degrees }, p) => {
    noise[n + p] = coefficients.reduce((sum, c, k) => sum + c * variance[k], 0) / degrees;
    variance[n + p] = apart[p] / degrees - noise[n + p];
  });

  const part = new Float64Array(inside * n);
  const total = new Float64Array(inside * n);
  for (let row = 0; row < rows; row++) {
    incidence.ofRow(row, part);
    for (let at = 0; at < part.length; at++) total[at] += part[at];
  }
  const expected = within.map((v, at) => (total[at] === 0 ? 0 : (v / total[at]) * variance[at % n]));
  const room = () => new Float64Array(rows * count);
  const influence: Influence = { half: room(), own: room(), donor: room(), pair: room() };
  const off = new Float64Array(inside);
  const chosen = new Float64Array(n);
  const put = (to: Float64Array, row: number) => {
    const at = row * count;
    for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) to[at + k] += inverse[k * n + j] * chosen[j];
    between.forEach(({ coefficients, degrees }, p) => {
      let moved = scores[row * forms + inside + p];
      for (let k = 0; k < n; k++) moved -= coefficients[k] * to[at + k];
      to[at + n + p] = moved / degrees;
    });
  };
  for (let row = 0; row < rows; row++) {
    incidence.ofRow(row, part);
    for (let k = 0; k < inside; k++) {
      off[k] = scores[row * forms + k];
      for (let j = 0; j < n; j++) off[k] -= part[k * n + j] * expected[k * n + j];
    }
    // Twice the row's part counts pairs within one cluster twice: they are taken off once.
    const whole = (k: number) => 2 * off[k] - off[n + k];
    for (const [to, isWhole] of [
      [influence.half, () => false],
      [influence.own, (k: number) => lent[k]],
      [influence.donor, (k: number) => !lent[k]],
      [influence.pair, () => true],
    ] as const) {
      for (let k = 0; k < K; k++) chosen[k] = isWhole(k) ? whole(k) : off[k];
      chosen[K] = off[K];
      put(to, row);
    }
  }
  return { variance, noise, influence };
}
