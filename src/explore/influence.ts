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
  let most = 0;
  for (let row = 0; row < background.length; row++) if (background[row] > most) most = background[row];
  // By class of the background, -1 included.
  const free = new Int32Array(most + 2).fill(-1);
  for (let c = 0; c + 1 < starts.length; c++) {
    const [start, end] = [starts[c], starts[c + 1]];
    for (let i = start; i < end; i++) {
      const row = rowsOf[i];
      if (setting[row] === CELL_FREE) free[background[row] + 1] = row;
    }
    for (let i = start; i < end; i++) {
      const row = rowsOf[i];
      const partner = setting[row] === DIFFERENT ? free[background[row] + 1] : -1;
      if (partner >= 0 && donor[partner] === donor[row]) out[row] = partner;
    }
    for (let i = start; i < end; i++) free[background[rowsOf[i]] + 1] = -1;
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
  const out = new Float32Array(partner.length).fill(Number.NaN);
  for (let row = 0; row < out.length; row++)
    if (partner[row] >= 0) out[row] = margin[row] - margin[partner[row]];
  return out;
}
