import type { ClassRows } from "./rows.ts";

/** Sum of x x' over vectors. */
export class Scatter {
  readonly dimension: number;
  readonly #upper: Float64Array;
  #rows = 0;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#upper = new Float64Array(dimension * dimension);
  }

  get rows(): number {
    return this.#rows;
  }

  add(x: Float64Array): void {
    const { dimension: d } = this;
    const upper = this.#upper;
    this.#rows++;
    for (let i = 0; i < d; i++) {
      const v = x[i];
      if (v === 0) continue;
      for (let j = i, at = i * d + i; j < d; j++, at++) upper[at] += v * x[j];
    }
  }

  /** The sum over the number of vectors, d x d. */
  mean(): Float64Array {
    const { dimension: d } = this;
    const out = new Float64Array(d * d);
    for (let i = 0; i < d; i++)
      for (let j = i; j < d; j++)
        out[i * d + j] = out[j * d + i] = this.#upper[i * d + j] / Math.max(1, this.#rows);
    return out;
  }
}

/** Mean of all rows of all classes. */
export function meanOf(train: readonly ClassRows[], dimension: number): Float64Array {
  const sum = new Float64Array(dimension);
  let rows = 0;
  for (const { features } of train) {
    rows += features.length / dimension;
    for (let at = 0; at < features.length; ) for (let j = 0; j < dimension; j++, at++) sum[j] += features[at];
  }
  return sum.map((s) => s / rows);
}

/** Mean squared length of a row's rounding to float32, with room for what an encoder adds to it. */
export function roundingOf(train: readonly ClassRows[], dimension: number): number {
  let [square, count] = [0, 0];
  for (const { features } of train) {
    count += features.length / dimension;
    for (let at = 0; at < features.length; at++) square += features[at] ** 2;
  }
  return (ROUNDING ** 2 * square) / count;
}
const ROUNDING = 1e-6;

/** Calls `visit` with every row minus `center`; the vector is used again for the next. */
export function eachFrom(
  train: readonly ClassRows[],
  center: Float64Array,
  visit: (x: Float64Array) => void,
): void {
  const x = new Float64Array(center.length);
  for (const { features } of train)
    for (let at = 0; at < features.length; ) {
      for (let j = 0; j < x.length; j++, at++) x[j] = features[at] - center[j];
      visit(x);
    }
}

/**
 * Calls `visit` with what every background adds to a cell: each row minus the mean of its cell over all blocks. The
 * vector is used again for the next.
 */
export function eachWithinCell(train: readonly ClassRows[], visit: (x: Float64Array) => void): void {
  for (const { features, cells, blocks, dimension } of train) {
    const x = new Float64Array(dimension);
    const mean = new Float64Array(dimension);
    const stride = cells * dimension;
    for (let start = 0; start < stride; start += dimension) {
      mean.fill(0);
      for (let b = 0, at = start; b < blocks.length; b++, at += stride)
        for (let j = 0; j < dimension; j++) mean[j] += features[at + j];
      for (let j = 0; j < dimension; j++) mean[j] /= blocks.length;
      for (let b = 0, at = start; b < blocks.length; b++, at += stride) {
        for (let j = 0; j < dimension; j++) x[j] = features[at + j] - mean[j];
        visit(x);
      }
    }
  }
}
