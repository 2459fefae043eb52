import { median } from "../core/statistics.ts";
import { StudyError } from "../errors.ts";
import type { CropShape } from "../types.ts";

/** Cell diameter that crops are made for where nothing else is known, px: half the crop's shorter side. */
export function typicalDiameter(height: number, width: number): number {
  return Math.min(height, width) / 2;
}

/** Cell diameter of a set of crops, px: the one it names, else {@link typicalDiameter}. */
export function diameterOf({ height, width, diameter }: Omit<CropShape, "channels">): number {
  return diameter ?? typicalDiameter(height, width);
}

/** Largest factor between the typical diameter and that of the masks up to which crops count as made the usual way. */
const USUAL = 1.25;

/**
 * Cell diameter of crops whose masks are known: the median equivalent diameter of the center cells (`areas`, px2;
 * those of 0 px are no cells). Undefined where it is within a factor of 1.25 of the typical one, which then holds, so
 * that crops made the usual way are judged and filled alike whatever cells a set has; undefined without cells, too.
 */
export function measuredDiameter(
  height: number,
  width: number,
  areas: ArrayLike<number>,
): number | undefined {
  const cells = Float64Array.from(areas).filter((area) => area > 0);
  if (cells.length === 0) return undefined;
  const measured = equivalentDiameter(median(cells));
  const ratio = measured / typicalDiameter(height, width);
  return ratio <= USUAL && ratio >= 1 / USUAL ? undefined : measured;
}

/** Diameter of the disk of some area. */
export function equivalentDiameter(area: number): number {
  return Math.sqrt((4 * area) / Math.PI);
}

/** Smallest cell diameter that a person may give, px. */
const LEAST = 4;

/**
 * Checks a cell diameter that a person gave, px, under the name `called`.
 * @throws StudyError where crops of this size cannot hold such cells
 */
export function checkDiameter(
  diameter: number,
  height: number,
  width: number,
  called = "--diameter",
): number {
  const longest = Math.min(height, width);
  if (!(diameter >= LEAST && diameter <= longest))
    throw new StudyError(
      `${called} is ${diameter}; ${LEAST} to ${longest} px is accepted for crops of ${height} x ${width}`,
    );
  return diameter;
}
