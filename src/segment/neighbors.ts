import type { BitMask } from "../image/bit-mask.ts";
import { flood } from "../image/flood.ts";
import { dilate, open, reach } from "../image/morphology.ts";
import { CENTER, NEIGHBOR } from "../types.ts";
import { RECIPE } from "./recipe.ts";
import type { Workspace } from "./workspace.ts";

/** Labels the other cells of crops, one after the other. */
export class NeighborSearch {
  readonly #work: Workspace;
  readonly #center: BitMask;
  readonly #others: BitMask;
  readonly #dim: BitMask;
  readonly #near: BitMask;
  readonly #piece: BitMask;

  constructor(work: Workspace) {
    this.#work = work;
    this.#center = work.mask();
    this.#others = work.mask();
    this.#dim = work.mask();
    this.#near = work.mask();
    this.#piece = work.mask();
  }

  /**
   * Labels the other cells of the crop whose levels are in the workspace: foreground outside the center cell at the crop's
   * `threshold`, and dim cells at a share of the field's. `mask` (height x width) holds the center cell (1) and is given the
   * neighbors (2); the center is not touched, other labels are removed.
   */
  label(threshold: number, fieldThreshold: number, mask: Uint8Array): void {
    const { level, unit } = this.#work;
    const [center, others, dim, near] = [this.#center, this.#others, this.#dim, this.#near];
    center.equal(mask, CENTER);
    this.#work.clean(others.above(level, threshold).or(center), RECIPE.bridge);
    reach(near.copy(center), RECIPE.dim.distance * unit);
    dim.above(level, Math.min(threshold, RECIPE.dim.share * fieldThreshold)).without(near);
    open(dim, RECIPE.dim.disk * unit);
    this.#dropRim(others.or(dim).without(center));
    reach(near.copy(center), RECIPE.neighborReach * unit);
    mask.fill(0);
    center.label(mask, CENTER);
    const least = RECIPE.neighborArea * unit * unit;
    const { data, words, height } = others;
    for (let y = 0, k = 0; y < height; y++)
      for (let w = 0; w < words; w++, k++)
        while (data[k] !== 0) {
          const piece = this.#piece.clear();
          piece.data[k] = data[k] & -data[k];
          flood(piece, others);
          others.without(piece);
          const area = piece.count();
          if (area >= least && piece.shared(near) < area) piece.label(mask, NEIGHBOR);
        }
  }

  /** Removes what is too thin to be a cell (the center cell's own rim, below its threshold), and only that. */
  #dropRim(others: BitMask): void {
    const { unit } = this.#work;
    const thick = this.#piece.copy(others);
    open(thick, RECIPE.bridge * unit);
    dilate(thick, RECIPE.bridge * unit);
    others.and(thick);
  }
}
