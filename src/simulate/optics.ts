import { mulberry32, type Random } from "../core/rng.ts";

/** Normalized Gaussian weights from the center outwards, cut at 2.5 standard deviations. */
function weights(sigma: number): Float64Array {
  const n = Math.max(1, Math.ceil(2.5 * sigma));
  const w = Float64Array.from({ length: n + 1 }, (_, k) => Math.exp((-0.5 * k * k) / (sigma * sigma)));
  const sum = w.reduce((a, b) => a + b, 0) * 2 - w[0];
  return w.map((x) => x / sum);
}

/** Gaussian blur of a square image (`size` x `size`, standard deviation in pixels, edges replicated), in place. */
export function blur(image: Float32Array, size: number, sigma: number): void {
  const w = weights(sigma);
  const reach = w.length - 1;
  const line = new Float32Array(size + 2 * reach);
  const rows = new Float32Array(image.length);
  for (let y = 0; y < size; y++) {
    const at = y * size;
    line.set(image.subarray(at, at + size), reach);
    line.fill(image[at], 0, reach);
    line.fill(image[at + size - 1], reach + size);
    for (let x = 0; x < size; x++) {
      let sum = w[0] * line[x + reach];
      for (let k = 1; k <= reach; k++) sum += w[k] * (line[x + reach - k] + line[x + reach + k]);
      rows[at + x] = sum;
    }
  }
  // Columns: every output row gathers whole rows, which reads memory in order.
  const sum = new Float64Array(size);
  for (let y = 0; y < size; y++) {
    const at = y * size;
    for (let x = 0; x < size; x++) sum[x] = w[0] * rows[at + x];
    for (let k = 1; k <= reach; k++) {
      const above = Math.max(0, y - k) * size;
      const below = Math.min(size - 1, y + k) * size;
      const f = w[k];
      for (let x = 0; x < size; x++) sum[x] += f * (rows[above + x] + rows[below + x]);
    }
    image.set(sum, at);
  }
}

/** Means of 2 x 2 pixels; `size` is even. */
export function halve(image: Float32Array, size: number): Float32Array {
  const small = size / 2;
  const out = new Float32Array(small * small);
  for (let y = 0, p = 0; y < small; y++)
    for (let x = 0; x < small; x++, p++) {
      const at = 2 * y * size + 2 * x;
      out[p] = (image[at] + image[at + 1] + image[at + size] + image[at + size + 1]) / 4;
    }
  return out;
}

/** Adds `share` times a halved image (`size / 2` squared) to `out` (`size` squared), bilinear, edges replicated. */
export function addDoubled(out: Float32Array, half: Float32Array, size: number, share: number): void {
  const small = size / 2;
  const row = new Float64Array(small + 2);
  for (let y = 0; y < size; y++) {
    const near = (y >> 1) * small;
    const far = Math.min(small - 1, Math.max(0, (y >> 1) + ((y & 1) === 0 ? -1 : 1))) * small;
    for (let x = 0; x < small; x++) row[x + 1] = share * (0.75 * half[near + x] + 0.25 * half[far + x]);
    row[0] = row[1];
    row[small + 1] = row[small];
    for (let x = 0, p = y * size; x < small; x++, p += 2) {
      out[p] += 0.75 * row[x + 1] + 0.25 * row[x];
      out[p + 1] += 0.75 * row[x + 1] + 0.25 * row[x + 2];
    }
  }
}

/** Quantiles of the normal distribution at (i + 0.5) / 65536 (Acklam's rational approximation, relative error 1e-9). */
const NORMAL = /* @__PURE__ */ (() => {
  const table = new Float32Array(65536);
  for (let i = 0; i < 65536; i++) table[i] = quantile((i + 0.5) / 65536);
  return table;
})();

function quantile(p: number): number {
  if (p > 0.5) return -quantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
        q +
        4.374664141464968) *
        q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) *
        q +
        1)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
      1)
  );
}

/** Standard normal draws, two from every 32-bit draw of `seed`'s stream (16 bits each, so within 4.2). */
export function normals(seed: number): Random {
  const random = mulberry32(seed);
  let held = -1;
  return () => {
    if (held >= 0) {
      const z = NORMAL[held];
      held = -1;
      return z;
    }
    const bits = random() * 4294967296;
    held = bits & 0xffff;
    return NORMAL[bits >>> 16];
  };
}

/**
 * Camera: photons (mean per pixel) to counts, in place. Poisson noise is drawn as mean + sqrt(mean) z + (z^2 - 1) / 6
 * (Cornish-Fisher: right in mean and skewness, variance 0.06 too high), then read noise, gain, offset and rounding.
 */
export function expose(
  photons: Float32Array,
  seed: number,
  camera: { readonly readNoise: number; readonly gain: number; readonly offset: number },
): void {
  const draw = normals(seed);
  const { readNoise, gain, offset } = camera;
  for (let p = 0; p < photons.length; p++) {
    const m = photons[p];
    const z = draw();
    const electrons = m + Math.sqrt(m) * z + (z * z - 1) / 6 + readNoise * draw();
    photons[p] = Math.max(0, Math.round(offset + gain * electrons));
  }
}
