import { connectedComponents, fillHoles } from "../image/components.ts";
import { distanceTransform } from "../image/distance.ts";
import { gaussianBlur } from "../image/gauss.ts";
import { open } from "../image/morphology.ts";
import { hillMarkers, WatershedScratch, watershed } from "../image/watershed.ts";
import { CENTER } from "../types.ts";
import { RECIPE } from "./recipe.ts";

/** Buffers and steps that the searches for the center cell and for its neighbors share; one per thread and crop shape. */
export class Workspace {
  readonly height: number;
  readonly width: number;
  readonly pixels: number;
  /** Cell diameter over the one that the recipe's lengths are for. */
  readonly unit: number;
  /** Levels of the crop at hand. */
  readonly level: Float64Array;
  readonly scratch: Float64Array;
  readonly relief: Float64Array;
  readonly growth: Float64Array;
  readonly distance: Float64Array;
  readonly pieces: Int32Array;
  readonly flood: WatershedScratch;

  constructor(height: number, width: number, diameter: number) {
    this.height = height;
    this.width = width;
    this.pixels = height * width;
    this.unit = diameter / RECIPE.diameter;
    this.level = new Float64Array(this.pixels);
    this.scratch = new Float64Array(this.pixels);
    this.relief = new Float64Array(this.pixels);
    this.growth = new Float64Array(this.pixels);
    this.distance = new Float64Array(this.pixels);
    this.pieces = new Int32Array(this.pixels);
    this.flood = new WatershedScratch(this.pixels);
  }

  mask(): Uint8Array {
    return new Uint8Array(this.pixels);
  }

  /** Fills holes and opens with a disk of `radius` recipe px, in place. */
  clean(mask: Uint8Array, radius: number): void {
    fillHoles(mask, this.height, this.width);
    open(mask, this.height, this.width, radius * this.unit, this.scratch);
  }

  /** Puts the smoothed distance map of a foreground into {@link relief}. */
  relieve(foreground: Uint8Array): void {
    const { height, width, relief, unit } = this;
    distanceTransform(foreground, height, width, relief);
    // A foreground without any background has no distances; it is one piece.
    if (relief[0] === Infinity) relief.fill(0);
    gaussianBlur(relief, height, width, RECIPE.reliefSmoothing * unit, relief, this.scratch);
  }

  /**
   * Splits the foreground that was {@link relieve}d into cells, flooding from hills at least `depth` recipe px high,
   * and returns their number. Where it is `known`, nothing is flooded: a smaller depth gave no other hills.
   */
  split(foreground: Uint8Array, depth: number, labels: Int32Array, known = -1): number {
    const { height, width, relief, unit, scratch } = this;
    const count = hillMarkers(relief, foreground, height, width, depth * unit, labels, this.flood);
    if (count === known) return count;
    for (let i = 0; i < this.pixels; i++) scratch[i] = -relief[i];
    watershed(scratch, foreground, height, width, labels, this.flood);
    return count;
  }

  /** Label that most of the central window has; 0 where too little of it is labeled. */
  central(labels: ArrayLike<number>, share: number): number {
    const { height, width } = this;
    const half = Math.max(1, Math.round(RECIPE.window * this.unit));
    const y0 = Math.max(0, Math.floor(height / 2) - half);
    const x0 = Math.max(0, Math.floor(width / 2) - half);
    const counts = new Map<number, number>();
    let labeled = 0;
    for (let y = y0; y < Math.min(height, y0 + 2 * half); y++)
      for (let x = x0; x < Math.min(width, x0 + 2 * half); x++) {
        const label = labels[y * width + x];
        if (label <= 0) continue;
        labeled++;
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
    if (labeled === 0 || labeled < share * 4 * half * half) return 0;
    let best = 0;
    for (const [label, n] of counts)
      if (best === 0 || n > counts.get(best)! || (n === counts.get(best)! && label < best)) best = label;
    return best;
  }

  /** Keeps the piece of a mask that lies at the center, in place; false where there is none. */
  keepCentral(mask: Uint8Array): boolean {
    connectedComponents(mask, this.height, this.width, this.pieces);
    const label = this.central(this.pieces, 0);
    for (let i = 0; i < this.pixels; i++) mask[i] = label !== 0 && this.pieces[i] === label ? CENTER : 0;
    return label !== 0;
  }
}
