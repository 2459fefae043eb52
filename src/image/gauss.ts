type Pixels = Float32Array | Float64Array | Uint8Array;

const kernels = new Map<number, Float64Array>();

/** Right half of the normalized Gaussian, cut at 4 sigma (radius `floor(4 sigma + 0.5)`, as in scipy.ndimage). */
export function gaussianKernel(sigma: number): Float64Array {
  let half = kernels.get(sigma);
  if (half !== undefined) return half;
  if (!(sigma > 0 && sigma < 1000)) throw new RangeError(`sigma is ${sigma}; 0 to 1000 px is accepted`);
  const radius = Math.floor(4 * sigma + 0.5);
  half = Float64Array.from({ length: radius + 1 }, (_, k) => Math.exp((-0.5 * k * k) / (sigma * sigma)));
  const sum = half.reduce((total, w, k) => total + (k === 0 ? w : 2 * w), 0);
  for (let k = 0; k <= radius; k++) half[k] /= sum;
  kernels.set(sigma, half);
  return half;
}

/** Rows and columns of an image, both ends included. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

let converted = new Float64Array(0);
let line = new Float64Array(0);
let sums = new Float64Array(0);

/**
 * Gaussian smoothing of a height x width image, edge pixels replicated, kernel cut at 4 sigma: equals
 * `scipy.ndimage.gaussian_filter(input, sigma, mode="nearest", truncate=4)`. Sums in float64.
 * `sigma` in px, 0 copies. `out` and `scratch` hold height x width values; `out` may be `input`, `scratch` neither.
 * With a `box` only its pixels are written.
 */
export function gaussianBlur(
  input: Pixels,
  height: number,
  width: number,
  sigma: number,
  out: Float32Array | Float64Array,
  scratch: Float64Array,
  box: Box = { top: 0, bottom: height - 1, left: 0, right: width - 1 },
): void {
  const pixels = height * width;
  if (input.length < pixels || out.length < pixels || scratch.length < pixels)
    throw new RangeError(`input, out and scratch need ${height} x ${width} pixels`);
  if (sigma === 0) {
    if (out !== input) for (let i = 0; i < pixels; i++) out[i] = input[i];
    return;
  }
  // The loops know one kind of array, which is what makes them fast.
  let values = input;
  if (!(values instanceof Float64Array)) {
    if (converted.length < pixels) converted = new Float64Array(pixels);
    converted.set(pixels === values.length ? values : values.subarray(0, pixels));
    values = converted;
  }
  const half = gaussianKernel(sigma);
  const radius = half.length - 1;
  const count = box.right - box.left + 1;
  if (line.length < count + 2 * radius) line = new Float64Array(count + 2 * radius);
  if (sums.length < width) sums = new Float64Array(width);
  const first = Math.max(0, box.left - radius);
  const last = Math.min(width - 1, box.right + radius);
  // Columns of the line that lie beyond the image's edge.
  const before = first - box.left + radius;
  const behind = before + last - first + 1;
  for (let y = box.top; y <= box.bottom; y++)
    sumColumns(values, y, height, width, half, first, last, scratch);
  for (let y = box.top; y <= box.bottom; y++) {
    const row = y * width;
    for (let x = first, k = before; x <= last; x++, k++) line[k] = scratch[row + x];
    for (let k = 0; k < before; k++) line[k] = line[before];
    for (let k = behind; k < count + 2 * radius; k++) line[k] = line[behind - 1];
    sumLine(line, count, half, sums);
    for (let x = 0, k = row + box.left; x < count; x++, k++) out[k] = sums[x];
  }
}

/** Sums a row of the image with those above and below it, four at a time and always in this order. */
function sumColumns(
  values: Float64Array,
  y: number,
  height: number,
  width: number,
  half: Float64Array,
  left: number,
  right: number,
  out: Float64Array,
): void {
  const row = y * width;
  for (let x = left; x <= right; x++) out[row + x] = half[0] * values[row + x];
  const radius = half.length - 1;
  const end = (height - 1) * width;
  let k = 1;
  for (; k + 1 <= radius; k += 2) {
    const w0 = half[k];
    const w1 = half[k + 1];
    const a0 = Math.max(0, row - k * width);
    const a1 = Math.max(0, row - (k + 1) * width);
    const b0 = Math.min(end, row + k * width);
    const b1 = Math.min(end, row + (k + 1) * width);
    for (let x = left; x <= right; x++)
      out[row + x] =
        out[row + x] + w0 * (values[a0 + x] + values[b0 + x]) + w1 * (values[a1 + x] + values[b1 + x]);
  }
  if (k <= radius) {
    const w = half[k];
    const a = Math.max(0, row - k * width);
    const b = Math.min(end, row + k * width);
    for (let x = left; x <= right; x++) out[row + x] += w * (values[a + x] + values[b + x]);
  }
}

/** Sums every value of a line with those before and behind it; the line has a margin of the kernel's radius. */
function sumLine(values: Float64Array, count: number, half: Float64Array, out: Float64Array): void {
  const radius = half.length - 1;
  for (let x = 0; x < count; x++) out[x] = half[0] * values[x + radius];
  let k = 1;
  for (; k + 1 <= radius; k += 2) {
    const w0 = half[k];
    const w1 = half[k + 1];
    for (let x = 0, m = radius; x < count; x++, m++)
      out[x] = out[x] + w0 * (values[m - k] + values[m + k]) + w1 * (values[m - k - 1] + values[m + k + 1]);
  }
  if (k <= radius) {
    const w = half[k];
    for (let x = 0, m = radius; x < count; x++, m++) out[x] += w * (values[m - k] + values[m + k]);
  }
}
