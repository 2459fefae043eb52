import { type Excess, measureExcess, weighExcess } from "./excess.ts";
import type { Medium } from "./medium.ts";
import type { RingScale, Rings } from "./rings.ts";
import type { Site } from "./survey.ts";

/** Light around cells by squared distance, px^2, one table per channel; it has ended where a table ends. */
export interface Halos {
  /** Around any cell. */
  readonly cell: readonly Float64Array[];
  /** Around the center cell. */
  readonly own: readonly Float64Array[];
}

export function emptyHalos(channels: number, { distances }: RingScale): Halos {
  const tables = () => Array.from({ length: channels }, () => new Float64Array(distances.length));
  return { cell: tables(), own: tables() };
}

/**
 * Light around a cell as a function of the distance: mean of plane - trend over the pixels of each ring; never below
 * 0, never rising with the distance, halved from the ring before where a ring has too few pixels.
 * @returns one value per ring, and 0 for the one beyond
 */
export function haloProfile(
  plane: Float32Array,
  trend: Float32Array,
  { scale, pixels, ringOf, size }: Rings,
): Float64Array {
  const profile = new Float64Array(scale.rings + 1);
  const counts = new Float64Array(scale.rings);
  for (let n = 0; n < size; n++) {
    const p = pixels[n];
    const ring = ringOf[n];
    counts[ring]++;
    profile[ring] += plane[p] - trend[p];
  }
  let before = 0;
  let begun = false;
  for (let k = 0; k < scale.rings; k++) {
    const enough = counts[k] >= scale.enough;
    let level = enough ? profile[k] / counts[k] : begun ? before / 2 : 0;
    if (begun && level > before) level = before;
    profile[k] = Math.max(0, level);
    begun = begun || enough;
    if (begun) before = profile[k];
  }
  return profile;
}

/** A {@link haloProfile} at every squared distance, interpolated linearly; ring k stands at k + 0.5 widths. */
export function tabulateHalo(
  profile: Float64Array,
  { distances, rings }: RingScale,
  out: Float64Array,
): void {
  for (let d = 0; d < distances.length; d++) {
    const at = distances[d] - 0.5;
    const k = Math.floor(at);
    if (at >= rings) out[d] = 0;
    else if (at <= 0) out[d] = profile[0];
    else out[d] = profile[k] + (at - k) * (profile[k + 1] - profile[k]);
  }
}

/**
 * Takes the light of the removed cells off the pixels around them that stay; near neighbors, whose light lies on
 * top, never more than there is locally above the trend.
 * @returns the light of the removed cells, a table per channel
 */
export function takeOffHalo(
  crop: Float32Array,
  site: Site,
  medium: Medium,
  halos: Halos,
  excess: Excess,
): readonly Float64Array[] {
  const { kind, from } = site.cut;
  const { lit, shy, aroundAll } = site.surroundings;
  const { scale } = site.ownRings;
  const pixels = from.length;
  const tables = kind === "center" ? halos.own : halos.cell;
  if (shy.size > 0) weighExcess(excess, aroundAll, shy);
  tables.forEach((light, c) => {
    const plane = crop.subarray(c * pixels, (c + 1) * pixels);
    const trend = medium.trend.subarray(c * pixels, (c + 1) * pixels);
    if (kind === "center") tabulateHalo(haloProfile(plane, trend, site.ownRings), scale, light);
    if (shy.size > 0) measureExcess(excess, plane, trend);
    for (let n = 0; n < lit.size; n++) {
      const p = lit.pixels[n];
      plane[p] -= light[from[p]];
    }
    for (let n = 0; n < shy.size; n++) {
      const p = shy.pixels[n];
      plane[p] -= Math.min(light[from[p]], Math.max(0, excess.found[n]));
    }
  });
  return tables;
}
