import { quantiles } from "../core/statistics.ts";
import { gaussianBlur } from "../image/gauss.ts";
import { otsuThreshold } from "../image/otsu.ts";

/** How bright a field is. Fields are scaled by whoever exported them, some by single hot pixels, so nothing is absolute. */
export interface FieldScale {
  /** Intensity of the medium: 2nd percentile of the smoothed crops. */
  readonly low: number;
  /** Intensity of bright cells: 99th percentile of the smoothed crops, which single hot pixels do not reach. */
  readonly high: number;
  /** Otsu's threshold of the field's levels, 0..1. */
  readonly threshold: number;
}

/** Most crops of a field that its scale is taken from, and most bytes of one copy of their pixels: 256 crops of 128 px. */
const FIELD_CROPS = 256;
const FIELD_BYTES = 2 ** 25;

/** Number of crops of a field that its scale is taken from; of larger fields evenly spaced ones are. */
export function sampledCrops(count: number, height: number, width: number): number {
  return Math.min(count, FIELD_CROPS, Math.max(1, Math.floor(FIELD_BYTES / (8 * height * width))));
}

/**
 * Level of every pixel, 0..1: square root of the smoothed intensity between the field's medium and its bright cells.
 * The square root evens out the noise of counted light and brings dim cells nearer to bright ones.
 * @param sigma of the smoothing, px
 */
export function levels(
  channel: Float32Array,
  height: number,
  width: number,
  sigma: number,
  scale: Pick<FieldScale, "low" | "high">,
  out: Float64Array,
  scratch: Float64Array,
): void {
  gaussianBlur(channel, height, width, sigma, out, scratch);
  toLevels(out, height * width, scale);
}

function toLevels(
  values: Float64Array,
  count: number,
  { low, high }: Pick<FieldScale, "low" | "high">,
): void {
  const span = high - low;
  for (let i = 0; i < count; i++)
    values[i] = span > 0 ? Math.sqrt(Math.min(1, Math.max(0, (values[i] - low) / span))) : 0;
}

/** What a field's scale is taken with. */
export interface ScaleOptions {
  /** Standard deviation of the smoothing, px, see {@link levels}. */
  readonly sigma: number;
  /** Finds the threshold of the levels. */
  readonly threshold?: (levels: Float64Array) => number;
}

/**
 * Scale of a field from one channel of `count` crops; `read(k, out)` copies that of the k-th (height x width). Memory:
 * {@link sampledCrops} in float64.
 */
export function fieldScale(
  count: number,
  height: number,
  width: number,
  { sigma, threshold = otsuThreshold }: ScaleOptions,
  read: (k: number, out: Float32Array) => void,
): FieldScale {
  const used = sampledCrops(count, height, width);
  const pixels = height * width;
  const channel = new Float32Array(pixels);
  const scratch = new Float64Array(pixels);
  const values = new Float64Array(used * pixels);
  for (let k = 0; k < used; k++) {
    read(Math.floor((k * count) / used), channel);
    gaussianBlur(channel, height, width, sigma, values.subarray(k * pixels, (k + 1) * pixels), scratch);
  }
  const [low, high] = quantiles(values, [0.02, 0.99]);
  toLevels(values, values.length, { low, high });
  return { low, high, threshold: threshold(values) };
}
