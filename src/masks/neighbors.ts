import { connectedComponents } from "../image/components.ts";
import { distanceTransform } from "../image/distance.ts";
import { CENTER, NEIGHBOR } from "../types.ts";

/** What a label mask shows of the cells around the center cell. */
export interface NeighborMeasures {
  /** Connected pieces (four neighbors); cells that touch each other are one. */
  readonly count: number;
  /** Share of the crop that they cover, 0 to 1. */
  readonly area: number;
}

const scratch = { mask: new Uint8Array(0), labels: new Int32Array(0), distance: new Float32Array(0) };

/** Counts and measures the neighbors in a label mask (height x width; 0 background, 1 center cell, 2 other cells). */
export function measureNeighbors(mask: Uint8Array, height: number, width: number): NeighborMeasures {
  const pixels = height * width;
  if (scratch.mask.length !== pixels) {
    scratch.mask = new Uint8Array(pixels);
    scratch.labels = new Int32Array(pixels);
  }
  let area = 0;
  for (let p = 0; p < pixels; p++) area += scratch.mask[p] = mask[p] === NEIGHBOR ? 1 : 0;
  const count = area === 0 ? 0 : connectedComponents(scratch.mask, height, width, scratch.labels);
  return { count, area: area / pixels };
}

/**
 * Distance, px, from the center cell to the nearest pixel of another cell, between pixel centers (1: they touch); NaN
 * where a crop lacks either.
 */
export function nearestNeighbor(mask: Uint8Array, height: number, width: number): number {
  const pixels = height * width;
  if (scratch.distance.length !== pixels) scratch.distance = new Float32Array(pixels);
  distanceTransform(mask, height, width, scratch.distance, CENTER);
  let nearest = Number.POSITIVE_INFINITY;
  for (let p = 0; p < pixels; p++)
    if (mask[p] === NEIGHBOR && scratch.distance[p] < nearest) nearest = scratch.distance[p];
  return Number.isFinite(nearest) ? nearest : Number.NaN;
}
