import { DataError } from "../../errors.ts";
import type { PlaneValues } from "../../image/planes.ts";

/** Which nuclei belong to which cell. */
export interface NucleusMatch {
  /** Number of nuclei by the label of their cell; cells without one are not listed. */
  readonly perCell: ReadonlyMap<number, number>;
  /** Nuclei that no cell covers. */
  readonly outside: number;
}

/** Most pairs of a nucleus and what it overlaps with. */
const MOST_PAIRS = 1 << 20;

/**
 * Gives every nucleus to the cell that covers most of its pixels, of equal ones to the smaller label. Both label images
 * have one size.
 * @throws DataError where nuclei and cells overlap in so many ways that they are no labels
 */
export function matchNuclei(cells: PlaneValues, nuclei: PlaneValues, path: string): NucleusMatch {
  let pairs = 0;
  const overlaps = new Map<number, Map<number, number>>();
  for (let p = 0; p < nuclei.length; ) {
    const nucleus = nuclei[p];
    const cell = cells[p];
    let end = p + 1;
    while (end < nuclei.length && nuclei[end] === nucleus && cells[end] === cell) end++;
    if (nucleus !== 0) {
      let found = overlaps.get(nucleus);
      if (found === undefined) overlaps.set(nucleus, (found = new Map()));
      const before = found.get(cell);
      if (before === undefined && ++pairs > MOST_PAIRS)
        throw new DataError(
          `overlaps with the labels of the cells in more than ${MOST_PAIRS} ways: it is no label image of nuclei`,
          { path },
        );
      found.set(cell, (before ?? 0) + end - p);
    }
    p = end;
  }
  const perCell = new Map<number, number>();
  let outside = 0;
  for (const found of overlaps.values()) {
    let owner = 0;
    let most = 0;
    for (const [cell, pixels] of found)
      if (cell !== 0 && (pixels > most || (pixels === most && cell < owner))) [owner, most] = [cell, pixels];
    if (owner === 0) outside++;
    else perCell.set(owner, (perCell.get(owner) ?? 0) + 1);
  }
  return { perCell, outside };
}
