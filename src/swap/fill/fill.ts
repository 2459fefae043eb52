import { mulberry32, namedSeed } from "../../core/rng.ts";
import { typicalDiameter } from "../../masks/diameter.ts";
import { type Excess, emptyExcess, takeOffExcess } from "./excess.ts";
import { emptyHalos, type Halos, takeOffHalo } from "./halo.ts";
import { fillLengths, type Lengths } from "./lengths.ts";
import { Level } from "./level.ts";
import {
  collectDimmest,
  collectMedium,
  emptyMedium,
  LastMeasured,
  type Medium,
  widestGap,
} from "./medium.ts";
import { Membrane } from "./membrane.ts";
import { carryNeighborLight } from "./neighbor-light.ts";
import { measureNoise, type NoiseScratch, noiseScratch } from "./noise.ts";
import { putFill } from "./put.ts";
import type { FillKind } from "./removal.ts";
import { ringScale } from "./rings.ts";
import { type Site, Surveyor } from "./survey.ts";
import { Weaver } from "./weave.ts";

export type { FillKind } from "./removal.ts";

/** What is filled, and how. */
export interface FillRequest {
  readonly kind: FillKind;
  /** Width of the rim that is removed with the cells, px. */
  readonly halo: number;
  /** Names the draws of noise. */
  readonly seed: number;
  /**
   * How much brighter than the medium cells are, per channel, in the units of the crop; negative where they are dimmer.
   * 1 without it.
   */
  readonly light?: Float64Array;
}

/** What the steps of a fill write, made once for crops of one shape. */
interface Buffers {
  readonly medium: Medium;
  readonly halos: Halos;
  readonly noise: NoiseScratch;
  readonly excess: Excess;
  readonly woven: Float32Array;
}

/**
 * Removes cells from crops of one shape and fills their places with medium: smooth level + woven noise + the light of
 * remaining neighbors. {@link fill} allocates nothing that grows with the crop. What follows from mask and crop alone
 * is kept for the next fill, which is often the other kind of the same crop.
 */
export class Filler {
  /** Fills so far, and those where the crop has no medium of its own and its dimmest pixels stood in. */
  fills = 0;
  crowded = 0;
  readonly #lengths: Lengths;
  readonly #surveyor: Surveyor;
  readonly #measured: LastMeasured;
  readonly #weaver: Weaver;
  readonly #membrane: Membrane;
  readonly #buffers: Buffers;

  /** @param diameter of the cells, px, which all lengths follow */
  constructor(
    channels: number,
    height: number,
    width: number,
    diameter: number = typicalDiameter(height, width),
  ) {
    const pixels = height * width;
    const lengths = fillLengths(diameter);
    this.#lengths = lengths;
    this.#surveyor = new Surveyor(height, width, lengths);
    this.#measured = new LastMeasured(channels, pixels);
    this.#weaver = new Weaver(channels, height, width, lengths);
    this.#membrane = new Membrane(channels, height, width, lengths);
    this.#buffers = {
      medium: emptyMedium(channels, pixels),
      halos: emptyHalos(channels, ringScale(lengths)),
      noise: noiseScratch(new Level(height, width, lengths.trend), pixels),
      excess: emptyExcess(height, width, lengths),
      woven: new Float32Array(channels * pixels),
    };
  }

  /**
   * Fills `crop` (channels x height x width) in place.
   *
   * `center` removes the center cell and `halo` px around it, but no pixel of a neighbor (thin slivers along the
   * center are no neighbors: see `relabelSlivers`); `cell-free` removes every cell and at least `freeGap`
   * ({@link Lengths}) around it. Beyond that rim the light of the removed cell is taken off and the fill fades in with
   * square-root weights, so that there is neither a seam nor a ring. The same crop, mask and request give the same
   * bytes; a crop in other units, with `light` in them, the fill in these units, up to rounding.
   */
  fill(crop: Float32Array, mask: Uint8Array, { kind, halo, seed, light: given }: FillRequest): void {
    const { medium, halos, excess, woven } = this.#buffers;
    this.fills++;
    // All that follows takes cells to be brighter than the medium.
    turnOver(crop, given);
    const site = this.#surveyor.survey(mask, kind, halo);
    this.#measureMedium(crop, site, widestGap(halo, this.#lengths), given);
    const random = mulberry32(namedSeed(seed, kind));
    this.#weaver.weave(medium, site.removal.wanted, random, woven);
    const light = takeOffHalo(crop, site, medium, halos, excess);
    takeOffExcess(crop, site, medium, excess);
    const membrane = site.shore.rim.size > 0 ? this.#membrane : null;
    if (membrane !== null) carryNeighborLight(crop, site, medium, light, membrane);
    putFill(crop, site.removal, medium, woven, membrane);
    turnOver(crop, given);
  }

  /** Level, noise and halos of the medium, unless they are known. */
  #measureMedium(crop: Float32Array, site: Site, widest: number, light: Float64Array | undefined): void {
    const { medium, halos, noise } = this.#buffers;
    const { mask, toCell } = site.distances;
    if (this.#measured.is(crop, mask, widest)) return;
    if (collectMedium(toCell, widest, this.#lengths, medium.pool)) this.#measured.keep(crop, mask, widest);
    else {
      this.crowded++;
      this.#measured.forget();
      collectDimmest(crop, site, medium.pool, light);
    }
    measureNoise(crop, site, medium, halos, noise);
  }
}

/** Changes the sign of the channels in which cells are dimmer than the medium. */
function turnOver(crop: Float32Array, light: Float64Array | undefined): void {
  light?.forEach((value, c) => {
    const pixels = crop.length / light.length;
    if (value < 0) for (let i = c * pixels; i < (c + 1) * pixels; i++) crop[i] = -crop[i];
  });
}
