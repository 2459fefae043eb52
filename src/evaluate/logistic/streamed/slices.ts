/** Rows that are read in pieces. */
export interface RowSource {
  readonly rows: number;
  /** Features per row. */
  readonly dimension: number;
  /** Copies `count` rows from `from` on into `out` (count x dimension). */
  read(from: number, count: number, out: Float32Array): void;
}

/** Slices of the rows at most, and rows of one at least: enough work for many threads, and few gradients to add up. */
export const MOST_SLICES = 64;
const FEWEST_ROWS = 512;

/** Bytes of features that are held in memory; of more, every slice is read anew whenever it is needed. */
export const HELD_BYTES = 2 ** 28;

/** Rows of all slices but the last; hangs on the number of rows alone, so that sums do not hang on threads. */
export function sliceRows(rows: number): number {
  return Math.max(FEWEST_ROWS, Math.ceil(rows / MOST_SLICES));
}

/** The rows of a source by slices, in memory that threads share: all of them, or a slice for every thread. */
export class Slices {
  readonly source: RowSource;
  readonly count: number;
  readonly #size: number;
  readonly #held: Float32Array | undefined;
  readonly #lanes: Float32Array[] = [];

  /** @param heldBytes more features than that are not held */
  constructor(source: RowSource, heldBytes = HELD_BYTES) {
    const { rows, dimension } = source;
    this.source = source;
    this.#size = sliceRows(rows);
    this.count = Math.ceil(rows / this.#size);
    if (4 * rows * dimension > heldBytes) return;
    this.#held = shared(rows * dimension);
    source.read(0, rows, this.#held);
  }

  /** Whether features are read anew whenever they are needed. */
  get streamed(): boolean {
    return this.#held === undefined;
  }

  /** First row of a slice, and the one behind its last. */
  range(slice: number): [from: number, to: number] {
    return [slice * this.#size, Math.min((slice + 1) * this.#size, this.source.rows)];
  }

  /** Features of a slice, until the same lane is asked for another. */
  read(slice: number, lane: number): Float32Array {
    const { dimension } = this.source;
    const [from, to] = this.range(slice);
    if (this.#held !== undefined) return this.#held.subarray(from * dimension, to * dimension);
    this.#lanes[lane] ??= shared(this.#size * dimension);
    const out = this.#lanes[lane].subarray(0, (to - from) * dimension);
    this.source.read(from, to - from, out);
    return out;
  }
}

function shared(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}
