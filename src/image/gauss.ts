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

/**
 * Gaussian smoothing of a height x width image, edge pixels replicated, kernel cut at 4 sigma: equals
 * `scipy.ndimage.gaussian_filter(input, sigma, mode="nearest", truncate=4)`. Sums in float64.
 * `sigma` in px, 0 copies. `out` and `scratch` hold height x width values; `out` may be `input`, `scratch` neither.
 */
export function gaussianBlur(
  input: Pixels,
  height: number,
  width: number,
  sigma: number,
  out: Float32Array | Float64Array,
  scratch: Float64Array,
): void {
  const pixels = height * width;
  if (input.length < pixels || out.length < pixels || scratch.length < pixels)
    throw new RangeError(`input, out and scratch need ${height} x ${width} pixels`);
  if (sigma === 0) {
    if (out !== input) for (let i = 0; i < pixels; i++) out[i] = input[i];
    return;
  }
  const half = gaussianKernel(sigma);
  const radius = half.length - 1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) scratch[row + x] = half[0] * input[row + x];
    for (let k = 1; k <= radius; k++) {
      const w = half[k];
      const up = (y < k ? 0 : y - k) * width;
      const down = (y + k >= height ? height - 1 : y + k) * width;
      for (let x = 0; x < width; x++) scratch[row + x] += w * (input[up + x] + input[down + x]);
    }
  }
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const last = row + width - 1;
    for (let x = 0; x < width; x++) {
      let sum = half[0] * scratch[row + x];
      for (let k = 1; k <= radius; k++) {
        const left = x < k ? row : row + x - k;
        const right = Math.min(row + x + k, last);
        sum += half[k] * (scratch[left] + scratch[right]);
      }
      out[row + x] = sum;
    }
  }
}
