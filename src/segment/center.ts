import { quantileSorted } from "../core/statistics.ts";
import { distanceTransform } from "../image/distance.ts";
import { gaussianBlur } from "../image/gauss.ts";
import { close, open } from "../image/morphology.ts";
import { watershed } from "../image/watershed.ts";
import { type Judgment, judgeMask } from "../masks/verdict.ts";
import { CENTER } from "../types.ts";
import { RECIPE } from "./recipe.ts";
import { bareSeam } from "./seam.ts";
import type { Workspace } from "./workspace.ts";

/** What the search for a center cell ended with. */
export interface CenterSearch {
  /** 1 on the center cell; undefined where none was found. */
  readonly mask: Uint8Array | undefined;
  /** Level that the foreground was cut at, 0..1. */
  readonly threshold: number;
}

/**
 * Finds the cell in the middle of a crop. Thresholds and split depths are tried in the order of the recipe; the
 * first cell that is compact, central and free of the border is taken, otherwise the one with the best score.
 * `threshold` is the crop's own, see {@link segmentCrop}. `diameter` in px.
 */
export function findCenter(work: Workspace, threshold: number, diameter: number): CenterSearch {
  let best: { score: number; mask: Uint8Array; cut: number } | undefined;
  const foreground = work.mask();
  const cells = new Int32Array(work.pixels);
  for (const [attempt, factor] of RECIPE.factors.entries()) {
    for (let i = 0; i < work.pixels; i++) foreground[i] = work.level[i] > threshold * factor ? 1 : 0;
    work.clean(foreground, RECIPE.bridge);
    work.relieve(foreground);
    let known = -1;
    for (const depth of RECIPE.depths) {
      const count = work.split(foreground, depth, cells, known);
      if (count === known) continue;
      known = count;
      const mask = candidate(work, cells, threshold, factor);
      if (mask === undefined) continue;
      const judged = judgeMask(mask, work.height, work.width, diameter);
      const bare = bareSeam(work, mask, threshold);
      const score = rate(judged, work.unit) - RECIPE.seam.weight * bare - 0.01 * attempt;
      if (best === undefined || score > best.score) best = { score, mask, cut: threshold * factor };
      if (bare <= RECIPE.seam.bare && isGood(judged, work.unit))
        return finish(work, mask, threshold, threshold * factor);
    }
  }
  if (best === undefined) return { mask: undefined, threshold };
  return finish(work, best.mask, threshold, best.cut);
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

/** The center cell among `cells` without its dim rim; found at a raised threshold, grown back to where it ends. */
function candidate(
  work: Workspace,
  cells: Int32Array,
  threshold: number,
  factor: number,
): Uint8Array | undefined {
  const { level, pixels, height, width, growth } = work;
  const center = work.central(cells, RECIPE.windowShare);
  if (center === 0) return undefined;
  const inside: number[] = [];
  for (let i = 0; i < pixels; i++) if (cells[i] === center) inside.push(level[i] * level[i]);
  const rim = Math.sqrt(RECIPE.rim * quantileSorted(Float64Array.from(inside).sort(), 0.75));
  const mask = work.mask();
  for (let i = 0; i < pixels; i++) mask[i] = cells[i] === center && level[i] > rim ? CENTER : 0;
  work.clean(mask, RECIPE.spur);
  if (!work.keepCentral(mask)) return undefined;
  if (factor <= 1) return mask;

  // Found at a raised threshold, the cell has lost its rim: it grows back, against the others, to where it ends.
  const end = Math.max(threshold, rim);
  const base = work.mask();
  for (let i = 0; i < pixels; i++) base[i] = level[i] > end ? 1 : 0;
  work.clean(base, RECIPE.bridge);
  distanceTransform(mask, height, width, work.distance, CENTER);
  const labels = new Int32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    if (mask[i] === CENTER) base[i] = 1;
    labels[i] = mask[i] === CENTER ? 1 : cells[i] > 0 && cells[i] !== center ? 2 : 0;
  }
  gaussianBlur(level, height, width, RECIPE.growthSmoothing * work.unit, growth, work.scratch);
  for (let i = 0; i < pixels; i++) growth[i] = -growth[i];
  watershed(growth, base, height, width, labels, work.flood);
  const grown = work.mask();
  for (let i = 0; i < pixels; i++)
    grown[i] = labels[i] === 1 && work.distance[i] <= RECIPE.growth * work.unit ? CENTER : 0;
  work.clean(grown, RECIPE.spur);
  return work.keepCentral(grown) ? grown : mask;
}

/** Closes open vacuoles, but not into the territory of another cell. */
function finish(work: Workspace, mask: Uint8Array, threshold: number, cut: number): CenterSearch {
  const { level, pixels, height, width, unit } = work;
  const foreground = work.mask();
  for (let i = 0; i < pixels; i++) foreground[i] = level[i] > cut || mask[i] === CENTER ? 1 : 0;
  work.clean(foreground, RECIPE.bridge);
  const cells = new Int32Array(pixels);
  work.relieve(foreground);
  work.split(foreground, RECIPE.depths[0], cells);
  const center = work.central(cells, RECIPE.windowShare);
  const others = work.mask();
  for (let i = 0; i < pixels; i++)
    others[i] = cells[i] > 0 && cells[i] !== center && level[i] > threshold ? 1 : 0;
  open(others, height, width, RECIPE.spur * unit, work.scratch);

  const margin = Math.ceil(RECIPE.vacuole * unit) + 1;
  const wide = width + 2 * margin;
  const padded = new Uint8Array((height + 2 * margin) * wide);
  for (let y = 0; y < height; y++)
    padded.set(mask.subarray(y * width, (y + 1) * width), (y + margin) * wide + margin);
  close(padded, height + 2 * margin, wide, RECIPE.vacuole * unit, new Float64Array(padded.length));
  const gap = work.mask();
  let area = 0;
  for (let i = 0; i < pixels; i++) {
    const y = Math.floor(i / width);
    const closed = padded[(y + margin) * wide + margin + i - y * width];
    gap[i] = closed === 1 && mask[i] === 0 && others[i] === 0 ? 1 : 0;
    area += mask[i];
  }
  open(gap, height, width, unit, work.scratch);
  const added = gap.reduce((sum, v) => sum + v, 0);
  if (added <= RECIPE.vacuoleShare * area) {
    for (let i = 0; i < pixels; i++) if (gap[i] === 1) mask[i] = CENTER;
    work.clean(mask, 0);
  }
  return { mask, threshold };
}
