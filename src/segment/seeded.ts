import { connectedComponents, fillHoles } from "../image/components.ts";
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
  readonly #fronts: PropagationScratch;

  /** `diameter`: typical diameter of a cell, px. */
  constructor(height: number, width: number, diameter: number) {
    this.diameter = diameter;
    this.#nuclei = new Workspace(height, width, SEEDED.nucleus * diameter);
    this.#work = new Workspace(height, width, diameter);
    this.#labels = new Int32Array(height * width);
    this.#fronts = new PropagationScratch(height * width);
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
    const labels = this.#labels;
    const { height, width, pixels, level, scratch } = work;
    findNuclei(this.#nuclei, channels.nuclei, fields.nuclei, labels);
    const nuclei = labels.slice();
    const center = centralNucleus(nuclei, height, width);
    levels(channels.cells, height, width, cellSmoothing(this.diameter), fields.cells, level, scratch);
    const { threshold } = fields.cells;
    const foreground = work.mask();
    for (let i = 0; i < pixels; i++) foreground[i] = level[i] > threshold || nuclei[i] > 0 ? 1 : 0;
    this.#spread(foreground, labels);
    out.fill(BACKGROUND);
    if (center > 0) this.#takeCenter(center, nuclei, out);
    this.#takeOthers(foreground, nuclei, out);
    const measures = measureMask(out, height, width);
    const offset = Math.min(
      measures.Quality_Offset,
      center > 0 ? offsetOf(nuclei, center, height, width) : Infinity,
    );
    const judged = { ...measures, Quality_Offset: offset };
    return { verdict: verdictOf(judged, this.diameter, 0), measures: judged };
  }

  /** Lets fronts run over the foreground from the nuclei in `labels`, slowly where cells part. */
  #spread(foreground: Uint8Array, labels: Int32Array): void {
    const { height, width, pixels, level, relief } = this.#work;
    const { dark, edge, dimmest } = SEEDED.slowness;
    for (let y = 0, i = 0; y < height; y++) {
      const above = y > 0 ? -width : 0;
      const below = y < height - 1 ? width : 0;
      for (let x = 0; x < width; x++, i++) {
        const right = level[x < width - 1 ? i + 1 : i];
        const left = level[x > 0 ? i - 1 : i];
        const gradient = Math.hypot(level[i + below] - level[i + above], right - left) / 2;
        relief[i] = (1 + (edge * gradient) ** 2) / Math.max(dimmest, level[i]) ** dark;
      }
    }
    propagate(relief.subarray(0, pixels), foreground, height, width, labels, this.#fronts);
  }

  /** Writes the center cell without its spurs, in one piece with its nucleus. */
  #takeCenter(center: number, nuclei: Int32Array, out: Uint8Array): void {
    const { height, width, pixels, scratch, pieces } = this.#work;
    const own = Uint8Array.from(this.#labels, (label) => (label === center ? 1 : 0));
    fillHoles(own, height, width);
    open(own, height, width, SEEDED.spur * this.diameter, scratch);
    for (let i = 0; i < pixels; i++) if (nuclei[i] === center) own[i] = 1;
    connectedComponents(own, height, width, pieces);
    const piece = pieces[nuclei.indexOf(center)];
    for (let i = 0; i < pixels; i++) if (pieces[i] === piece) out[i] = CENTER;
  }

  /** Writes the other cells: what else is foreground, but specks. */
  #takeOthers(foreground: Uint8Array, nuclei: Int32Array, out: Uint8Array): void {
    const { height, width, pixels, pieces, unit } = this.#work;
    for (let i = 0; i < pixels; i++) if (out[i] === CENTER) foreground[i] = 0;
    const count = connectedComponents(foreground, height, width, pieces);
    const area = new Float64Array(count + 1);
    for (let i = 0; i < pixels; i++) area[pieces[i]] += nuclei[i] > 0 ? Infinity : 1;
    const least = RECIPE.neighborArea * unit * unit;
    for (let i = 0; i < pixels; i++) if (foreground[i] === 1 && area[pieces[i]] >= least) out[i] = NEIGHBOR;
  }
}

/** Distance of the centroid of a label from the middle of the crop, px. */
function offsetOf(labels: Int32Array, label: number, height: number, width: number): number {
  const mask = Uint8Array.from(labels, (l) => (l === label ? CENTER : BACKGROUND));
  return measureMask(mask, height, width).Quality_Offset;
}
