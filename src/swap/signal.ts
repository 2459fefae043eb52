import { quantileSorted } from "../core/statistics.ts";
import { BACKGROUND, CENTER, type CompositeOptions, type Flag } from "../types.ts";
import type { Scales } from "./intensity.ts";

/** Background pixels of a crop that are looked at, at most. */
const LOOKED_AT = 256;
/** The lower half of a normal distribution reaches one standard deviation below its median at this quantile. */
const ONE_BELOW = 0.15866;
/** Cells that stand less than this many standard deviations of the medium off it are weak; below the second, noise. */
const WEAK = 1;
const NOISE = 0.25;
/** Groups that are named at most. */
const NAMED = 5;

/** How the cell in one channel of a crop stands against the medium, in the units of the image. */
export interface Level {
  /** Mean inside the center mask. */
  readonly cell: number;
  /** Median of the pixels with label 0. */
  readonly medium: number;
  /** Standard deviation of these: from their lower half, which halos of cells do not reach. */
  readonly noise: number;
}

/** Levels of one channel; null where the mask has no center cell or no background. */
export function levelOf(pixels: Float32Array, mask: Uint8Array): Level | null {
  let sum = 0;
  let n = 0;
  let free = 0;
  for (let p = 0; p < mask.length; p++)
    if (mask[p] === CENTER) {
      sum += pixels[p];
      n++;
    } else if (mask[p] === BACKGROUND) free++;
  if (n === 0 || free === 0) return null;
  const step = Math.ceil(free / LOOKED_AT);
  const seen = new Float64Array(Math.ceil(free / step));
  let k = 0;
  for (let p = 0; p < mask.length; p++)
    if (mask[p] === BACKGROUND && k++ % step === 0) seen[(k - 1) / step] = pixels[p];
  seen.sort();
  const medium = quantileSorted(seen, 0.5);
  return { cell: sum / n, medium, noise: medium - quantileSorted(seen, ONE_BELOW) };
}

/** How many standard deviations of the medium the cell stands above it; a finite number where there is no noise. */
export function contrastOf({ cell, medium, noise }: Level): number {
  const most = 1e6;
  if (cell === medium) return 0;
  return Math.max(-most, Math.min(most, (cell - medium) / noise));
}

/**
 * Channels in which cells cannot be told from the medium.
 * @param contrasts median over the cells of {@link contrastOf}, by channel; NaN where nothing was measured
 */
export function withoutSignal(contrasts: readonly number[], channels: readonly string[]): Flag | null {
  const dark = channels.filter((_, c) => Math.abs(contrasts[c]) < NOISE);
  if (dark.length === 0) return null;
  return {
    id: "no-signal",
    severity: "warning",
    encoder: null,
    text: `channel ${dark.join(", ")}: the cells do not stand out from the medium (by less than ${NOISE} of its standard deviation in half of them), so nothing is swapped there but noise; check that the channel is the right one, or use encoders that do without it`,
  };
}

/**
 * Scales whose denominator (cell - background) is no larger than the noise of the medium, so that noise becomes the signal, and
 * those that turn the image over.
 * @param noise standard deviation of the medium, groups x channels; NaN for groups that the study does not use
 */
export function weakScales(
  { groups, background, cell }: Pick<Scales, "groups" | "background" | "cell">,
  noise: ArrayLike<number>,
  channels: readonly string[],
  intensity: CompositeOptions["intensity"],
): Flag[] {
  const lost: string[] = [];
  const weak: string[] = [];
  const turned: string[] = [];
  channels.forEach((channel, c) => {
    const used = groups.flatMap((group, g) => {
      const at = g * channels.length + c;
      return Number.isNaN(noise[at]) ? [] : [{ group, range: cell[at] - background[at], noise: noise[at] }];
    });
    const negative = used.filter(({ range }) => range < 0).length;
    const usual = 2 * negative > used.length ? -1 : 1;
    for (const { group, range, noise } of used) {
      const name = `${group} (${channel})`;
      if (Math.abs(range) < NOISE * noise) lost.push(name);
      else if (Math.abs(range) < WEAK * noise) weak.push(name);
      else if (Math.sign(range) !== usual) turned.push(name);
    }
  });
  const remedy = `choose intensity \`crop\` or \`none\`, or leave ${intensity === "field" ? "these fields" : "these proteins"} out`;
  const flag = (id: string, severity: Flag["severity"], names: readonly string[], what: string): Flag[] =>
    names.length === 0
      ? []
      : [
          {
            id,
            severity,
            encoder: null,
            text: `${names.length} ${intensity === "field" ? "field" : "protein"}${names.length === 1 ? "" : "s"} and channel${names.length === 1 ? "" : "s"} (${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ", ..." : ""}): ${what}; ${remedy}`,
          },
        ];
  return [
    ...flag(
      "scale-of-noise",
      "refuse",
      lost,
      `cells stand less than ${NOISE} standard deviations of the medium off it, so \`intensity: ${intensity}\` would blow noise up to the size of a signal`,
    ),
    ...flag(
      "weak-scale",
      "warning",
      weak,
      `cells stand less than one standard deviation of the medium off it, so \`intensity: ${intensity}\` makes much of noise`,
    ),
    ...flag(
      "turned-scale",
      "warning",
      turned,
      "cells are darker than the medium where they are brighter elsewhere, or the other way round, and the scale turns the image over",
    ),
  ];
}

/** Share of pixels at a clip limit from which on it is said. */
export const SATURATED = 0.02;

/** Channels of which many pixels lie at the limits that the intensity step clips to. @param shares by channel, 0..1 */
export function saturated(
  shares: readonly number[],
  channels: readonly string[],
  clip: CompositeOptions["clip"],
): Flag | null {
  const high = channels.flatMap((channel, c) =>
    shares[c] > SATURATED ? [`${channel} ${(100 * shares[c]).toFixed(1)} %`] : [],
  );
  if (clip === null || high.length === 0) return null;
  return {
    id: "clipped",
    severity: "warning",
    encoder: null,
    text: `pixels at the limits of "clip" (${clip.join(" and ")}): ${high.join(", ")}; what is brighter or darker is lost to every encoder: widen "clip", or set it to null`,
  };
}
