import { gaussianKernel } from "../image/gauss.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";

/** Kernels of at most this reach have their 2^(2 reach + 1) column sums in a table (64 KB). */
const LARGEST = 6;

/** A Gaussian on label images: its right half, and the weighted sum of a column for every pattern of labels in it. */
export interface ColumnKernel {
  readonly half: Float64Array;
  /** Bit k of the index is the label k - reach px above the middle. */
  readonly sums: Float64Array;
}

const known = new Map<number, ColumnKernel>();

/** The kernel of a Gaussian, `sigma` px, cut at 4 sigma; null where it is too wide for a table, or sigma is 0. */
export function columnKernel(sigma: number): ColumnKernel | null {
  let kernel = known.get(sigma);
  if (kernel !== undefined) return kernel;
  if (!(sigma > 0) || Math.floor(4 * sigma + 0.5) > LARGEST) return null;
  const half = gaussianKernel(sigma);
  const reach = half.length - 1;
  const bit = (bits: number, k: number) => (bits >> (k + reach)) & 1;
  const sums = Float64Array.from({ length: 2 ** (2 * reach + 1) }, (_, bits) => {
    let sum = half[0] * bit(bits, 0);
    for (let k = 1; k <= reach; k++) sum += half[k] * (bit(bits, k) + bit(bits, -k));
    return sum;
  });
  kernel = { half, sums };
  known.set(sigma, kernel);
  return kernel;
}

/** Rows and columns, all inclusive; empty where bottom < top. */
export interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Buffers for one row with LARGEST columns more on both sides: patterns and column sums of both labels. */
let patterns: readonly [Int32Array, Int32Array] = [new Int32Array(0), new Int32Array(0)];
let sums: readonly [Float64Array, Float64Array] = [new Float64Array(0), new Float64Array(0)];
let along = new Float64Array(0);

/**
 * As `softAlpha`, to the last bit: sums run in the order of `gaussianBlur`, but only where the center cell is near,
 * and column sums come from the table. All of `out` is written.
 * @param near receives the box outside of which the weight is 0
 */
export function softAlphaNear(
  mask: Uint8Array,
  height: number,
  width: number,
  kernel: ColumnKernel,
  out: Float64Array,
  near: Box,
): void {
  out.fill(0, 0, mask.length);
  const reach = kernel.half.length - 1;
  findNear(mask, height, width, reach, near);
  const { top, bottom, left, right } = near;
  if (bottom < top) return;
  if (sums[0].length < width + 2 * LARGEST) {
    const length = width + 2 * LARGEST;
    patterns = [new Int32Array(length), new Int32Array(length)];
    sums = [new Float64Array(length), new Float64Array(length)];
    along = new Float64Array(length);
  }
  const from = Math.max(0, left - reach);
  const to = Math.min(width - 1, right + reach);
  const centerSums = sums[0];
  const neighborSums = sums[1];
  const { half } = kernel;
  patterns[0].fill(0);
  patterns[1].fill(0);
  for (let y = top - reach; y < top + reach; y++)
    pushRow(mask, clamp(y, height) * width, width, from, to, kernel);
  for (let y = top; y <= bottom; y++) {
    pushRow(mask, clamp(y + reach, height) * width, width, from, to, kernel);
    const row = y * width;
    const begin = Math.max(left, spans[0] - reach);
    const end = Math.min(right, spans[1] + reach);
    alongRow(half, centerSums, begin, end, out, row);
    for (let x = begin; x <= end; x++) if (mask[row + x] === NEIGHBOR) out[row + x] = 0;
    const nearest = Math.max(begin, spans[2] - reach);
    const farthest = Math.min(end, spans[3] + reach);
    if (farthest < nearest) continue;
    alongRow(half, neighborSums, nearest, farthest, along, 0);
    for (let x = nearest; x <= farthest; x++)
      if (mask[row + x] === BACKGROUND) out[row + x] = Math.max(0, out[row + x] - along[x]);
  }
}

function clamp(y: number, height: number): number {
  return y < 0 ? 0 : y < height ? y : height - 1;
}

