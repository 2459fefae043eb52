import { connectedComponents } from "../image/components.ts";
import { distanceTransform } from "../image/distance.ts";
import { dilate, open } from "../image/morphology.ts";
import { CENTER, NEIGHBOR } from "../types.ts";
import { RECIPE } from "./recipe.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Labels the other cells of a crop: foreground outside the center cell at the crop's `threshold`, and dim cells at a
 * share of the field's. `mask` holds the center cell (1) and is given the neighbors (2); the center is not touched.
 */
export function labelNeighbors(
  work: Workspace,
  threshold: number,
  fieldThreshold: number,
  mask: Uint8Array,
): void {
  const { level, pixels, height, width, unit, distance, pieces } = work;
  const others = work.mask();
  const dim = work.mask();
  const dimLevel = Math.min(threshold, RECIPE.dim.share * fieldThreshold);
  distanceTransform(mask, height, width, distance, CENTER);
  for (let i = 0; i < pixels; i++) {
    others[i] = level[i] > threshold || mask[i] === CENTER ? 1 : 0;
    dim[i] = level[i] > dimLevel && distance[i] > RECIPE.dim.distance * unit ? 1 : 0;
  }
  work.clean(others, RECIPE.bridge);
  open(dim, height, width, RECIPE.dim.disk * unit, work.scratch);
  for (let i = 0; i < pixels; i++)
    others[i] = mask[i] !== CENTER && (others[i] === 1 || dim[i] === 1) ? 1 : 0;
  dropRim(work, others);
  const count = connectedComponents(others, height, width, pieces);
  const area = new Float64Array(count + 1);
  const reach = new Float64Array(count + 1);
  for (let i = 0; i < pixels; i++) {
    const piece = pieces[i];
    area[piece]++;
    if (distance[i] > reach[piece]) reach[piece] = distance[i];
  }
  for (let i = 0; i < pixels; i++) {
    if (mask[i] === CENTER) continue;
    const piece = pieces[i];
    const isCell =
      piece > 0 &&
      area[piece] >= RECIPE.neighborArea * unit * unit &&
      reach[piece] > RECIPE.neighborReach * unit;
    mask[i] = isCell ? NEIGHBOR : 0;
  }
}

/** Removes what is too thin to be a cell (the center cell's own rim, below its threshold), and only that. */
function dropRim(work: Workspace, others: Uint8Array): void {
  const { height, width, unit, scratch } = work;
  const thick = others.slice();
  open(thick, height, width, RECIPE.bridge * unit, scratch);
  dilate(thick, height, width, RECIPE.bridge * unit, scratch);
  for (let i = 0; i < others.length; i++) others[i] &= thick[i];
}
