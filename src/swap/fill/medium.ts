import { BACKGROUND } from "../../types.ts";

/** Distance from a cell beyond which its light is taken to have ended, pixels. */
export const REACH = 10;

/**
 * Collects the pixels of the medium: label 0 and farther than `gap` px from every cell, with the widest gap from
 * `widest` down to 0 that leaves at least a tenth of the crop (a twentieth below 3 px). Where even gap 0 leaves fewer
 * than 24 pixels there is no medium, and 0 is returned.
 * @param toCell squared distance to the nearest cell, px^2
 * @param pool receives the pixel indices @returns how many
 */
export function collectMedium(toCell: Int32Array, widest: number, pool: Int32Array): number {
  const pixels = toCell.length;
  let size = 0;
  for (let gap = widest; gap >= 0; gap--) {
    size = 0;
    for (let p = 0; p < pixels; p++) if (toCell[p] > gap * gap) pool[size++] = p;
    if (size >= pixels / (gap >= 3 ? 10 : 20)) return size;
  }
  return size < 24 ? 0 : size;
}

/** Mean and standard deviation after two rounds of leaving out what lies over 3 SD from the mean, in `out`. */
export function clippedMoments(
  image: Float32Array,
  offset: number,
  pool: Int32Array,
  size: number,
  out: Float64Array,
): void {
  let low = -Infinity;
  let high = Infinity;
  for (let round = 0; round < 3; round++) {
    let n = 0;
    let sum = 0;
    let squares = 0;
    const shift = image[offset + pool[0]];
    for (let k = 0; k < size; k++) {
      const v = image[offset + pool[k]];
      if (v < low || v > high) continue;
      n++;
      sum += v - shift;
      squares += (v - shift) * (v - shift);
    }
    if (n === 0) break;
    out[0] = shift + sum / n;
    out[1] = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    low = out[0] - 3 * out[1];
    high = out[0] + 3 * out[1];
  }
}

/** Pixels by their distance to a cell, for {@link haloProfile}: `bin[n]` is k for pixel `pixels[n]` at (k, k + 1] px. */
export interface Rings {
  readonly pixels: Int32Array;
  readonly bins: Uint8Array;
  size: number;
}

/** Empty rings with room for every pixel of a crop. */
export function emptyRings(pixels: number): Rings {
  return { pixels: new Int32Array(pixels), bins: new Uint8Array(pixels), size: 0 };
}

/** Bin of {@link Rings} of every squared distance from 1 to REACH^2. */
const BIN_OF = Uint8Array.from({ length: REACH * REACH + 1 }, (_, d) =>
  Math.max(0, Math.ceil(Math.sqrt(d)) - 1),
);

/**
 * Collects the label-0 pixels up to REACH from a cell.
 * @param squared squared distance to the cell @param nearest squared distance to the nearest cell; pixels whose
 * nearest cell is another one do not count
 */
export function collectRings(mask: Uint8Array, squared: Int32Array, nearest: Int32Array, out: Rings): void {
  let size = 0;
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] !== BACKGROUND || squared[p] > REACH * REACH || nearest[p] < squared[p]) continue;
    out.bins[size] = BIN_OF[squared[p]];
    out.pixels[size++] = p;
  }
  out.size = size;
}

/**
 * Light around a cell as a function of the distance, px: mean of image - trend over the pixels at distance
 * (k, k + 1] for k = 0..REACH - 1; never below 0, never rising with the distance, halved from the bin before where
 * fewer than 8 pixels are there, 0 from REACH on.
 * @param out REACH + 1 values
 */
export function haloProfile(
  image: Float32Array,
  trend: Float32Array,
  offset: number,
  { pixels, bins, size }: Rings,
  counts: Float64Array,
  out: Float64Array,
): void {
  counts.fill(0);
  out.fill(0);
  for (let n = 0; n < size; n++) {
    const p = pixels[n];
    const bin = bins[n];
    counts[bin]++;
    out[bin] += image[offset + p] - trend[offset + p];
  }
  let before = 0;
  let begun = false;
  for (let k = 0; k < REACH; k++) {
    const enough = counts[k] >= 8;
    let level = enough ? out[k] / counts[k] : begun ? before / 2 : 0;
    if (begun && level > before) level = before;
    out[k] = Math.max(0, level);
    begun = begun || enough;
    if (begun) before = out[k];
  }
  out[REACH] = 0;
}

/** Linear interpolation of a {@link haloProfile} at `distance` px; bin k stands at k + 0.5 px. */
export function haloAt(profile: Float64Array, distance: number): number {
  const at = distance - 0.5;
  if (at >= REACH) return 0;
  if (at <= 0) return profile[0];
  const k = Math.floor(at);
  return profile[k] + (at - k) * (profile[k + 1] - profile[k]);
}

/** Squared distances from which on {@link haloAt} is 0: those over (REACH + 0.5)^2. */
export const DARK = REACH * (REACH + 1) + 1;
const DISTANCES = Float64Array.from({ length: DARK }, (_, d) => Math.sqrt(d));

/** {@link haloAt} for all squared distances below {@link DARK}, to `out` from `at` on. */
export function tabulateHalo(profile: Float64Array, out: Float64Array, at: number): void {
  for (let d = 0; d < DARK; d++) out[at + d] = haloAt(profile, DISTANCES[d]);
}
