import { DataError } from "../errors.ts";
import type { Planes, PlaneValues } from "../image/planes.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";
import { looksGray } from "./gray.ts";

/** How far from the crop's center the center cell's label may lie where the center pixel has none, in crop sides. */
const REACH = 1 / 8;

/**
 * Brings one plane of labels to 0 background, 1 center cell, 2 other cells. Taken by its values:
 * - one value besides 0 that is 1 or 255: a binary mask of the center cell;
 * - 0, 1, 2 with no 2 at the center: our own labels, as they are;
 * - else any label image: the label at the center pixel (row height/2, column width/2, rounded down) is the center
 *   cell, or, where that pixel is 0, the label nearest to it within an eighth of the shorter side; all others are
 *   neighbors.
 * @throws DataError where it has several planes, values that are no labels, or gray values ({@link looksGray}).
 */
export function normalizeMask(image: Planes<PlaneValues>, path: string): Uint8Array {
  const { height, width, data } = image;
  if (image.planes !== 1)
    throw new DataError(
      `has ${image.planes} planes, a mask has one; export the labels as a single-channel image`,
      {
        path,
      },
    );
  const values = labelsIn(data, path);
  values.delete(0);
  if (looksGray(data, height, width, values.size))
    throw new DataError(
      `holds an image, no mask: ${values.size} values, most pixels unlike their neighbor; give the file with the labels (0 background, a whole number per cell)`,
      { path },
    );
  let largest = 0;
  for (const value of values) if (value > largest) largest = value;
  const mask = new Uint8Array(height * width);
  if (values.size <= 1 && largest === 1 && data instanceof Uint8Array) return data.slice();
  if (values.size <= 1 && (largest === 1 || largest === 255)) {
    for (let p = 0; p < mask.length; p++) mask[p] = data[p] === 0 ? BACKGROUND : CENTER;
    return mask;
  }
  const middle = data[Math.floor(height / 2) * width + Math.floor(width / 2)];
  if (largest <= 2 && middle !== 2) {
    mask.set(data);
    return mask;
  }
  const center = middle !== 0 ? middle : nearestLabel(data, height, width);
  for (let p = 0; p < mask.length; p++)
    mask[p] = data[p] === 0 ? BACKGROUND : data[p] === center ? CENTER : NEIGHBOR;
  return mask;
}

/** The different values of a plane of labels. @throws DataError where one is no label */
function labelsIn(data: PlaneValues, path: string): Set<number> {
  const values = new Set<number>();
  if (data instanceof Uint8Array) {
    const seen = new Uint8Array(256);
    for (let p = 0; p < data.length; p++) seen[data[p]] = 1;
    for (let value = 0; value < 256; value++) if (seen[value] === 1) values.add(value);
    return values;
  }
  // Labels form patches: most pixels have the value of the one before.
  let last = Number.NaN;
  for (let p = 0; p < data.length; p++) {
    const value = data[p];
    if (value === last) continue;
    if (!Number.isSafeInteger(value) || value < 0)
      throw new DataError(
        `has the value ${value}, masks hold whole numbers${value > 2 ** 53 ? " up to 2^53" : ""} (0 background, 1 center cell, 2 others; or a label per cell; or 0 and 255)`,
        { path },
      );
    values.add(value);
    last = value;
  }
  return values;
}

/** The label nearest to the center pixel (the smaller one of equally near), 0 where none is within reach. */
function nearestLabel(data: PlaneValues, height: number, width: number): number {
  const row = Math.floor(height / 2);
  const column = Math.floor(width / 2);
  const reach = Math.floor(Math.min(height, width) * REACH);
  let best = 0;
  let least = reach * reach + 1;
  for (let y = Math.max(0, row - reach); y <= Math.min(height - 1, row + reach); y++)
    for (let x = Math.max(0, column - reach); x <= Math.min(width - 1, column + reach); x++) {
      const label = data[y * width + x];
      const distance = (y - row) ** 2 + (x - column) ** 2;
      if (label !== 0 && (distance < least || (distance === least && label < best))) {
        least = distance;
        best = label;
      }
    }
  return best;
}
