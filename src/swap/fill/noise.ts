import { type Halos, haloProfile, tabulateHalo } from "./halo.ts";
import { pixelsFor } from "./lengths.ts";
import type { Level } from "./level.ts";
import { clippedMoments, type Medium } from "./medium.ts";
import { emptyList, type PixelList } from "./pixel-list.ts";
import type { Site } from "./survey.ts";

/** Pixels of the medium far from every cell that are enough to measure its level on, in crops of 64 px. */
const ENOUGH = 100;
/** Noise beyond this many SD (hot pixels, debris) is not repeated. */
const WILD = 5;

/** Buffers for {@link measureNoise}. */
export interface NoiseScratch {
  readonly level: Level;
  readonly far: PixelList;
  readonly values: Float64Array;
}

export function noiseScratch(level: Level, pixels: number): NoiseScratch {
  return { level, far: emptyList(pixels), values: new Float64Array(pixels) };
}

/**
 * Level of every channel, the halo of its cells, and what the medium (`medium.pool`) has beyond both: its noise.
 * Writes all of `medium` but the pool, and `halos.cell`.
 */
export function measureNoise(
  crop: Float32Array,
  site: Site,
  medium: Medium,
  halos: Halos,
  { level, far, values }: NoiseScratch,
): void {
  const { toCell, rings } = site.distances;
  const { pool, good } = medium;
  const pixels = good.length;
  const chosen = chooseFar(site, pool, far);
  level.weigh(chosen);
  good.fill(0);
  for (let k = 0; k < pool.size; k++) good[pool.pixels[k]] = 1;
  for (let c = 0; c < medium.sd.length; c++) {
    const plane = crop.subarray(c * pixels, (c + 1) * pixels);
    const trend = medium.trend.subarray(c * pixels, (c + 1) * pixels);
    const noise = medium.noise.subarray(c * pixels, (c + 1) * pixels);
    const light = halos.cell[c];
    const [center, spread] = clippedMoments(plane, chosen);
    const limit = 3 * spread;
    for (let k = 0; k < chosen.size; k++)
      values[k] = Math.max(-limit, Math.min(plane[chosen.pixels[k]] - center, limit));
    level.measure(values);
    level.spread(center, trend);
    tabulateHalo(haloProfile(plane, trend, rings), rings.scale, light);
    for (let k = 0; k < pool.size; k++) {
      const p = pool.pixels[k];
      const d = toCell[p];
      noise[p] = plane[p] - trend[p] - (d < light.length ? light[d] : 0);
    }
    const [mean, sd] = clippedMoments(noise, pool);
    medium.sd[c] = sd;
    for (let k = 0; k < pool.size; k++) {
      const p = pool.pixels[k];
      noise[p] -= mean;
      if (Math.abs(noise[p]) > WILD * sd && sd > 0) good[p] = 0;
    }
  }
}

/** The pixels of the medium far from every cell where there are enough, else all. */
function chooseFar({ distances, lengths }: Site, pool: PixelList, far: PixelList): PixelList {
  const { toCell } = distances;
  const least = lengths.far * lengths.far;
  far.size = 0;
  for (let k = 0; k < pool.size; k++)
    if (toCell[pool.pixels[k]] > least) far.pixels[far.size++] = pool.pixels[k];
  return far.size >= pixelsFor(ENOUGH, lengths) ? far : pool;
}
