import { symmetricEigen } from "../core/eigen.ts";
import { StudyError } from "../errors.ts";
import { type AffineMap, mapAround } from "./affine.ts";
import { eachWithinCell, meanOf, roundingOf, Scatter } from "./moments.ts";
import { type ClassRows, mappedDimension } from "./rows.ts";

/** Directions that are projected out where nothing else is asked for; never more than half of the features. */
export const DIRECTIONS = 8;

/**
 * The map that takes out the directions in which the background moves a cell most: the first principal directions of the
 * rows minus their cell's mean over all blocks (nuisance attribute projection; Solomonoff, Campbell & Boardman 2005,
 * ICASSP). The mean of all rows stays where it is, and so does everything where backgrounds add nothing but rounding.
 *
 * @param directions how many, 1 to features - 1; by default {@link DIRECTIONS}, at most half of the features
 * @throws StudyError for another number, for no cells or too many features
 */
export function fitProjection(
  train: readonly ClassRows[],
  options: { readonly directions?: number } = {},
): AffineMap {
  const d = mappedDimension(train, "project");
  const { directions = Math.min(DIRECTIONS, d >> 1) } = options;
  if (!Number.isInteger(directions) || directions < 0 || (directions > 0 && directions >= d))
    throw new StudyError(`cannot project ${directions} directions out of ${d} features; ask for fewer`);
  const scatter = new Scatter(d);
  eachWithinCell(train, (x) => scatter.add(x));
  const { values, vectors } = symmetricEigen(scatter.mean(), d);
  const weights = new Float64Array(d * d);
  for (let i = 0; i < d; i++) weights[i * d + i] = 1;
  const rounding = roundingOf(train, d);
  for (let k = 0; k < directions && values[k] > rounding; k++)
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) weights[i * d + j] -= vectors[k * d + i] * vectors[k * d + j];
  return mapAround(weights, meanOf(train, d));
}
