import { type Filtered, isFlipped } from "./filter.ts";

/** A composite of a cell that is called otherwise than the cell's original. */
export interface FlippedStep {
  readonly row: number;
  /** Place among the flipped cells, from 0, and how many there are. */
  readonly place: number;
  readonly count: number;
}

/** The first flipped composite of every cell among `rows`, in their order. */
export function flippedCells(rows: Int32Array, of: Filtered): Int32Array {
  const called = of.predictions?.prediction;
  if (called === undefined) return new Int32Array(0);
  const { cell } = of.composites;
  const seen = new Uint8Array(of.cells.id.length);
  const out = new Int32Array(rows.length);
  let n = 0;
  for (const row of rows) {
    if (seen[cell[row]] === 1 || !isFlipped(row, of, called)) continue;
    seen[cell[row]] = 1;
    out[n++] = row;
  }
  return out.slice(0, n);
}

/**
 * The flipped cell after (or before) the one that is looked at; the first (or last) where that is none of them. Null at
 * the end, and where nothing flipped.
 *
 * @param flipped see {@link flippedCells}
 * @param cell row of the store, -1 for none
 */
export function stepFlipped(
  flipped: Int32Array,
  cellOf: Int32Array,
  cell: number,
  by: 1 | -1,
): FlippedStep | null {
  const at = flipped.findIndex((row) => cellOf[row] === cell);
  const place = at >= 0 ? at + by : by > 0 ? 0 : flipped.length - 1;
  return place < 0 || place >= flipped.length ? null : { row: flipped[place], place, count: flipped.length };
}
