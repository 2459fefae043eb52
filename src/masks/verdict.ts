import { hullPixels } from "../image/hull.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";
import { equivalentDiameter, typicalDiameter } from "./diameter.ts";

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

export interface Judgment {
  /** `ok`, or why the cell is left out, `;` between reasons. */
  readonly verdict: string;
  /** Columns of `quality.csv` by name. */
  readonly measures: Measures;
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

export type Measures = Readonly<Record<(typeof MEASURES)[number], number>> & Readonly<Record<string, number>>;

/**
 * Reasons that are limits, which a study may lift ({@link verdictOf}); the others say that there is no cell, no medium
 * or no picture.
 */
export const LIFTABLE = ["small", "large", "border", "ragged", "off-center"] as const;
export type Liftable = (typeof LIFTABLE)[number];

/** Whether a cell is used: its verdict is `ok`, or gives no reason but those that are `allowed`. */
export function passes(verdict: string, allowed: readonly string[] = []): boolean {
  return verdict === "ok" || (allowed.length > 0 && verdict.split(";").every((why) => allowed.includes(why)));
}

/** Share of the cells that limits alone leave out, from which on they are many. */
const MANY = 0.1;

/** The limits that leave out cells by themselves, most frequent first, where these are more than a tenth; else none. */
export function worthLifting(verdicts: readonly string[]): Liftable[] {
  const held = verdicts.filter((v) => v !== "ok" && passes(v, LIFTABLE));
  if (held.length <= MANY * verdicts.length) return [];
  const count = (why: string) => held.reduce((n, v) => n + (v.split(";").includes(why) ? 1 : 0), 0);
  return LIFTABLE.filter((why) => count(why) > 0).sort((a, b) => count(b) - count(a));
}

/**
 * Judges a label mask (height x width; 0 background, 1 center cell, 2 other cells) of a crop made for cells of
 * `diameter` px: {@link measureMask}, then {@link verdictOf}.
 */
export function judgeMask(
  mask: Uint8Array,
  height: number,
  width: number,
  diameter: number = typicalDiameter(height, width),
): Judgment {
  const measures = measureMask(mask, height, width);
  return { verdict: verdictOf(measures, diameter), measures };
}

const FOUR_CENTERS = 0x01010101;

/**
 * Measures a label mask: areas in px2, solidity 0..1, offset of the centroid from the middle of the crop in px, and the
 * number of the center cell's pixels on the crop's edge. Solidity and offset are 0 without a center cell.
 */
export function measureMask(mask: Uint8Array, height: number, width: number): Measures {
  if (mask.length !== height * width)
    throw new RangeError(`mask has ${mask.length} pixels, expected ${height} x ${width}`);
  const inFours = width % 4 === 0 && mask.byteOffset % 4 === 0;
  const words = inFours ? new Uint32Array(mask.buffer, mask.byteOffset, (height * width) / 4) : null;
  let area = 0;
  let neighbors = 0;
  let others = 0;
  let edge = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let own = 0;
    for (let x = 0; x < width; x++) {
      if (words !== null && (x & 3) === 0) {
        const four = words[(row + x) >> 2];
        if (four === 0 || four === FOUR_CENTERS) {
          if (four !== 0) {
            own += 4;
            sumX += 4 * x + 6;
          }
          x += 3;
          continue;
        }
      }
      const label = mask[row + x];
      if (label === BACKGROUND) continue;
      if (label === CENTER) {
        own++;
        sumX += x;
      } else if (label === NEIGHBOR) neighbors++;
      else others++;
    }
    area += own;
    sumY += own * y;
    if (y === 0 || y === height - 1) edge += own;
    else if (own > 0)
      edge += (mask[row] === CENTER ? 1 : 0) + (width > 1 && mask[row + width - 1] === CENTER ? 1 : 0);
  }
  const background = height * width - area - neighbors - others;
  return {
    Quality_CenterArea: area,
    Quality_NeighborArea: neighbors,
    Quality_BackgroundArea: background,
    Quality_Solidity: area === 0 ? 0 : area / hullPixels(mask, height, width, CENTER),
    Quality_Offset:
      area === 0 ? 0 : Math.hypot(sumX / area - (width - 1) / 2, sumY / area - (height - 1) / 2),
    Quality_Border: edge,
  };
}

/**
 * The verdict on a mask in a crop made for cells of `diameter` px. Reasons: `empty` (no label at all), `no-center`
 * (labels, but no 1), `small`, `large`, `border` (the center cell touches the crop's edge, so part of it may be
 * missing), `ragged` (solidity; `minSolidity` is another limit, for cells that are not convex), `off-center`,
 * `no-background` (every pixel belongs to a cell).
 */
export function verdictOf(
  measures: Measures,
  diameter: number,
  minSolidity: number = LIMITS.minSolidity,
): string {
  const { Quality_CenterArea: area, Quality_NeighborArea: neighbors } = measures;
  if (area === 0) return neighbors === 0 ? "empty" : "no-center";
  const equivalent = equivalentDiameter(area);
  const reasons: string[] = [];
  if (equivalent < LIMITS.minDiameter * diameter) reasons.push("small");
  if (equivalent > LIMITS.maxDiameter * diameter) reasons.push("large");
  if (measures.Quality_Border > 0) reasons.push("border");
  if (measures.Quality_Solidity < minSolidity) reasons.push("ragged");
  if (measures.Quality_Offset > LIMITS.maxOffset * diameter) reasons.push("off-center");
  if (measures.Quality_BackgroundArea === 0) reasons.push("no-background");
  return reasons.length === 0 ? "ok" : reasons.join(";");
}
