import type { Lengths } from "./lengths.ts";
import { pixelsFor } from "./lengths.ts";
import { emptyList, type PixelList } from "./pixel-list.ts";
import type { Site } from "./survey.ts";

/** Fewest pixels of medium, in crops of 64 px. */
const FEWEST = 24;

/** What is known of the medium of a crop. Planes are channels x height x width. */
export interface Medium {
  /** Pixels of the medium. */
  readonly pool: PixelList;
  /** Smooth level. */
  readonly trend: Float32Array;
  /** What the medium has beyond level and halos, at its pixels, and its standard deviation per channel. */
  readonly noise: Float32Array;
  readonly sd: Float64Array;
  /** 1 where `noise` may be repeated. */
  readonly good: Uint8Array;
}

export function emptyMedium(channels: number, pixels: number): Medium {
  return {
    pool: emptyList(pixels),
    trend: new Float32Array(channels * pixels),
    noise: new Float32Array(channels * pixels),
    sd: new Float64Array(channels),
    good: new Uint8Array(pixels),
  };
}

/** Least distance of the medium from every cell where there is enough of it, px. */
export function widestGap(halo: number, { freeGap }: Pick<Lengths, "freeGap">): number {
  return Math.max(halo, freeGap);
}

/**
 * Collects the pixels of the medium: label 0 and farther than a gap from every cell, with the widest gap from
 * `widest` px down to 0 that leaves at least a tenth of the crop (a twentieth below 3 units). False where even gap 0
 * leaves too few: there is no medium.
 * @param toCell squared distance to the nearest cell, px^2
 */
export function collectMedium(
  toCell: Int32Array,
  widest: number,
  lengths: Pick<Lengths, "unit" | "grain">,
  pool: PixelList,
): boolean {
  const all = toCell.length;
  for (let gap = widest; gap >= 0; gap -= lengths.unit) {
    let size = 0;
    for (let p = 0; p < all; p++) if (toCell[p] > gap * gap) pool.pixels[size++] = p;
    pool.size = size;
    if (size >= all / (gap >= 3 * lengths.unit ? 10 : 20)) return true;
  }
  return pool.size >= pixelsFor(FEWEST, lengths);
}

/**
 * Without medium: collects the dimmest twentieth of the crop, or of what is not removed.
 * @param unit what counts as much in every channel as in the others; its sign does not matter; 1 without it
 */
export function collectDimmest(
  crop: Float32Array,
  { removal, lengths }: Site,
  pool: PixelList,
  unit?: Float64Array,
): void {
  const { fade, removed } = removal;
  const pixels = fade.length;
  const fewest = pixelsFor(FEWEST, lengths);
  const all = removed.size > pixels - fewest;
  const candidates = Array.from({ length: pixels }, (_, p) => p).filter((p) => all || fade[p] < 1);
  const light = new Float64Array(pixels);
  for (let i = 0; i < crop.length; i++)
    light[i % pixels] += crop[i] / Math.abs(unit?.[Math.floor(i / pixels)] ?? 1);
  candidates.sort((a, b) => light[a] - light[b] || a - b);
  const dimmest = candidates.slice(0, Math.max(fewest, Math.floor(pixels / 20)));
  pool.pixels.set(dimmest);
  pool.size = dimmest.length;
}

/** Mean and standard deviation of some pixels after two rounds of leaving out what lies over 3 SD from the mean. */
export function clippedMoments(plane: Float32Array, { pixels, size }: PixelList): [mean: number, sd: number] {
  let low = -Infinity;
  let high = Infinity;
  let [mean, sd] = [0, 0];
  const shift = plane[pixels[0]];
  for (let round = 0; round < 3; round++) {
    let n = 0;
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < size; k++) {
      const v = plane[pixels[k]];
      if (v < low || v > high) continue;
      n++;
      sum += v - shift;
      squares += (v - shift) * (v - shift);
    }
    if (n === 0) break;
    mean = shift + sum / n;
    sd = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    low = mean - 3 * sd;
    high = mean + 3 * sd;
  }
  return [mean, sd];
}

/** The crop and mask on which the medium was measured last, so that it is not measured again on the same. */
export class LastMeasured {
  readonly #crop: Float32Array;
  readonly #mask: Uint8Array;
  /** Gap of the medium; NaN for none. */
  #widest = Number.NaN;

  constructor(channels: number, pixels: number) {
    this.#crop = new Float32Array(channels * pixels);
    this.#mask = new Uint8Array(pixels);
  }

  /** True where the medium was measured on these very bytes. */
  is(crop: Float32Array, mask: Uint8Array, widest: number): boolean {
    if (this.#widest !== widest) return false;
    const lastMask = this.#mask;
    for (let p = 0; p < mask.length; p++) if (lastMask[p] !== mask[p]) return false;
    const [a, b] = [bits(crop), bits(this.#crop)];
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  keep(crop: Float32Array, mask: Uint8Array, widest: number): void {
    this.#crop.set(crop);
    this.#mask.set(mask);
    this.#widest = widest;
  }

  forget(): void {
    this.#widest = Number.NaN;
  }
}

function bits(crop: Float32Array): Int32Array {
  return new Int32Array(crop.buffer, crop.byteOffset, crop.length);
}
