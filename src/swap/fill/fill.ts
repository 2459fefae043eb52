import { mulberry32, namedSeed } from "../../core/rng.ts";
import { NEIGHBOR } from "../../types.ts";
import { Level } from "./level.ts";
import { clippedMoments, collectMedium, DARK, haloProfile, REACH, tabulateHalo } from "./medium.ts";
import { Membrane } from "./membrane.ts";
import { type FillKind, FREE_GAP, type PixelList, Site } from "./site.ts";
import { Weaver } from "./texture.ts";

export type { FillKind } from "./site.ts";

/** Distance from every cell beyond which the level of the medium is measured where there is enough, px. */
const FAR = 8;
/** Standard deviation of the Gaussian that finds light left beside the removed rim, px. */
const EXCESS_SIGMA = 2.5;
/** Noise beyond this many SD (hot pixels, debris) is not repeated. */
const WILD = 5;

/**
 * Removes cells from crops of one shape and fills their places with medium: smooth level + woven noise + the light of
 * remaining neighbors. All buffers are made once; {@link fill} allocates nothing that grows with the crop. What
 * follows from mask and crop alone is kept for the next fill, which is often the other kind of the same crop.
 */
export class Filler {
  /** Fills so far, and those where the crop has no medium of its own and its dimmest pixels stood in. */
  fills = 0;
  crowded = 0;
  readonly #channels: number;
  readonly #site: Site;
  readonly #pool: Int32Array;
  readonly #far: Int32Array;
  readonly #good: Uint8Array;
  readonly #trend: Float32Array;
  readonly #noise: Float32Array;
  readonly #woven: Float32Array;
  readonly #sd: Float64Array;
  readonly #values: Float64Array;
  readonly #moments = new Float64Array(2);
  readonly #counts = new Float64Array(REACH + 1);
  readonly #profile = new Float64Array(REACH + 1);
  /** Halos by squared distance, channels x DARK: around any cell, and around the removed ones. */
  readonly #cellLight: Float64Array;
  readonly #ownLight: Float64Array;
  readonly #trends: Level;
  readonly #excess: Level;
  readonly #membrane: Membrane;
  readonly #weaver: Weaver;
  /** Crop, mask and gap of the medium that was measured last; NaN for none. */
  readonly #lastCrop: Float32Array;
  readonly #lastMask: Uint8Array;
  #lastWidest = Number.NaN;

  constructor(channels: number, height: number, width: number) {
    const pixels = height * width;
    this.#channels = channels;
    this.#site = new Site(height, width);
    this.#pool = new Int32Array(pixels);
    this.#far = new Int32Array(pixels);
    this.#good = new Uint8Array(pixels);
    this.#trend = new Float32Array(channels * pixels);
    this.#noise = new Float32Array(channels * pixels);
    this.#woven = new Float32Array(channels * pixels);
    this.#sd = new Float64Array(channels);
    this.#values = new Float64Array(pixels);
    this.#cellLight = new Float64Array(channels * DARK);
    this.#ownLight = new Float64Array(channels * DARK);
    this.#trends = new Level(height, width, 4, 10);
    this.#excess = new Level(height, width, 2, EXCESS_SIGMA);
    this.#membrane = new Membrane(channels, height, width);
    this.#weaver = new Weaver(channels, height, width);
    this.#lastCrop = new Float32Array(channels * pixels);
    this.#lastMask = new Uint8Array(pixels);
  }

