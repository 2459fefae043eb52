import { mulberry32, namedSeed } from "../core/rng.ts";
import { squaredDistance } from "../masks/distance.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";
import { clippedMoments, collectMedium, haloAt, haloProfile, Level, REACH } from "./medium.ts";
import { relaxMembrane } from "./membrane.ts";
import { relabelSlivers } from "./sliver.ts";
import { Weaver } from "./texture.ts";

/** What is removed: the center cell with its halo, or every cell with its halo. */
export type FillKind = "center" | "cell-free";

/** Least width of the rim removed around every cell for `cell-free`, px: farther out a halo is below 3 % of its cell. */
const FREE_GAP = 6;
/** Distance from every cell beyond which the level of the medium is measured where there is enough, px. */
const FAR = 8;
/** Distance from a neighbor within which its light, not the removed cell's, makes up the rim, px. */
const NEAR = 7;
/** Distance from a neighbor up to which its light is carried on, px: the membrane has fallen to 0.1 % there. */
const LIT = 14;
/** Width over which the fill fades into what stays, px. */
const FADE = 3;
/** Standard deviation of the Gaussian that finds light left beside the removed rim, px. */
const EXCESS_SIGMA = 2.5;
/** Noise beyond this many SD (hot pixels, debris) is not repeated. */
const WILD = 5;

/**
 * Removes cells from crops of one shape and fills their places with medium: smooth level + woven noise + the light of
 * remaining neighbors. All buffers are made once; {@link fill} allocates nothing that grows with the crop.
 */
export class Filler {
  /** Fills so far, and those where the crop has no medium of its own and its dimmest pixels stood in. */
  fills = 0;
  crowded = 0;
  readonly #channels: number;
  readonly #height: number;
  readonly #width: number;
  readonly #toCenter: Float64Array;
  readonly #toCell: Float64Array;
  readonly #toNeighbor: Float64Array;
  readonly #membrane: Float64Array;
  readonly #relabeled: Uint8Array;
  readonly #good: Uint8Array;
  readonly #wanted: Uint8Array;
  readonly #pool: Int32Array;
  readonly #far: Int32Array;
  readonly #removed: Int32Array;
  readonly #lit: Int32Array;
  readonly #trend: Float32Array;
  readonly #noise: Float32Array;
  readonly #woven: Float32Array;
  readonly #fade: Float32Array;
  readonly #sd: Float64Array;
  readonly #moments = new Float64Array(2);
  readonly #counts = new Float64Array(REACH + 1);
  readonly #halo = new Float64Array(REACH + 1);
  readonly #trends: Level;
  readonly #excesses: Level;
  readonly #ring: Int32Array;
  readonly #residual: Float32Array;
  readonly #excess: Float32Array;
  readonly #weaver: Weaver;