/** Finds the rows and columns within `reach` px of the center cell. */
function findNear(mask: Uint8Array, height: number, width: number, reach: number, near: Box): void {
  const first = mask.indexOf(CENTER);
  near.top = Math.max(0, Math.floor(first / width) - reach);
  near.bottom = first < 0 ? -1 : Math.min(height - 1, Math.floor(mask.lastIndexOf(CENTER) / width) + reach);
  let left = width;
  let right = -1;
  for (let y = near.top; y <= near.bottom; y++) {
    const row = y * width;
    for (let x = 0; x < left; x++) if (mask[row + x] === CENTER) left = x;
    for (let x = width - 1; x > right; x--) if (mask[row + x] === CENTER) right = x;
  }
  near.left = Math.max(0, left - reach);
  near.right = Math.min(width - 1, right + reach);
}

/** First and last column of a row whose sum is not 0: of the center cell, of the neighbors. */
const spans = new Int32Array(4);

/**
 * Shifts the labels of a row of pixels into the patterns of its columns, looks up their sums, edges replicated, and
 * sets {@link spans}.
 */
function pushRow(
  mask: Uint8Array,
  row: number,
  width: number,
  from: number,
  to: number,
  { sums: table }: ColumnKernel,
): void {
  const centers = patterns[0];
  const neighbors = patterns[1];
  const centerSums = sums[0];
  const neighborSums = sums[1];
  const all = table.length - 1;
  const none = width + LARGEST;
  let centerFirst = none;
  let centerLast = -none;
  let neighborFirst = none;
  let neighborLast = -none;
  for (let x = from; x <= to; x++) {
    const label = mask[row + x];
    const at = x + LARGEST;
    // CENTER is 1, NEIGHBOR 2.
    const center = ((centers[at] << 1) | (label & 1)) & all;
    const neighbor = ((neighbors[at] << 1) | (label >> 1)) & all;
    centers[at] = center;
    neighbors[at] = neighbor;
    centerSums[at] = table[center];
    neighborSums[at] = table[neighbor];
    if (center !== 0) {
      if (centerLast < 0) centerFirst = x;
      centerLast = x;
    }
    if (neighbor !== 0) {
      if (neighborLast < 0) neighborFirst = x;
      neighborLast = x;
    }
  }
  for (let k = 0; k < LARGEST; k++) {
    if (from === 0) {
      centerSums[k] = centerSums[LARGEST];
      neighborSums[k] = neighborSums[LARGEST];
    }
    if (to === width - 1) {
      centerSums[width + LARGEST + k] = centerSums[width + LARGEST - 1];
      neighborSums[width + LARGEST + k] = neighborSums[width + LARGEST - 1];
    }
  }
  spans[0] = centerFirst;
  spans[1] = centerLast;
  spans[2] = neighborFirst;
  spans[3] = neighborLast;
}

/** Weighted sums around the columns `from` to `to`, to `out` from `at` + `from` on. */
function alongRow(
  half: Float64Array,
  columns: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  at: number,
): void {
  if (half.length !== 5) {
    for (let x = from; x <= to; x++) {
      let sum = half[0] * columns[x + LARGEST];
      for (let k = 1; k < half.length; k++)
        sum += half[k] * (columns[x + LARGEST - k] + columns[x + LARGEST + k]);
      out[at + x] = sum;
    }
    return;
  }
  // Sigma 1: a window of nine columns moves along.
  const h0 = half[0];
  const h1 = half[1];
  const h2 = half[2];
  const h3 = half[3];
  const h4 = half[4];
  const first = from + LARGEST - 4;
  let a = columns[first];
  let b = columns[first + 1];
  let c = columns[first + 2];
  let d = columns[first + 3];
  let e = columns[first + 4];
  let f = columns[first + 5];
  let g = columns[first + 6];
  let h = columns[first + 7];
  for (let x = from; x <= to; x++) {
    const i = columns[x + LARGEST + 4];
    out[at + x] = h0 * e + h1 * (d + f) + h2 * (c + g) + h3 * (b + h) + h4 * (a + i);
    a = b;
    b = c;
    c = d;
    d = e;
    e = f;
    f = g;
    g = h;
    h = i;
  }
}
