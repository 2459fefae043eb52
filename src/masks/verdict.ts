import { hullPixels } from "../image/hull.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";

/**
 * What a usable mask looks like. Lengths are in units of the cell diameter that crops of this set are made for, so
 * that the limits mean the same in crops of any size; the values in brackets are for 64 px crops of 32 px cells.
 */
export const LIMITS = {
  /** Smallest equivalent diameter of the center cell: less is debris, a bud alone or a piece of a cell (13.9 px, 151 px2). */
  minDiameter: 0.433,
  /** Largest equivalent diameter: more is several cells taken for one (55 px, 2,381 px2). */
  maxDiameter: 1.72,
  /** Smallest share of its convex hull that the cell fills. Yeast is convex, with a bud it stays above 0.9. */
  minSolidity: 0.9,
  /** Largest distance of the cell's centroid from the center of the crop: more is another cell than the one cropped (6 px). */
  maxOffset: 0.1875,
} as const;

/** Cell diameter that crops are made for where nothing else is known, px: half the crop's shorter side. */
export function typicalDiameter(height: number, width: number): number {
  return Math.min(height, width) / 2;
}

export interface Judgment {
  /** `ok`, or why the cell is left out, `;` between reasons. */
  readonly verdict: string;
  /** Columns of `quality.csv` by name. */
  readonly measures: Record<string, number>;
}

/** Names of the measures, in the order of `quality.csv`. */
export const MEASURES = [
  "Quality_CenterArea",
  "Quality_NeighborArea",
  "Quality_BackgroundArea",
  "Quality_Solidity",
  "Quality_Offset",
  "Quality_Border",
] as const;

/**
 * Judges a label mask (height x width; 0 background, 1 center cell, 2 other cells) of a crop made for cells of
 * `diameter` px. Reasons: `empty` (no label at all), `no-center` (labels, but no 1), `small`, `large`, `border` (the
 * center cell touches the crop's edge, so part of it is missing), `ragged` (solidity), `off-center`, `no-background`
 * (every pixel belongs to a cell). Measures: areas in px2, solidity 0..1, offset of the centroid in px, and the
 * number of the center cell's pixels on the crop's edge. Solidity and offset are 0 without a center cell.
 */
export function judgeMask(
  mask: Uint8Array,
  height: number,
  width: number,
  diameter: number = typicalDiameter(height, width),
): Judgment {
  if (mask.length !== height * width)
    throw new RangeError(`mask has ${mask.length} pixels, expected ${height} x ${width}`);
  let area = 0;
  let neighbors = 0;
  let background = 0;
  let edge = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      if (mask[i] === CENTER) {
        area++;
        sumX += x;
        sumY += y;
        if (x === 0 || y === 0 || x === width - 1 || y === height - 1) edge++;
      } else if (mask[i] === NEIGHBOR) neighbors++;
      else if (mask[i] === BACKGROUND) background++;
  const solidity = area === 0 ? 0 : area / hullPixels(mask, height, width, CENTER);
  const offset = area === 0 ? 0 : Math.hypot(sumX / area - (width - 1) / 2, sumY / area - (height - 1) / 2);
  const equivalent = Math.sqrt((4 * area) / Math.PI);
  const reasons: string[] = [];
  if (area === 0) reasons.push(neighbors === 0 ? "empty" : "no-center");
  else {
    if (equivalent < LIMITS.minDiameter * diameter) reasons.push("small");
    if (equivalent > LIMITS.maxDiameter * diameter) reasons.push("large");
    if (edge > 0) reasons.push("border");
    if (solidity < LIMITS.minSolidity) reasons.push("ragged");
    if (offset > LIMITS.maxOffset * diameter) reasons.push("off-center");
    if (background === 0) reasons.push("no-background");
  }
  return {
    verdict: reasons.length === 0 ? "ok" : reasons.join(";"),
    measures: {
      Quality_CenterArea: area,
      Quality_NeighborArea: neighbors,
      Quality_BackgroundArea: background,
      Quality_Solidity: solidity,
      Quality_Offset: offset,
      Quality_Border: edge,
    },
  };
}
