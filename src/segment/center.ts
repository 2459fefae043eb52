import { quantileInPlace } from "../core/statistics.ts";
import { BitMask } from "../image/bit-mask.ts";
import { fillHoles } from "../image/flood.ts";
import { gaussianBlur } from "../image/gauss.ts";
import { close, open, reach } from "../image/morphology.ts";
import { WatershedScratch, watershed } from "../image/watershed.ts";
import { type Judgment, judgeMask } from "../masks/verdict.ts";
import { CENTER } from "../types.ts";
import { MiddleCells } from "./cells.ts";
import { RECIPE } from "./recipe.ts";
import { bareSeam } from "./seam.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Finds the cell in the middle of crops, one after the other. Thresholds and split depths are tried in the order of the
 * recipe; the first cell that is compact, central and free of the border is taken, otherwise the one with the best score.
 */
export class CenterSearch {
  readonly #work: Workspace;
  readonly #diameter: number;
  readonly #cells: MiddleCells;
  readonly #foreground: BitMask;
  readonly #base: BitMask;
  readonly #near: BitMask;
  readonly #best: BitMask;
  /** The candidate at hand, its pixels and their levels. */
  readonly #mask: BitMask;
  readonly #labels: Uint8Array;
  readonly #pixels: Int32Array;
  readonly #inside: Float64Array;
  /** Levels that growth follows, upside down; those of the crop at hand once it is asked for. */
  readonly #growth: Float64Array;
  #hasGrowth = false;
  readonly #spread: Int32Array;
  readonly #flood: WatershedScratch;
  /** Where vacuoles are closed: with a margin, so that the crop's edge closes nothing. */
  readonly #margin: number;
  readonly #padded: BitMask;

  /** `diameter` in px. */
  constructor(work: Workspace, diameter: number) {
    const { pixels, height, width, unit } = work;
    this.#work = work;
    this.#diameter = diameter;
    this.#cells = new MiddleCells(work);
    this.#foreground = work.mask();
    this.#base = work.mask();
    this.#near = work.mask();
    this.#best = work.mask();
    this.#mask = work.mask();
    this.#labels = new Uint8Array(pixels);
    this.#pixels = new Int32Array(pixels);
    this.#inside = new Float64Array(pixels);
    this.#growth = new Float64Array(pixels);
    this.#spread = new Int32Array(pixels);
    this.#flood = new WatershedScratch(pixels);
    this.#margin = Math.ceil(RECIPE.vacuole * unit) + 1;
    this.#padded = new BitMask(height + 2 * this.#margin, width + 2 * this.#margin);
  }

