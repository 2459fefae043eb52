import type { PredictionRequest } from "./predictions.ts";

/** Cells that probes of further evidence look at, over all classes together. */
const MOST_CELLS = 4000;
/** Feature values of one composite of each of them. */
const MOST_VALUES = 1 << 22;

/**
 * The request with at most {@link MOST_CELLS} of its cells, fewer where they have more than a thousand features: the
 * same number of every class, evenly from each of its clusters. Rows count within what is taken.
 */
export function sampled(request: PredictionRequest): PredictionRequest {
  const { cluster, group, blocks } = request;
  const taken = sampledRows(request, cluster);
  const pick = (of: Int32Array, own: number) => taken[own].map((row) => of[row]);
  return {
    ...request,
    group: group.map(pick),
    cluster: cluster.map(pick),
    blocks: blocks.map((block) => ({
      ...block,
      donor: block.donor.map((of, own) => (of === null ? null : pick(of, own))),
    })),
    read: (block, own, rows, out) =>
      request.read(
        block,
        own,
        rows.map((row) => taken[own][row]),
        out,
      ),
  };
}

/** Rows of every class that are looked at, {@link MOST_CELLS} together. */
export function sampledRows(
  { dimension, classes }: Pick<PredictionRequest, "dimension" | "classes">,
  cluster: readonly Int32Array[],
): Int32Array[] {
  const quota = Math.ceil(Math.min(MOST_CELLS, MOST_VALUES / dimension) / classes.length);
  return cluster.map((of) => evenRows(of, quota));
}

/**
 * About `most` rows, ascending: from every cluster in proportion to its rows and evenly spaced there, at least one.
 */
export function evenRows(cluster: Int32Array, most: number): Int32Array {
  const rows = Int32Array.from(cluster.keys());
  if (rows.length <= most) return rows;
  rows.sort((a, b) => cluster[a] - cluster[b] || a - b);
  const at = new Set(Array.from({ length: most }, (_, i) => Math.floor((i * rows.length) / most)));
  const missing = new Set(cluster);
  for (const i of at) missing.delete(cluster[rows[i]]);
  rows.forEach((row, i) => {
    if (missing.delete(cluster[row])) at.add(i);
  });
  return Int32Array.from(at, (i) => rows[i]).sort();
}

/**
 * Values of rows as `sumDeviations` takes them, where rows do not weigh the same: their mean is the weighted mean of
 * the values, and the deviation of a row is its own from that, times its weight over the mean weight.
 */
export function weightedHeld(values: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    // A row without weight may have no value.
    if (weights[i] > 0) sum += weights[i] * values[i];
    total += weights[i];
  }
  const mean = sum / total;
  return Float64Array.from(values, (v, i) =>
    weights[i] > 0 ? mean + (weights[i] * values.length * (v - mean)) / total : mean,
  );
}