  constructor(channels: number, height: number, width: number) {
    const pixels = height * width;
    this.#channels = channels;
    this.#height = height;
    this.#width = width;
    this.#toCenter = new Float64Array(pixels);
    this.#toCell = new Float64Array(pixels);
    this.#toNeighbor = new Float64Array(pixels);
    this.#membrane = new Float64Array(pixels);
    this.#relabeled = new Uint8Array(pixels);
    this.#good = new Uint8Array(pixels);
    this.#wanted = new Uint8Array(pixels);
    this.#pool = new Int32Array(pixels);
    this.#far = new Int32Array(pixels);
    this.#removed = new Int32Array(pixels);
    this.#lit = new Int32Array(pixels);
    this.#trend = new Float32Array(channels * pixels);
    this.#noise = new Float32Array(channels * pixels);
    this.#woven = new Float32Array(channels * pixels);
    this.#fade = new Float32Array(pixels);
    this.#sd = new Float64Array(channels);
    this.#trends = new Level(height, width, 4, 10);
    this.#excesses = new Level(height, width, 2, EXCESS_SIGMA);
    this.#ring = new Int32Array(pixels);
    this.#residual = new Float32Array(pixels);
    this.#excess = new Float32Array(pixels);
    this.#weaver = new Weaver(channels, height, width);
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
    const pixels = given.length;
    const random = mulberry32(namedSeed(seed, kind));
    const mask = this.#measureDistances(given, kind, halo);
    const rim = kind === "center" ? halo : Math.max(halo, FREE_GAP);
    const from = kind === "center" ? this.#toCenter : this.#toCell;
    const removed = this.#markRemoved(mask, kind, from, rim);
    const size = this.#findMedium(crop, mask, Math.max(halo, FREE_GAP), removed);
    this.fills++;
    this.#measureNoise(crop, mask, size);
    this.#weaver.weave(this.#noise, this.#good, this.#wanted, random, this.#woven);
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += pixels) {
      this.#takeOffHalo(crop, offset, mask, from, rim, kind);
      this.#takeOffExcess(crop, offset, mask, from, rim, kind, this.#sd[c]);
      if (kind === "center") this.#stretchMembrane(crop, offset, removed);
      this.#put(crop, offset, kind === "center");
    }
  }

  /** Fills the distance maps; returns the mask to go by, in which slivers belong to the center cell. */
  #measureDistances(given: Uint8Array, kind: FillKind, halo: number): Uint8Array {
    let mask = given;
    squaredDistance(mask, this.#height, this.#width, this.#toCenter, CENTER);
    if (
      kind === "center" &&
      relabelSlivers(given, this.#height, this.#width, this.#toCenter, halo, this.#relabeled) > 0
    ) {
      mask = this.#relabeled;
      squaredDistance(mask, this.#height, this.#width, this.#toCenter, CENTER);
    }
    squaredDistance(mask, this.#height, this.#width, this.#toNeighbor, NEIGHBOR);
    for (let p = 0; p < mask.length; p++) this.#toCell[p] = Math.min(this.#toCenter[p], this.#toNeighbor[p]);
    return mask;
  }

  /** Lists the removed pixels; `fade` is the share of fill: 1 there, falling to 0 around, 0 near neighbors that stay. */
  #markRemoved(mask: Uint8Array, kind: FillKind, from: Float64Array, rim: number): number {
    let size = 0;
    for (let p = 0; p < mask.length; p++) {
      let share = 0;
      if (kind === "cell-free" || mask[p] !== NEIGHBOR) {
        if (from[p] <= rim * rim) {
          share = 1;
          this.#removed[size++] = p;
        } else if (from[p] < (rim + FADE) * (rim + FADE)) {
          share = 1 - (Math.sqrt(from[p]) - rim) / FADE;
          if (kind === "center")
            share *= Math.min(1, Math.max(0, (Math.sqrt(this.#toNeighbor[p]) - NEAR + 3) / 3));
        }
      }
      this.#fade[p] = share;
      this.#wanted[p] = share > 0 ? 1 : 0;
    }
    return size;
  }

  /** Collects the medium; without any, the dimmest twentieth of the crop, or of what is not removed. */
  #findMedium(crop: Float32Array, mask: Uint8Array, widest: number, removed: number): number {
    const size = collectMedium(this.#toCell, widest, this.#pool);
    if (size > 0) return size;
    this.crowded++;
    const pixels = mask.length;
    const all = removed > pixels - 24;
    const candidates = Array.from({ length: pixels }, (_, p) => p).filter((p) => all || this.#fade[p] < 1);
    const light = new Float64Array(pixels);
    for (let c = 0; c < this.#channels; c++)
      for (let p = 0; p < pixels; p++) light[p] += crop[c * pixels + p];
    candidates.sort((a, b) => light[a] - light[b] || a - b);
    const dimmest = candidates.slice(0, Math.max(24, Math.floor(pixels / 20)));
    this.#pool.set(dimmest);
    return dimmest.length;
  }

  /** Trend of every channel, and what the medium has beyond trend and halos. */
  #measureNoise(crop: Float32Array, mask: Uint8Array, size: number): void {
    const pixels = mask.length;
    let far = 0;
    for (let k = 0; k < size; k++)
      if (this.#toCell[this.#pool[k]] > FAR * FAR) this.#far[far++] = this.#pool[k];
    const enough = far >= 100;
    this.#good.fill(0);
    for (let k = 0; k < size; k++) this.#good[this.#pool[k]] = 1;
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += pixels) {
      const level = enough ? this.#far : this.#pool;
      const n = enough ? far : size;
      clippedMoments(crop, offset, level, n, this.#moments);
      this.#trends.measure(crop, offset, level, n, this.#moments[0], 3 * this.#moments[1], this.#trend);
      haloProfile(crop, this.#trend, offset, mask, this.#toCell, this.#toCell, this.#counts, this.#halo);
      for (let k = 0; k < size; k++) {
        const p = this.#pool[k];
        this.#noise[offset + p] =
          crop[offset + p] - this.#trend[offset + p] - haloAt(this.#halo, Math.sqrt(this.#toCell[p]));
      }
      clippedMoments(this.#noise, offset, this.#pool, size, this.#moments);
      const [mean, sd] = this.#moments;
      this.#sd[c] = sd;
      for (let k = 0; k < size; k++) {
        const p = this.#pool[k];
        this.#noise[offset + p] -= mean;
        if (Math.abs(this.#noise[offset + p]) > WILD * sd && sd > 0) this.#good[p] = 0;
      }
    }
  }

  /**
   * Takes the light of the removed cells off the pixels around them that stay; near neighbors, whose light lies on
   * top, never more than there is locally above the trend.
   */
  #takeOffHalo(
    crop: Float32Array,
    offset: number,
    mask: Uint8Array,
    from: Float64Array,
    rim: number,
    kind: FillKind,
  ): void {
    haloProfile(crop, this.#trend, offset, mask, from, this.#toCell, this.#counts, this.#halo);
    const careful = kind === "center";
    if (careful) this.#measureExcess(crop, offset, mask, from, rim, 0);
    for (let p = 0; p < mask.length; p++) {
      if (from[p] <= rim * rim || from[p] > REACH * REACH) continue;
      if (careful && mask[p] !== BACKGROUND) continue;
      const light = haloAt(this.#halo, Math.sqrt(from[p]));
      crop[offset + p] -=
        careful && this.#toNeighbor[p] < NEAR * NEAR ? Math.min(light, Math.max(0, this.#excess[p])) : light;
    }
  }

  /** Local mean of crop - trend over the label-0 pixels that stay and are `away` px from neighbors; returns how many. */
  #measureExcess(
    crop: Float32Array,
    offset: number,
    mask: Uint8Array,
    from: Float64Array,
    rim: number,
    away: number,
  ): number {
    let size = 0;
    const widest = (rim + 2 * REACH) * (rim + 2 * REACH);
    for (let p = 0; p < mask.length; p++) {
      if (mask[p] !== BACKGROUND || from[p] <= rim * rim || from[p] > widest) continue;
      if (this.#toNeighbor[p] < away * away) continue;
      this.#ring[size++] = p;
      this.#residual[p] = crop[offset + p] - this.#trend[offset + p];
    }
    this.#excesses.measure(this.#residual, 0, this.#ring, size, 0, Infinity, this.#excess);
    return size;
  }

  /**
   * Takes off what light is still left beside the removed rim on one side, where a mask is tight or askew: the local
   * mean E of what is above (or below) the trend, shrunk to E^3 / (E^2 + 4 SE^2), so that plain noise stays.
   */
  #takeOffExcess(
    crop: Float32Array,
    offset: number,
    mask: Uint8Array,
    from: Float64Array,
    rim: number,
    kind: FillKind,
    sd: number,
  ): void {
    const size = this.#measureExcess(crop, offset, mask, from, rim, kind === "center" ? NEAR : 0);
    const error = (sd * sd) / (Math.PI * EXCESS_SIGMA * EXCESS_SIGMA);
    for (let n = 0; n < size; n++) {
      const p = this.#ring[n];
      const distance = Math.sqrt(from[p]);
      if (distance >= rim + 2 * FADE + 1) continue;
      const share = Math.min(1, (rim + 2 * FADE + 1 - distance) / (FADE + 1));
      const e = this.#excess[p];
      crop[offset + p] -= (share * e * e * e) / (e * e + error + 1e-30);
    }
  }

  /** Light of the neighbors that reaches into the removed pixels, from the known pixels along their edge. */
  #stretchMembrane(crop: Float32Array, offset: number, removed: number): void {
    const [height, width, u] = [this.#height, this.#width, this.#membrane];
    u.fill(0);
    let lit = 0;
    for (let n = 0; n < removed; n++) {
      const p = this.#removed[n];
      if (this.#toNeighbor[p] > LIT * LIT) continue;
      this.#lit[lit++] = p;
      const x = p % width;
      if (x > 0) this.#light(crop, offset, p - 1);
      if (x < width - 1) this.#light(crop, offset, p + 1);
      if (p >= width) this.#light(crop, offset, p - width);
      if (p + width < height * width) this.#light(crop, offset, p + width);
    }
    relaxMembrane(u, this.#lit, lit, height, width);
  }

  /**
   * Gives the membrane its value at a pixel that stays: the nearer the neighbor, the more of the light is its own.
   * Neighbor pixels keep the light that the removed cell throws on them, but it is not carried on.
   */
  #light(crop: Float32Array, offset: number, p: number): void {
    if (this.#fade[p] === 1) return;
    const near = Math.min(1, Math.max(0, (NEAR - Math.sqrt(this.#toNeighbor[p])) / 3));
    const light = crop[offset + p] - this.#trend[offset + p];
    const thrown = this.#toNeighbor[p] > 0 ? 0 : haloAt(this.#halo, Math.sqrt(this.#toCenter[p]));
    this.#membrane[p] = near * (thrown === 0 ? light : Math.max(0, light - thrown));
  }

  #put(crop: Float32Array, offset: number, membrane: boolean): void {
    for (let p = 0; p < this.#fade.length; p++) {
      const share = this.#fade[p];
      if (share === 0) continue;
      const level = this.#trend[offset + p];
      const woven = this.#woven[offset + p];
      if (share === 1) crop[offset + p] = level + woven + (membrane ? this.#membrane[p] : 0);
      else {
        const angle = (Math.PI / 2) * share;
        crop[offset + p] = level + Math.sin(angle) * woven + Math.cos(angle) * (crop[offset + p] - level);
      }
    }
  }
}