  /**
   * The center cell of the crop whose levels are in the workspace, until the next call; undefined where none is found.
   * `threshold` is the crop's own, see {@link Segmenter}.
   */
  find(threshold: number): BitMask | undefined {
    const work = this.#work;
    let best: { score: number; cut: number } | undefined;
    this.#hasGrowth = false;
    for (const [attempt, factor] of RECIPE.factors.entries()) {
      const cut = threshold * factor;
      work.clean(this.#foreground.above(work.level, cut), RECIPE.bridge);
      if (!this.#cells.load(this.#foreground)) continue;
      for (const depth of RECIPE.depths) {
        if (!this.#cells.split(depth) || !this.#candidate(threshold, factor > 1)) continue;
        this.#labels.fill(0);
        this.#mask.label(this.#labels, CENTER);
        const judged = judgeMask(this.#labels, work.height, work.width, this.#diameter);
        const good = isGood(judged, work.unit);
        const most = rate(judged, work.unit) - 0.01 * attempt;
        // Bare seams only lower the score.
        if (!good && best !== undefined && most <= best.score) continue;
        const bare = bareSeam(work, this.#labels, threshold);
        const score = rate(judged, work.unit) - RECIPE.seam.weight * bare - 0.01 * attempt;
        if (best === undefined || score > best.score) {
          best = { score, cut };
          this.#best.copy(this.#mask);
        }
        if (bare <= RECIPE.seam.bare && good) return this.#finish(this.#mask, threshold, cut);
      }
    }
    return best === undefined ? undefined : this.#finish(this.#best, threshold, best.cut);
  }

  /**
   * Makes the center cell of the {@link MiddleCells} the candidate, without its dim rim; found at a raised threshold,
   * grown back to where it ends. False where nothing of it is left.
   */
  #candidate(threshold: number, raised: boolean): boolean {
    const work = this.#work;
    const { level } = work;
    const mask = this.#mask;
    const count = this.#cells.center.pixels(this.#pixels);
    const inside = this.#inside.subarray(0, count);
    for (let k = 0; k < count; k++) inside[k] = level[this.#pixels[k]] * level[this.#pixels[k]];
    const rim = Math.sqrt(RECIPE.rim * quantileInPlace(inside, 0.75));
    work.clean(mask.above(level, rim).and(this.#cells.center), RECIPE.spur);
    if (!work.keepCentral(mask)) return false;
    if (raised) this.#grow(Math.max(threshold, rim));
    return true;
  }

  /** Found at a raised threshold, the cell has lost its rim: it grows back, against the others, to where it ends. */
  #grow(end: number): void {
    const work = this.#work;
    const { level, height, width, unit } = work;
    const [mask, base, near] = [this.#mask, this.#base, this.#near];
    work.clean(base.above(level, end), RECIPE.bridge);
    base.or(mask);
    if (!this.#hasGrowth) {
      const growth = this.#growth;
      gaussianBlur(level, height, width, RECIPE.growthSmoothing * unit, growth, work.scratch);
      for (let i = 0; i < growth.length; i++) growth[i] = -growth[i];
      this.#hasGrowth = true;
    }
    this.#spread.fill(0);
    this.#labels.fill(0);
    this.#cells.others.label(this.#spread, 2);
    mask.label(this.#spread, 1);
    base.label(this.#labels, 1);
    watershed(this.#growth, this.#labels, height, width, this.#spread, this.#flood, 1);
    reach(near.copy(mask), RECIPE.growth * unit);
    work.clean(base.equal(this.#spread, 1).and(near), RECIPE.spur);
    if (work.keepCentral(base)) mask.copy(base);
  }

  /** Closes open vacuoles, but not into the territory of another cell. */
  #finish(mask: BitMask, threshold: number, cut: number): BitMask {
    const work = this.#work;
    const { unit, height, width } = work;
    const [margin, padded, gap] = [this.#margin, this.#padded.clear(), this.#near.clear()];
    const count = mask.pixels(this.#pixels);
    for (let k = 0; k < count; k++) {
      const y = Math.floor(this.#pixels[k] / width);
      padded.set(y + margin, this.#pixels[k] - y * width + margin);
    }
    close(padded, RECIPE.vacuole * unit);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) if (padded.get(y + margin, x + margin) === 1) gap.set(y, x);
    gap.without(mask);
    // What no disk fits into is not closed, whosever territory it is.
    open(this.#base.copy(gap), unit);
    if (!this.#base.isEmpty()) {
      gap.without(this.#territory(mask, threshold, cut));
      open(gap, unit);
      if (gap.count() > RECIPE.vacuoleShare * count) return mask;
      mask.or(gap);
    }
    fillHoles(mask);
    return mask;
  }

  /** Where other cells are. */
  #territory(mask: BitMask, threshold: number, cut: number): BitMask {
    const work = this.#work;
    work.clean(this.#foreground.above(work.level, cut).or(mask), RECIPE.bridge);
    this.#cells.load(this.#foreground);
    this.#cells.split(RECIPE.depths[0]);
    const others = this.#base.above(work.level, threshold).and(this.#cells.others);
    open(others, RECIPE.spur * work.unit);
    return others;
  }
}

function isGood({ verdict, measures }: Judgment, unit: number): boolean {
  return (
    !/small|large|border/.test(verdict) &&
    measures.Quality_Solidity >= RECIPE.good.solidity &&
    measures.Quality_Offset <= RECIPE.good.offset * unit
  );
}

/** Solidity less penalties for lying off the center, touching the border and an impossible size. */
function rate({ verdict, measures }: Judgment, unit: number): number {
  return (
    measures.Quality_Solidity -
    0.015 * Math.max(0, measures.Quality_Offset / unit - 3) -
    (verdict.includes("border") ? 0.08 : 0) -
    (/small|large/.test(verdict) ? 0.3 : 0)
  );
}
