import { BACKGROUND } from "../types.ts";

/** Distance from a cell beyond which its light is taken to have ended, pixels. */
export const REACH = 10;

/**
 * Collects the pixels of the medium: label 0 and farther than `gap` px from every cell, with the widest gap from
 * `widest` down to 0 that leaves at least a tenth of the crop (a twentieth below 3 px). Where even gap 0 leaves fewer
 * than 24 pixels there is no medium, and 0 is returned.
 * @param toCell squared distance to the nearest cell, px^2
 * @param pool receives the pixel indices @returns how many
 */
export function collectMedium(toCell: Float64Array, widest: number, pool: Int32Array): number {
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

/**
 * Smooth level: normalized convolution (Knutsson & Westin 1993) of chosen pixels with a Gaussian, on square blocks,
 * interpolated linearly between block centers. Where no chosen pixel is near, a given center stands in, with the
 * weight of one pixel.
 */
export class Level {
  readonly #height: number;
  readonly #width: number;
  readonly #block: number;
  readonly #rows: number;
  readonly #columns: number;
  readonly #weight: Float64Array;
  readonly #sum: Float64Array;
  readonly #line: Float64Array;
  /** Gaussian from -reach to reach. */
  readonly #kernel: Float64Array;
  readonly #reach: number;
  /** Block left of (above) every column (row), and the share of the next one. */
  readonly #block0: Int32Array;
  readonly #share: Float64Array;

  /** `block` is the side of a block, `sigma` the Gaussian's standard deviation, both in px. */
  constructor(height: number, width: number, block: number, sigma: number) {
    this.#height = height;
    this.#width = width;
    this.#block = block;
    this.#rows = Math.ceil(height / block);
    this.#columns = Math.ceil(width / block);
    const blocks = this.#rows * this.#columns;
    this.#weight = new Float64Array(blocks);
    this.#sum = new Float64Array(blocks);
    this.#line = new Float64Array(blocks);
    const s = sigma / block;
    this.#reach = Math.ceil(3 * s);
    this.#kernel = Float64Array.from({ length: 2 * this.#reach + 1 }, (_, k) =>
      Math.exp(-((k - this.#reach) ** 2) / (2 * s * s)),
    );
    const at = Float64Array.from({ length: Math.max(height, width) }, (_, x) =>
      Math.max((x + 0.5) / block - 0.5, 0),
    );
    this.#block0 = Int32Array.from(at, Math.floor);
    this.#share = at.map((v) => v - Math.floor(v));
  }

  /**
   * Writes the level of one channel of `image` to `out`, both at `offset`, from the pixels of `pool`.
   * @param center level where nothing is known @param limit values count as at most this far from `center`
   */
  measure(
    image: Float32Array,
    offset: number,
    pool: Int32Array,
    size: number,
    center: number,
    limit: number,
    out: Float32Array,
  ): void {
    const [height, width, block, columns] = [this.#height, this.#width, this.#block, this.#columns];
    const weight = this.#weight.fill(0);
    const sum = this.#sum.fill(0);
    for (let k = 0; k < size; k++) {
      const p = pool[k];
      const y = (p / width) | 0;
      const b = ((y / block) | 0) * columns + (((p - y * width) / block) | 0);
      const v = image[offset + p] - center;
      weight[b] += 1;
      sum[b] += Math.max(-limit, Math.min(v, limit));
    }
    this.#smooth(weight);
    this.#smooth(sum);
    for (let b = 0; b < weight.length; b++) sum[b] /= weight[b] + 1;
    const block0 = this.#block0;
    const share = this.#share;
    const last = this.#columns - 1;
    for (let y = 0, p = offset; y < height; y++) {
      const upper = Math.min(block0[y], this.#rows - 1) * columns;
      const lower = Math.min(block0[y] + 1, this.#rows - 1) * columns;
      const dy = share[y];
      for (let x = 0; x < width; x++, p++) {
        const left = Math.min(block0[x], last);
        const right = left < last ? left + 1 : last;
        const dx = share[x];
        const a = sum[upper + left] + dx * (sum[upper + right] - sum[upper + left]);
        const b = sum[lower + left] + dx * (sum[lower + right] - sum[lower + left]);
        out[p] = center + a + dy * (b - a);
      }
    }
  }

  #smooth(grid: Float64Array): void {
    const [rows, columns, line, kernel, reach] = [
      this.#rows,
      this.#columns,
      this.#line,
      this.#kernel,
      this.#reach,
    ];
    for (let y = 0; y < rows; y++) {
      const row = y * columns;
      line.fill(0, row, row + columns);
      const from = y < reach ? 0 : y - reach;
      const to = y + reach < rows ? y + reach : rows - 1;
      for (let k = from; k <= to; k++) {
        const w = kernel[k - y + reach];
        const source = k * columns;
        for (let x = 0; x < columns; x++) line[row + x] += w * grid[source + x];
      }
    }
    for (let y = 0; y < rows; y++) {
      const row = y * columns;
      for (let x = 0; x < columns; x++) {
        const from = x < reach ? 0 : x - reach;
        const to = x + reach < columns ? x + reach : columns - 1;
        let total = 0;
        for (let k = from; k <= to; k++) total += kernel[k - x + reach] * line[row + k];
        grid[row + x] = total;
      }
    }
  }
}

/**
 * Light around a cell as a function of the distance, px: mean of image - trend over the label-0 pixels at distance
 * (k, k + 1] for k = 0..REACH - 1;
 * never below 0, never rising with the distance, halved from the bin before
 * where fewer than 8 pixels are there, 0 from REACH on.
 * @param squared squared distance to the cell @param nearest squared distance to the nearest cell; pixels whose
 * nearest cell is another one do not count
 * @param out REACH + 1 values
 */
export function haloProfile(
  image: Float32Array,
  trend: Float32Array,
  offset: number,
  mask: Uint8Array,
  squared: Float64Array,
  nearest: Float64Array,
  counts: Float64Array,
  out: Float64Array,
): void {
  counts.fill(0);
  out.fill(0);
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] !== BACKGROUND || squared[p] > REACH * REACH || nearest[p] < squared[p]) continue;
    const bin = Math.ceil(Math.sqrt(squared[p])) - 1;
    counts[bin]++;
    out[bin] += image[offset + p] - trend[offset + p];
  }
  let before = Infinity;
  for (let k = 0; k < REACH; k++) {
    const known = counts[k] >= 8 ? out[k] / counts[k] : before === Infinity ? 0 : before / 2;
    out[k] = Math.max(0, Math.min(known, before));
    if (counts[k] >= 8 || before !== Infinity) before = out[k];
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