  /**
   * Fills `crop` (channels x height x width) in place.
   *
   * `center` removes the center cell and `halo` px around it, but no pixel of a neighbor (slivers along the center
   * that are narrower than 5 px are no neighbors: see {@link relabelSlivers}); `cell-free` removes every cell and at least 6 px around it. Beyond that rim the light of the removed cell is taken off and the fill fades
   * in over 3 px with square-root weights, so that there is neither a seam nor a ring. The same crop, mask, kind,
   * halo and seed give the same bytes.
   */
  fill(crop: Float32Array, given: Uint8Array, kind: FillKind, halo: number, seed: number): void {
    const site = this.#site;
    const random = mulberry32(namedSeed(seed, kind));
    site.survey(given, kind, halo);
    this.fills++;
    const widest = Math.max(halo, FREE_GAP);
    if (!this.#isKnown(crop, widest)) this.#measureMedium(crop, widest);
    this.#weaver.weave(this.#noise, this.#good, site.wanted, random, this.#woven);
    const light = kind === "center" ? this.#ownLight : this.#cellLight;
    this.#takeOffHalo(crop, kind, light);
    this.#takeOffExcess(crop);
    const carried = site.shore.size > 0;
    if (carried) this.#stretchMembrane(crop, light);
    for (let c = 0; c < this.#channels; c++) this.#put(crop, c, carried);
  }

  /** True where the medium was measured on these very bytes. */
  #isKnown(crop: Float32Array, widest: number): boolean {
    const { mask } = this.#site;
    if (this.#lastWidest !== widest) return false;
    for (let p = 0; p < mask.length; p++) if (this.#lastMask[p] !== mask[p]) return false;
    const [a, b] = [bits(crop), bits(this.#lastCrop)];
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  /** Trend, halo and noise of every channel. */
  #measureMedium(crop: Float32Array, widest: number): void {
    const { mask, toCell } = this.#site;
    let size = collectMedium(toCell, widest, this.#pool);
    this.#lastWidest = size > 0 ? widest : Number.NaN;
    if (size > 0) {
      this.#lastCrop.set(crop);
      this.#lastMask.set(mask);
    } else size = this.#findDimmest(crop);
    this.#measureNoise(crop, size);
  }

  /** Without medium: collects the dimmest twentieth of the crop, or of what is not removed. */
  #findDimmest(crop: Float32Array): number {
    this.crowded++;
    const { fade, removed } = this.#site;
    const pixels = fade.length;
    const all = removed.size > pixels - 24;
    const candidates = Array.from({ length: pixels }, (_, p) => p).filter((p) => all || fade[p] < 1);
    const light = new Float64Array(pixels);
    for (let c = 0; c < this.#channels; c++)
      for (let p = 0; p < pixels; p++) light[p] += crop[c * pixels + p];
    candidates.sort((a, b) => light[a] - light[b] || a - b);
    const dimmest = candidates.slice(0, Math.max(24, Math.floor(pixels / 20)));
    this.#pool.set(dimmest);
    return dimmest.length;
  }

  /** Trend of every channel, and what the medium has beyond trend and halos. */
  #measureNoise(crop: Float32Array, size: number): void {
    const { toCell, cellRings } = this.#site;
    const [pool, good, noise, trend, values] = [
      this.#pool,
      this.#good,
      this.#noise,
      this.#trend,
      this.#values,
    ];
    let far = 0;
    for (let k = 0; k < size; k++) if (toCell[pool[k]] > FAR * FAR) this.#far[far++] = pool[k];
    const [level, n] = far >= 100 ? [this.#far, far] : [pool, size];
    this.#trends.weigh(level, n);
    good.fill(0);
    for (let k = 0; k < size; k++) good[pool[k]] = 1;
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += good.length) {
      clippedMoments(crop, offset, level, n, this.#moments);
      const center = this.#moments[0];
      const limit = 3 * this.#moments[1];
      for (let k = 0; k < n; k++)
        values[k] = Math.max(-limit, Math.min(crop[offset + level[k]] - center, limit));
      this.#trends.measure(values);
      this.#trends.spread(center, trend, offset);
      haloProfile(crop, trend, offset, cellRings, this.#counts, this.#profile);
      tabulateHalo(this.#profile, this.#cellLight, c * DARK);
      for (let k = 0; k < size; k++) {
        const p = pool[k];
        const d = toCell[p];
        noise[offset + p] =
          crop[offset + p] - trend[offset + p] - (d < DARK ? this.#cellLight[c * DARK + d] : 0);
      }
      clippedMoments(noise, offset, pool, size, this.#moments);
      const [mean, sd] = this.#moments;
      this.#sd[c] = sd;
      for (let k = 0; k < size; k++) {
        const p = pool[k];
        noise[offset + p] -= mean;
        if (Math.abs(noise[offset + p]) > WILD * sd && sd > 0) good[p] = 0;
      }
    }
  }

  /**
   * Takes the light of the removed cells off the pixels around them that stay; near neighbors, whose light lies on
   * top, never more than there is locally above the trend.
   */
  #takeOffHalo(crop: Float32Array, kind: FillKind, table: Float64Array): void {
    const { from, lit, shy, aroundAll, ownRings, fade } = this.#site;
    if (shy.size > 0) this.#excess.weigh(aroundAll.pixels, aroundAll.size, shy.pixels, shy.size);
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += fade.length) {
      if (kind === "center") {
        haloProfile(crop, this.#trend, offset, ownRings, this.#counts, this.#profile);
        tabulateHalo(this.#profile, table, c * DARK);
      }
      if (shy.size > 0) this.#measureExcess(crop, offset, aroundAll);
      for (let n = 0; n < lit.size; n++) {
        const p = lit.pixels[n];
        crop[offset + p] -= table[c * DARK + from[p]];
      }
      for (let n = 0; n < shy.size; n++) {
        const p = shy.pixels[n];
        crop[offset + p] -= Math.min(table[c * DARK + from[p]], Math.max(0, this.#excess.at(p)));
      }
    }
  }

  /** Local mean of crop - trend over the pixels that {@link Level.weigh} chose. */
  #measureExcess(crop: Float32Array, offset: number, { pixels, size }: PixelList): void {
    for (let n = 0; n < size; n++)
      this.#values[n] = Math.fround(crop[offset + pixels[n]] - this.#trend[offset + pixels[n]]);
    this.#excess.measure(this.#values);
  }

  /**
   * Takes off what light is still left beside the removed rim on one side, where a mask is tight or askew: the local
   * mean E of what is above (or below) the trend, shrunk to E^3 / (E^2 + 4 SE^2), so that plain noise stays.
   */
  #takeOffExcess(crop: Float32Array): void {
    const { around, beside, fade } = this.#site;
    this.#excess.weigh(around.pixels, around.size, beside.pixels, beside.size);
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += fade.length) {
      this.#measureExcess(crop, offset, around);
      const error = (this.#sd[c] * this.#sd[c]) / (Math.PI * EXCESS_SIGMA * EXCESS_SIGMA);
      for (let n = 0; n < beside.size; n++) {
        const p = beside.pixels[n];
        const e = this.#excess.at(p);
        crop[offset + p] -= (beside.values[n] * e * e * e) / (e * e + error + 1e-30);
      }
    }
  }

  /**
   * Light of the neighbors that reaches into the removed pixels, from the known pixels along their edge. Neighbor
   * pixels keep the light that the removed cell throws on them, but it is not carried on.
   */
  #stretchMembrane(crop: Float32Array, table: Float64Array): void {
    const { shaded, shore, mask, from } = this.#site;
    this.#membrane.stretch(shaded.pixels, shaded.size);
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += mask.length)
      for (let n = 0; n < shore.size; n++) {
        const p = shore.pixels[n];
        const light = crop[offset + p] - this.#trend[offset + p];
        const thrown = mask[p] === NEIGHBOR && from[p] < DARK ? table[c * DARK + from[p]] : 0;
        this.#membrane.set(c, p, shore.values[n] * (thrown === 0 ? light : Math.max(0, light - thrown)));
      }
    this.#membrane.relax();
  }

  #put(crop: Float32Array, c: number, carried: boolean): void {
    const { removed, fading, sines, fade } = this.#site;
    const offset = c * fade.length;
    for (let n = 0; n < removed.size; n++) {
      const p = removed.pixels[n];
      const light = carried ? this.#membrane.get(c, p) : 0;
      crop[offset + p] = this.#trend[offset + p] + this.#woven[offset + p] + light;
    }
    for (let n = 0; n < fading.size; n++) {
      const p = fading.pixels[n];
      const level = this.#trend[offset + p];
      crop[offset + p] =
        level + sines[n] * this.#woven[offset + p] + fading.values[n] * (crop[offset + p] - level);
    }
  }
}

function bits(crop: Float32Array): Int32Array {
  return new Int32Array(crop.buffer, crop.byteOffset, crop.length);
}
