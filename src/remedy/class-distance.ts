import { groupRows } from "../core/group.ts";
import type { FeatureSet } from "../features/features.ts";

/** A distance in feature space that shifts are compared with. */
export interface Yardstick {
  readonly of: "classes" | "cells";
  /** Root mean square; NaN where nothing is left of it once noise is taken off. */
  readonly distance: number;
  readonly cells: number;
}

/** Values of features that are held at once. */
const HELD = 1 << 21;

type Features = Pick<FeatureSet, "dimension" | "read">;

/**
 * Root mean square distance between the centroids of classes, over all pairs. What centroids differ by chance is taken
 * off: the variance of each, by its fields (by its cells where it has but one field). Centroids of less than two cells do
 * not count.
 * @param classes rows of the set, by class
 * @param field of every row
 */
export function distanceOfClasses(
  set: Features,
  classes: readonly Int32Array[],
  field: (row: number) => string,
): Yardstick {
  const used = classes.filter((rows) => rows.length > 1);
  const offset = new Float32Array(set.dimension);
  if (used.length > 0) set.read([used[0][0]], offset);
  const all = new Float64Array(set.dimension);
  let own = 0;
  let noise = 0;
  for (const rows of used) {
    const { mean, variance } = centroid(set, rows, field, offset);
    own += squared(mean);
    noise += variance;
    for (let j = 0; j < mean.length; j++) all[j] += mean[j];
  }
  const n = used.length;
  const sum = n * own - squared(all) - (n - 1) * noise;
  const square = n < 2 ? Number.NaN : sum / ((n * (n - 1)) / 2);
  return {
    of: "classes",
    distance: square > 0 ? Math.sqrt(square) : Number.NaN,
    cells: used.reduce((a, rows) => a + rows.length, 0),
  };
}

/** Root mean square distance between two cells, which stands in where there are no classes. */
export function distanceOfCells(set: Features, rows: Int32Array): Yardstick {
  const offset = new Float32Array(set.dimension);
  set.read([rows[0]], offset);
  const sum = new Float64Array(set.dimension);
  let squares = 0;
  for (const piece of pieces(set, rows, offset))
    for (let i = 0; i < piece.length; i += set.dimension)
      for (let j = 0; j < set.dimension; j++) {
        sum[j] += piece[i + j];
        squares += piece[i + j] ** 2;
      }
  const n = rows.length;
  const square = (2 * (squares - squared(sum) / n)) / (n - 1);
  return { of: "cells", distance: square > 0 ? Math.sqrt(square) : Number.NaN, cells: n };
}

/** Mean of some rows from `offset`, and the sum over features of the variance of that mean, by fields. */
function centroid(set: Features, rows: Int32Array, field: (row: number) => string, offset: Float32Array) {
  const { dimension } = set;
  const fields = [...groupRows(rows, field).values()].map((at) => Int32Array.from(at, (i) => rows[i]));
  const clusters = fields.length > 1 ? fields : [...rows].map((row) => Int32Array.of(row));
  const n = rows.length;
  const mean = new Float64Array(dimension);
  // Of the sums of clusters: squared lengths, sizes times sums, squared sizes.
  let lengths = 0;
  const sized = new Float64Array(dimension);
  let sizes = 0;
  for (const cluster of clusters) {
    const sum = new Float64Array(dimension);
    for (const piece of pieces(set, cluster, offset))
      for (let i = 0; i < piece.length; i += dimension)
        for (let j = 0; j < dimension; j++) sum[j] += piece[i + j];
    lengths += squared(sum);
    sizes += cluster.length ** 2;
    for (let j = 0; j < dimension; j++) {
      sized[j] += cluster.length * sum[j];
      mean[j] += sum[j] / n;
    }
  }
  let along = 0;
  for (let j = 0; j < dimension; j++) along += sized[j] * mean[j];
  const off = Math.max(0, lengths - 2 * along + sizes * squared(mean));
  const f = clusters.length;
  return { mean, variance: (f / (f - 1)) * (off / n ** 2) };
}

/** Features of `rows` less `offset`, some rows at a time; each piece is valid until the next. */
function* pieces(set: Features, rows: Int32Array, offset: Float32Array): Generator<Float32Array> {
  const { dimension } = set;
  const step = Math.max(1, Math.floor(HELD / dimension));
  const held = new Float32Array(Math.min(step, rows.length) * dimension);
  for (let from = 0; from < rows.length; from += step) {
    const own = rows.subarray(from, from + step);
    const piece = held.subarray(0, own.length * dimension);
    set.read(own, piece);
    for (let i = 0, j = 0; i < piece.length; i++, j = j + 1 === dimension ? 0 : j + 1) piece[i] -= offset[j];
    yield piece;
  }
}

function squared(x: Float64Array): number {
  return x.reduce((a, v) => a + v * v, 0);
}
