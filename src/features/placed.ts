import { basename } from "node:path";
import { DataError } from "../errors.ts";
import { checkRows, readSums } from "../files/marked-rows.ts";
import { NpyReader } from "../files/npy.ts";
import { sumSeed } from "./part.ts";

/** Arrays that are open at most. */
const OPEN = 64;

/** Where a row of features lies: array (path without ending) and row in it. */
export interface Place {
  readonly base: string;
  readonly row: number;
}

/** An array that is open, with the check sums of its rows. */
interface OpenArray {
  readonly reader: NpyReader;
  readonly sums: Uint32Array;
  readonly seed: number;
}

/** Reads features from where they lie, and checks them; the arrays that were read last are held open. */
export class PlacedFeatures {
  /** Features per row. */
  readonly dimension: number;
  readonly #open = new Map<string, OpenArray>();

  constructor(dimension: number) {
    this.dimension = dimension;
  }

  /**
   * Copies `count` rows into `out` (count x dimension); `place` says where a row lies, null for one that there is none
   * of, which becomes NaN. Neighbors in an array are read at once.
   * @throws DataError for a row that is not as it was written
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
        this.#readRows(first, n, out.subarray(i * dimension, (i + n) * dimension));
      }
      i += n;
    }
  }

  close(): void {
    for (const { reader } of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #readRows({ base, row }: Place, count: number, out: Float32Array): void {
    const { reader, sums, seed } = this.#array(base);
    reader.read(row, count, out);
    const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    const remedy = "run the study again, which makes it anew";
    checkRows(bytes, this.dimension * 4, { sums, at: row, seed, path: `${base}.npy`, remedy });
  }

  #array(base: string): OpenArray {
    let array = this.#open.get(base);
    if (array === undefined) {
      if (this.#open.size >= OPEN) {
        const [oldest, old] = this.#open.entries().next().value!;
        old.reader.close();
        this.#open.delete(oldest);
      }
      array = this.#openArray(base);
    } else this.#open.delete(base);
    this.#open.set(base, array);
    return array;
  }

  #openArray(base: string): OpenArray {
    const path = `${base}.npy`;
    const reader = new NpyReader(path);
    const [rows, columns] = reader.shape;
    const sums = readSums(`${base}.sums.npy`, rows);
    if (reader.type === "float32" && columns === this.dimension && sums !== null)
      return { reader, sums, seed: sumSeed(base) };
    reader.close();
    throw new DataError(
      sums === null
        ? `nothing vouches for its rows, as ${basename(base)}.sums.npy is missing or damaged; run the study again`
        : "changed while it was read; run the study again",
      { path },
    );
  }
}
