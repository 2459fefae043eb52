import type { Decoded, NumberType } from "../../files/numbers.ts";

/** An array of numbers on disk that is read by rows (first axis). */
export interface RowArray {
  /** File and, where it holds several arrays, the array in it: for messages. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: NumberType;
  /** Rows that are best read together. */
  readonly batch: number;
  /** Reads rows `from` to `from + count` into `out`, row-major. */
  read(from: number, count: number, out: Decoded): void;
  close(): void;
}

/** Bytes of rows that are read at once: as a rule, and where rows are packed together so that more is read only once. */
const BATCH_BYTES = 1 << 22;
const MOST_BYTES = 1 << 26;

/** Rows of a read: whole pieces of `piece` rows that are packed together, as far as they fit; at least one. */
export function batchRows(rowBytes: number, piece = 1): number {
  const fit = Math.floor(BATCH_BYTES / rowBytes);
  if (fit >= piece) return fit - (fit % piece);
  return Math.max(1, Math.min(piece, Math.floor(MOST_BYTES / rowBytes)));
}

/**
 * Reads an array's rows one by one, a batch at a time: rows are asked for in order, and the last batch is kept.
 * @param make makes the array that the values are read into
 * @returns a view of row `row`, valid until the next call
 */
export function rowReader<Values extends Decoded>(array: RowArray, make: (length: number) => Values) {
  const rows = array.shape[0];
  const size = array.shape.slice(1).reduce((a, b) => a * b, 1);
  const batch = Math.max(1, Math.min(array.batch, rows));
  const held = make(batch * size);
  let start = -1;
  return (row: number): Values => {
    const from = row - (row % batch);
    if (from !== start) {
      const count = Math.min(batch, rows - from);
      start = -1;
      array.read(from, count, held.subarray(0, count * size) as Values);
      start = from;
    }
    return held.subarray((row - start) * size, (row - start + 1) * size) as Values;
  };
}
