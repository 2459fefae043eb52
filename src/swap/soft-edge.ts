import { gaussianKernel } from "../masks/gauss.ts";
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

let padded = new Float64Array(0);

/**
 * As `softAlpha`, to the last bit: sums run in the order of `gaussianBlur`, but only where the center cell is near,
 * and column sums come from the table. `line` holds height x width values.
 */
export function softAlphaNear(
  mask: Uint8Array,
  height: number,
  width: number,
  kernel: ColumnKernel,
  out: Float64Array,
  line: Float64Array,
): void {
  out.fill(0, 0, mask.length);
  const reach = kernel.half.length - 1;
  if (padded.length < width + 2 * reach) padded = new Float64Array(width + 2 * reach);
  const first = mask.indexOf(CENTER);
  if (first < 0) return;
  const top = Math.max(0, Math.floor(first / width) - reach);
  const bottom = Math.min(height - 1, Math.floor(mask.lastIndexOf(CENTER) / width) + reach);
  const [left, right] = columnsOf(mask, width, top, bottom, reach);
  blurColumns(mask, CENTER, height, width, kernel, [top, bottom, left, right], line);
  for (let y = top; y <= bottom; y++) {
    padRow(line, y * width, width, left - reach, right + reach, reach);
    for (let x = left, p = y * width + left; x <= right; x++, p++)
      if (mask[p] !== NEIGHBOR) out[p] = alongRow(kernel.half, x + reach);
  }
  const neighbor = mask.indexOf(NEIGHBOR, Math.max(0, top - reach) * width);
  if (neighbor < 0 || neighbor >= Math.min(height, bottom + reach + 1) * width) return;
  blurColumns(mask, NEIGHBOR, height, width, kernel, [top, bottom, left, right], line);
  for (let y = top; y <= bottom; y++) {
    padRow(line, y * width, width, left - reach, right + reach, reach);
    for (let x = left, p = y * width + left; x <= right; x++, p++)
      if (mask[p] === BACKGROUND && out[p] > 0)
        out[p] = Math.max(0, out[p] - alongRow(kernel.half, x + reach));
  }
}

/** First and last column within `reach` px of the center cell, whose rows lie between `top` and `bottom`. */
function columnsOf(
  mask: Uint8Array,
  width: number,
  top: number,
  bottom: number,
  reach: number,
): [left: number, right: number] {
  let left = width;
  let right = -1;
  for (let y = top; y <= bottom; y++) {
    const row = y * width;
    for (let x = 0; x < left; x++) if (mask[row + x] === CENTER) left = x;
    for (let x = width - 1; x > right; x--) if (mask[row + x] === CENTER) right = x;
  }
  return [Math.max(0, left - reach), Math.min(width - 1, right + reach)];
}

/** Column sums of (mask === label) for the rows of the box and its columns with `reach` more on both sides. */
function blurColumns(
  mask: Uint8Array,
  label: number,
  height: number,
  width: number,
  { half, sums }: ColumnKernel,
  [top, bottom, left, right]: readonly [number, number, number, number],
  line: Float64Array,
): void {
  const reach = half.length - 1;
  const all = sums.length - 1;
  const last = Math.min(width - 1, right + reach);
  for (let x = Math.max(0, left - reach); x <= last; x++) {
    let bits = 0;
    for (let y = top - reach; y < top + reach; y++) {
      const row = y < 0 ? 0 : y < height ? y : height - 1;
      bits = (bits << 1) | (mask[row * width + x] === label ? 1 : 0);
    }
    for (let y = top; y <= bottom; y++) {
      const row = y + reach < height ? y + reach : height - 1;
      bits = ((bits << 1) | (mask[row * width + x] === label ? 1 : 0)) & all;
      line[y * width + x] = sums[bits];
    }
  }
}

/** Columns `from` to `to` of a row, edges replicated, to `padded` from column + `reach` on. */
function padRow(
  line: Float64Array,
  row: number,
  width: number,
  from: number,
  to: number,
  reach: number,
): void {
  for (let x = from; x <= to; x++) padded[x + reach] = line[row + (x < 0 ? 0 : x < width ? x : width - 1)];
}

/** Weighted sum around `at` in `padded`. */
function alongRow(half: Float64Array, at: number): number {
  let sum = half[0] * padded[at];
  for (let k = 1; k < half.length; k++) sum += half[k] * (padded[at - k] + padded[at + k]);
  return sum;
}
