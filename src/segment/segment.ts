import { otsuThreshold } from "../image/otsu.ts";
import { typicalDiameter } from "../masks/diameter.ts";
import { type Judgment, judgeMask } from "../masks/verdict.ts";
import { BACKGROUND, CENTER } from "../types.ts";
import { CenterSearch } from "./center.ts";
import { type FieldScale, levels } from "./field.ts";
import { NeighborSearch } from "./neighbors.ts";
import { RECIPE, smoothing } from "./recipe.ts";
import { Workspace } from "./workspace.ts";

/** Segments the crops of one shape, one after the other. */
export class Segmenter {
  readonly diameter: number;
  readonly #work: Workspace;
  readonly #center: CenterSearch;
  readonly #neighbors: NeighborSearch;

  /** `diameter`: typical diameter of a cell, px. */
  constructor(height: number, width: number, diameter: number = typicalDiameter(height, width)) {
    this.diameter = diameter;
    this.#work = new Workspace(height, width, diameter);
    this.#center = new CenterSearch(this.#work, diameter);
    this.#neighbors = new NeighborSearch(this.#work);
  }

  /**
   * Finds center cell and neighbors in `channel` (height x width; any positive scale, that of `field`) and writes
   * the label mask into `out` (0 background, 1 center cell, 2 other cells).
   */
  segment(channel: Float32Array, field: FieldScale, out: Uint8Array): Judgment {
    const threshold = this.#load(channel, field);
    out.fill(BACKGROUND);
    this.#center.find(threshold)?.label(out, CENTER);
    return this.#finish(threshold, field, out);
  }

  /** As {@link segment}, for a mask whose center cell (1) is known and stays as it is; other labels are made new. */
  completeNeighbors(channel: Float32Array, field: FieldScale, mask: Uint8Array): Judgment {
    const threshold = this.#load(channel, field);
    for (let i = 0; i < mask.length; i++) if (mask[i] !== CENTER) mask[i] = BACKGROUND;
    return this.#finish(threshold, field, mask);
  }

  /** Puts the crop's levels into the workspace and returns its threshold. */
  #load(channel: Float32Array, field: FieldScale): number {
    const { height, width, level, scratch } = this.#work;
    levels(channel, height, width, smoothing(this.diameter), field, level, scratch);
    const [low, high] = RECIPE.thresholdRange;
    return Math.min(high * field.threshold, Math.max(low * field.threshold, otsuThreshold(level)));
  }

  #finish(threshold: number, field: FieldScale, mask: Uint8Array): Judgment {
    const work = this.#work;
    if (field.high > field.low) this.#neighbors.label(threshold, field.threshold, mask);
    return judgeMask(mask, work.height, work.width, this.diameter);
  }
}
