import { SETTINGS } from "../settings.ts";
import type { CompositeColumns, PredictionColumns } from "./filter.ts";

const CELL_FREE = SETTINGS.indexOf("cell-free");
const DIFFERENT = SETTINGS.indexOf("different");

/** Rows of every cell: those of cell c are `rowsOf[starts[c]]` to `rowsOf[starts[c + 1] - 1]`. */
export interface CellRows {
  readonly rowsOf: Int32Array;
  readonly starts: Int32Array;
}

/**
 * For every composite in `different` the row of the same cell in `cell-free` on the same donor, which differs by the
 * neighbors alone; -1 for all other rows.
 */
export function withoutNeighbors(
  { setting, background, donor }: CompositeColumns,
  { rowsOf, starts }: CellRows,
): Int32Array {
  const out = new Int32Array(setting.length).fill(-1);
  const free = new Map<number, number>();
  for (let c = 0; c + 1 < starts.length; c++) {
    free.clear();
    for (let i = starts[c]; i < starts[c + 1]; i++)
      if (setting[rowsOf[i]] === CELL_FREE) free.set(background[rowsOf[i]], rowsOf[i]);
    if (free.size === 0) continue;
    for (let i = starts[c]; i < starts[c + 1]; i++) {
      const row = rowsOf[i];
      const partner = setting[row] === DIFFERENT ? free.get(background[row]) : undefined;
      if (partner !== undefined && donor[partner] === donor[row]) out[row] = partner;
    }
  }
  return out;
}

/**
 * What foreign neighbors alone do to a composite's margin: that in `different` less that in `cell-free` on the same
 * donor. NaN for other settings, and where either is not predicted.
 */
export function neighborInfluence(
  composites: CompositeColumns,
  rows: CellRows,
  { margin }: Pick<PredictionColumns, "margin">,
): Float32Array {
  const partner = withoutNeighbors(composites, rows);
  return Float32Array.from(partner, (other, row) => (other < 0 ? Number.NaN : margin[row] - margin[other]));
}
