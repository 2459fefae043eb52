import type { BitMask } from "../image/bit-mask.ts";
import { fillHoles, flood } from "../image/flood.ts";
import { open } from "../image/morphology.ts";
import { lowerOtsuThreshold, otsuThreshold } from "../image/otsu.ts";
import { PropagationScratch, propagate } from "../image/propagate.ts";
import { type Judgment, measureMask, verdictOf } from "../masks/verdict.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";
import { type FieldScale, levels, type ScaleOptions } from "./field.ts";
import { centralNucleus, findNuclei } from "./nuclei.ts";
import { RECIPE, SEEDED, smoothing } from "./recipe.ts";
import { Workspace } from "./workspace.ts";

/** How the scales of a field are taken: of its nuclei, and of its cells. */
export function seededScales(diameter: number): { nuclei: ScaleOptions; cells: ScaleOptions } {
  return {
    nuclei: { sigma: smoothing(SEEDED.nucleus * diameter) },
    cells: { sigma: cellSmoothing(diameter), threshold: cellThreshold },
  };
}

function cellSmoothing(diameter: number): number {
  return Math.max(SEEDED.leastSmoothing, SEEDED.smoothing * diameter);
}

function cellThreshold(levels: Float64Array): number {
  const { three, two } = SEEDED.threshold;
  return Math.max(three * lowerOtsuThreshold(levels), two * otsuThreshold(levels));
}

/**
 * Segments crops of cells that touch, one after the other, from a channel of nuclei and one of whole cells: a front runs
 * from every nucleus over the cells' light, slowly where that is dim or changes, so that cells meet at the seams between
 * them (propagation as of Jones, Carpenter and Golland, Computer Vision for Biomedical Image Applications, 2005, with a
 * metric of our own).
 */
export class SeededSegmenter {
  readonly diameter: number;
  readonly #nuclei: Workspace;
  readonly #work: Workspace;
  readonly #labels: Int32Array;
  /** The nuclei alone. */
  readonly #seeds: Int32Array;
  readonly #fronts: PropagationScratch;
  readonly #foreground: BitMask;
  readonly #own: BitMask;
  readonly #piece: BitMask;
  readonly #bytes: Uint8Array;

  /** `diameter`: typical diameter of a cell, px. */
  constructor(height: number, width: number, diameter: number) {
    this.diameter = diameter;
    this.#nuclei = new Workspace(height, width, SEEDED.nucleus * diameter);
    this.#work = new Workspace(height, width, diameter);
    this.#labels = new Int32Array(height * width);
    this.#seeds = new Int32Array(height * width);
    this.#fronts = new PropagationScratch(height * width);
    this.#foreground = this.#work.mask();
    this.#own = this.#work.mask();
    this.#piece = this.#work.mask();
    this.#bytes = new Uint8Array(height * width);
  }

  /**
   * Finds the cell of the nucleus nearest to the middle and its neighbors, and writes the label mask into `out` (0
   * background, 1 center cell, 2 other cells). Channels are height x width, in any positive scale, that of their fields
   * (see {@link seededScales}). Adherent cells are not convex: none is `ragged`; and it is enough that the cell or its
   * nucleus lies in the middle.
   */
  segment(
    channels: { readonly nuclei: Float32Array; readonly cells: Float32Array },
    fields: { readonly nuclei: FieldScale; readonly cells: FieldScale },
    out: Uint8Array,
  ): Judgment {
    const work = this.#work;
    const [labels, nuclei, foreground] = [this.#labels, this.#seeds, this.#foreground];
    const { height, width, level, scratch } = work;
    findNuclei(this.#nuclei, channels.nuclei, fields.nuclei, foreground, labels);
    nuclei.set(labels);
    const center = centralNucleus(nuclei, height, width);
    levels(channels.cells, height, width, cellSmoothing(this.diameter), fields.cells, level, scratch);
    const all = this.#piece.equal(nuclei, 0).complement();
    foreground.above(level, fields.cells.threshold).or(all);
    out.fill(BACKGROUND);
    const own = this.#own.clear();
    if (center > 0) {
      this.#spread(center);
      this.#takeCenter(center);
      own.label(out, CENTER);
    }
    this.#takeOthers(out);
    const measures = measureMask(out, height, width);
    const offset = Math.min(
      measures.Quality_Offset,
      center > 0 ? offsetOf(nuclei, center, height, width) : Infinity,
    );
    const judged = { ...measures, Quality_Offset: offset };
    return { verdict: verdictOf(judged, this.diameter, 0), measures: judged };
  }

  /** Lets fronts run over the foreground from the nuclei, slowly where cells part, until that of the center is through. */
  #spread(center: number): void {
    const { height, width, pixels, level, relief } = this.#work;
    const { dark, edge, dimmest } = SEEDED.slowness;
    const mask = this.#bytes.fill(0);
    this.#foreground.label(mask, 1);
    for (let y = 0, i = 0; y < height; y++) {
      const above = y > 0 ? -width : 0;
      const below = y < height - 1 ? width : 0;
      for (let x = 0; x < width; x++, i++) {
        if (mask[i] === 0) continue;
        const right = level[x < width - 1 ? i + 1 : i];
        const left = level[x > 0 ? i - 1 : i];
        const gradient = length(level[i + below] - level[i + above], right - left) / 2;
        relief[i] = (1 + (edge * gradient) ** 2) / Math.max(dimmest, level[i]) ** dark;
      }
    }
    propagate(relief.subarray(0, pixels), mask, height, width, this.#labels, this.#fronts, center);
  }

  /** Finds the center cell without its spurs, in one piece with its nucleus. */
  #takeCenter(center: number): void {
    const own = this.#own.equal(this.#labels, center);
    fillHoles(own);
    open(own, SEEDED.spur * this.diameter);
    const piece = this.#piece.equal(this.#seeds, center);
    flood(piece, own.or(piece));
    own.copy(piece);
  }

  /** Writes the other cells: what else is foreground, but specks. */
  #takeOthers(out: Uint8Array): void {
    const { unit } = this.#work;
    const rest = this.#foreground.without(this.#own);
    const least = RECIPE.neighborArea * unit * unit;
    const { data, words, height } = rest;
    const nuclei = this.#own.equal(this.#seeds, 0).complement();
    for (let y = 0, k = 0; y < height; y++)
      for (let w = 0; w < words; w++, k++)
        while (data[k] !== 0) {
          const piece = this.#piece.clear();
          piece.data[k] = data[k] & -data[k];
          flood(piece, rest);
          rest.without(piece);
          if (piece.count() >= least || piece.shared(nuclei) > 0) piece.label(out, NEIGHBOR);
        }
  }
}

/** Distance of the centroid of a label from the middle of the crop, px. */
function offsetOf(labels: Int32Array, label: number, height: number, width: number): number {
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      if (labels[i] === label) {
        area++;
        sumX += x;
        sumY += y;
      }
  return Math.hypot(sumX / area - (width - 1) / 2, sumY / area - (height - 1) / 2);
}

/** Length of a vector, summed as Math.hypot of V8 does it, so that masks do not depend on the engine. */
function length(a: number, b: number): number {
  const y = Math.abs(a);
  const x = Math.abs(b);
  const most = Math.max(y, x);
  return most === 0 ? 0 : Math.sqrt((y / most) * (y / most) + (x / most) * (x / most)) * most;
}
