import type { BitMask } from "./bit-mask.ts";
import type { Box } from "./gauss.ts";

/** Squared distance where the image has no pixel of the label, px^2. */
const NOWHERE = 2 ** 30;
/** Steps down a column that has no pixel of the label: more than any image has rows. */
const EMPTY = 2 ** 15;

// Buffers of the transform, grown on demand: parabolas' feet, their values less what all share, where each takes over,
// and 1 / (2 n).
let feet = new Int32Array(0);
let heights = new Int32Array(0);
let starts = new Float64Array(0);
let halves = new Float64Array(0);
let squares = new Int32Array(0);

/**
 * Exact Euclidean distance, px, of every pixel to the nearest pixel with `mask === label`; 0 on these, Infinity
 * where the image has none. With label 0 it equals `scipy.ndimage.distance_transform_edt(mask)`; with the label of a
 * cell it measures how far a pixel is from that cell. Two passes of lower envelopes of parabolas, linear in the
 * number of pixels (Felzenszwalb & Huttenlocher, Theory of Computing 8, 2012). `out` holds height x width values.
 */
export function distanceTransform(
  mask: ArrayLike<number>,
  height: number,
  width: number,
  out: Float32Array | Float64Array,
  label = 0,
): void {
  const pixels = height * width;
  if (mask.length < pixels || out.length < pixels)
    throw new RangeError(`mask and out need ${height} x ${width} pixels`);
  if (squares.length < pixels) squares = new Int32Array(pixels);
  squaredDistance(mask, height, width, squares, label);
  for (let i = 0; i < pixels; i++) out[i] = squares[i] === NOWHERE ? Infinity : Math.sqrt(squares[i]);
}

/** As {@link distanceTransform}, squared, {@link NOWHERE} where the image has none; up to 20,000 px a side. */
export function squaredDistance(
  mask: ArrayLike<number>,
  height: number,
  width: number,
  out: Int32Array,
  label = 0,
): void {
  reserve(width);
  for (let x = 0; x < width; x++) out[x] = mask[x] === label ? 0 : EMPTY;
  const pixels = height * width;
  for (let i = width; i < pixels; i++) out[i] = mask[i] === label ? 0 : out[i - width] + 1;
  for (let i = pixels - width - 1; i >= 0; i--) {
    const below = out[i + width] + 1;
    if (below < out[i]) out[i] = below;
  }
  for (let row = 0; row < pixels; row += width)
    if (!envelope(out, row, 0, width - 1)) out.fill(NOWHERE, row, row + width);
}

function reserve(width: number): void {
  if (halves.length > width) return;
  feet = new Int32Array(width + 1);
  heights = new Int32Array(width + 1);
  starts = new Float64Array(width + 1);
  halves = Float64Array.from({ length: width + 1 }, (_, n) => 1 / (2 * n));
}

/**
 * Euclidean distance, px, of every pixel of a mask to the nearest pixel that is not set, 0 on these, within a box of `out`;
 * false, and nothing is written, where all pixels are set. As {@link distanceTransform}, but only where there is something
 * to find: the nearest pixel of a run along a row is never beyond its ends.
 */
export function maskDistance(mask: BitMask, { top, bottom, left, right }: Box, out: Float64Array): boolean {
  const { data, words, height, width } = mask;
  const pixels = height * width;
  reserve(width);
  if (squares.length < pixels) squares = new Int32Array(pixels);
  const steps = squares;
  let unset = false;
  for (let y = 0, i = 0; y < height; y++)
    for (let w = 0; w < words; w++) {
      const word = data[y * words + w];
      const end = Math.min(i + 32, (y + 1) * width);
      for (let bits = word; i < end; i++, bits >>>= 1)
        if ((bits & 1) === 0) {
          steps[i] = 0;
          unset = true;
        } else steps[i] = y === 0 ? EMPTY : steps[i - width] + 1;
    }
  if (!unset) return false;
  for (let i = pixels - width - 1; i >= 0; i--) {
    const below = steps[i + width] + 1;
    if (below < steps[i]) steps[i] = below;
  }
  for (let y = top, row = top * width; y <= bottom; y++, row += width)
    for (let x = left; x <= right; x++) {
      if (steps[row + x] === 0) {
        out[row + x] = 0;
        continue;
      }
      const from = x;
      while (x <= right && steps[row + x] !== 0) x++;
      let first = from;
      while (first > 0 && steps[row + first] !== 0) first--;
      let last = x - 1;
      while (last < width - 1 && steps[row + last] !== 0) last++;
      envelope(steps, row, first, last);
      for (let k = row + from; k < row + x; k++) out[k] = Math.sqrt(steps[k]);
      if (x <= right) out[row + x] = 0;
    }
  return true;
}

/**
 * Replaces steps to the label along the columns, from one place of a row to another, by min over q of steps(q)^2 +
 * (x - q)^2; false, and nothing is replaced, where no column has the label. Where two parabolas meet is found with a
 * rounded reciprocal: they meet at a whole x, where either will do, or far from one.
 */
function envelope(out: Int32Array, row: number, from: number, to: number): boolean {
  let last = -1;
  for (let q = from; q <= to; q++) {
    const steps = out[row + q];
    if (steps >= EMPTY) continue;
    const height = steps * steps + q * q;
    let start = -1;
    while (last >= 0) {
      start = (height - heights[last]) * halves[q - feet[last]];
      if (start > starts[last]) break;
      last--;
    }
    last++;
    feet[last] = q;
    heights[last] = height;
    starts[last] = last === 0 ? -Infinity : start;
  }
  if (last < 0) return false;
  for (let k = 0, x = from; k <= last; k++) {
    const end = k === last ? to : Math.min(to, Math.floor(starts[k + 1]));
    const height = heights[k];
    const twice = 2 * feet[k];
    for (; x <= end; x++) out[row + x] = height + x * (x - twice);
  }
  return true;
}
