import { CellswapError } from "../errors.ts";
import { NpyReader } from "../files/npy.ts";

/** Arrays that are open at most. */
const OPEN = 64;

/** Where a row of features lies: array (path without ending) and row in it. */
export interface Place {
  readonly base: string;
  readonly row: number;
}

/** Reads features from where they lie; the arrays that were read last are held open. */
export class PlacedFeatures {
  /** Features per row. */
  readonly dimension: number;
  readonly #open = new Map<string, NpyReader>();

  constructor(dimension: number) {
    this.dimension = dimension;
  }

  /**
   * Copies `count` rows into `out` (count x dimension); `place` says where a row lies, null for one that there is none
   * of, which becomes NaN. Neighbors in an array are read at once.
   */
  read(count: number, place: (i: number) => Place | null, out: Float32Array): void {
    const { dimension } = this;
    for (let i = 0; i < count; ) {
      const first = place(i);
      let n = 1;
      if (first === null) out.fill(Number.NaN, i * dimension, (i + 1) * dimension);
      else {
        while (i + n < count) {
          const next = place(i + n);
          if (next === null || next.base !== first.base || next.row !== first.row + n) break;
          n++;
        }
        this.#reader(first.base).read(first.row, n, out.subarray(i * dimension, (i + n) * dimension));
      }
      i += n;
    }
  }

  close(): void {
    for (const reader of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #reader(base: string): NpyReader {
    let reader = this.#open.get(base);
    if (reader === undefined) {
      if (this.#open.size >= OPEN) {
        const [oldest, old] = this.#open.entries().next().value!;
        old.close();
        this.#open.delete(oldest);
      }
      reader = new NpyReader(`${base}.npy`);
      if (reader.shape[1] !== this.dimension)
        throw new CellswapError("changed while it was read; run the study again", { path: `${base}.npy` });
    } else this.#open.delete(base);
    this.#open.set(base, reader);
    return reader;
  }
}
