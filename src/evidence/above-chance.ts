import { mean } from "../core/statistics.ts";

/** Hits of one pair of classes: one entry per row of the first class, then of the second. */
export interface PairHits {
  readonly first: number;
  readonly second: number;
  readonly correct: Uint8Array;
}

/** How far probes are above chance. */
export interface AboveChance {
  /** Mean over classes of the share of right predictions, 0..1; chance 0.5. */
  readonly accuracy: number;
  /** Standard error over clusters (over cells where a class has one cluster). */
  readonly error: number;
  /** Whether the accuracy is more than three standard errors above 0.5. */
  readonly clear: boolean;
}

const ERRORS = 3;
/** Sums of shares are known no better than this. */
const ROUNDING = 1e-9;

/**
 * Whether pairwise probes tell classes apart. Every class counts alike: in it the mean over cells of the share of
 * partners that the cell is told from. A constant prediction gives 0.5, whatever the sizes. The variance is that of
 * the sums of residuals over clusters (fields), with F/(F - 1) for F clusters of a class.
 *
 * @param clusters for every class, the cluster of every row
 */
export function aboveChance(
  pairs: readonly PairHits[],
  clusters: readonly (readonly string[])[],
): AboveChance {
  const right = clusters.map((rows) => new Float64Array(rows.length));
  const partners = clusters.map(() => 0);
  for (const { first, second, correct } of pairs) {
    let row = 0;
    for (const c of [first, second]) {
      partners[c]++;
      for (let i = 0; i < right[c].length; i++) right[c][i] += correct[row++];
    }
  }
  const present = clusters.flatMap((_, c) => (partners[c] > 0 ? [c] : []));
  let variance = 0;
  const means = present.map((c) => {
    const shares = right[c].map((n) => n / partners[c]);
    const own = mean(shares);
    const few = new Set(clusters[c]).size < 2;
    const sums = new Map<string | number, number>();
    shares.forEach((share, i) => {
      const cluster = few ? i : clusters[c][i];
      sums.set(cluster, (sums.get(cluster) ?? 0) + (share - own) / (shares.length * present.length));
    });
    const squares = [...sums.values()].reduce((sum, s) => sum + s * s, 0);
    variance += (sums.size / Math.max(1, sums.size - 1)) * squares;
    return own;
  });
  const accuracy = mean(means);
  const error = Math.sqrt(variance);
  return { accuracy, error, clear: accuracy - 0.5 > ERRORS * error + ROUNDING };
}
