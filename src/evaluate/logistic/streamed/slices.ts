/** Rows that are read in pieces. */
export interface RowSource {
  readonly rows: number;
  /** Features per row. */
  readonly dimension: number;
  /** Copies `count` rows from `from` on into `out` (count x dimension). */
  read(from: number, count: number, out: Float32Array): void;
}

/** Slices that the rows are divided into, rows of one at least, and bytes of its features at most. */
const SLICE = { count: 64, rows: 512, bytes: 2 ** 24 };

/** Bytes of features that are held in memory; of more, every slice is read anew whenever it is needed. */
export const HELD_BYTES = 2 ** 28;

/** Rows of all slices but the last; hangs on the rows and features alone, so that sums do not hang on threads. */
export function sliceRows(rows: number, dimension: number): number {
  const most = Math.max(1, Math.floor(SLICE.bytes / (4 * dimension)));
  return Math.min(most, Math.max(SLICE.rows, Math.ceil(rows / SLICE.count)));
}

/** Threads that may have a slice each where slices are read anew: their features take no more than what may be held, or little. */
export function sliceLanes(rows: number, dimension: number, heldBytes: number): number {
  const bytes = 4 * sliceRows(rows, dimension) * dimension;
  return Math.max(1, Math.floor(Math.max(heldBytes, 2 * SLICE.bytes) / bytes));
}

/** The rows of a source by slices, in memory that threads share: all of them, or a slice for every thread. */
export class Slices {
  readonly source: RowSource;
  readonly count: number;
  /** Threads that may have a slice at once. */
  readonly lanes: number;
  readonly #size: number;
  readonly #held: Float32Array | undefined;
  readonly #read: Float32Array[] = [];

  /** @param heldBytes more features than that are not held */
  constructor(source: RowSource, heldBytes = HELD_BYTES) {
    const { rows, dimension } = source;
    this.source = source;
    this.#size = sliceRows(rows, dimension);
    this.count = Math.ceil(rows / this.#size);
    const streamed = 4 * rows * dimension > heldBytes;
    this.lanes = streamed ? sliceLanes(rows, dimension, heldBytes) : this.count;
    if (streamed) return;
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
    this.#read[lane] ??= shared(this.#size * dimension);
    const out = this.#read[lane].subarray(0, (to - from) * dimension);
    this.source.read(from, to - from, out);
    return out;
  }
}

function shared(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}
