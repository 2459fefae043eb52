import { closeSync, ftruncateSync, openSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { writeAll, writeError } from "../../files/atomic.ts";
import { crc32c } from "../../files/crc32c.ts";
import { type NpyType, npyHeader, readNpy } from "../../files/npy.ts";
import { turn } from "../../files/turn.ts";

/** Where the numbers of a `.npy` file of ours begin. */
export const NPY_START = npyHeader("uint8", [0]).length;
/** Bytes that are read at once to be held to their sums. */
const CHECKED = 1 << 22;

/**
 * A `.npy` array of which some rows are there: a file with holes, and beside it the CRC-32C of each that is (`.sums`, 0
 * where none is). A row whose sum does not fit, as of a machine that lost power, counts as not there.
 */
export class HeldRows {
  readonly #path: string;
  readonly #type: NpyType;
  readonly #shape: readonly number[];
  readonly #rowBytes: number;
  readonly #count: number;
  #files: { readonly values: number; readonly sums: number } | undefined;

  constructor(path: string, type: NpyType, shape: readonly number[], rowBytes: number) {
    this.#path = path;
    this.#type = type;
    this.#shape = shape;
    this.#rowBytes = rowBytes;
    this.#count = shape[0];
  }

  /**
   * Makes the files without any row, unless they are there; the header of one of which a machine that lost power kept the
   * size alone is written anew. @throws DataError where they cannot be written
   */
  begin(): void {
    const size = NPY_START + this.#count * this.#rowBytes;
    const isFull = (path: string, of: number) => statSync(path, { throwIfNoEntry: false })?.size === of;
    const areFull = isFull(this.#path, size) && isFull(`${this.#path}.sums`, 4 * this.#count);
    const header = npyHeader(this.#type, this.#shape);
    try {
      const files = this.#open(areFull ? "r+" : "w+");
      if (areFull) {
        const there = Buffer.alloc(header.length);
        readNpy(files.values, there, 0, this.#path);
        if (there.equals(header)) return;
      }
      writeAll(files.values, header, 0, this.#path);
      ftruncateSync(files.sums, 4 * this.#count);
      ftruncateSync(files.values, size);
    } catch (cause) {
      throw writeError(this.#path, cause);
    } finally {
      this.close();
    }
  }

  /** Sets `held` to 1 for every row of those that are `wanted` (1) that is there. @throws DataError where it cannot be read */
  async find(wanted: Uint8Array, held: Uint8Array): Promise<void> {
    const { values, sums } = this.#open("r+");
    const known = new Uint32Array(this.#count);
    readNpy(sums, new Uint8Array(known.buffer), 0, this.#path);
    const most = Math.max(1, Math.floor(CHECKED / this.#rowBytes));
    const bytes = new Uint8Array(most * this.#rowBytes);
    const there = (row: number) => wanted[row] === 1 && held[row] === 0 && known[row] !== 0;
    for (let row = 0; row < this.#count; row++) {
      if (!there(row)) continue;
      let end = row + 1;
      while (end < this.#count && end - row < most && there(end)) end++;
      const run = bytes.subarray(0, (end - row) * this.#rowBytes);
      readNpy(values, run, NPY_START + row * this.#rowBytes, this.#path);
      for (let r = row; r < end; r++) if (this.#sumOf(run, r - row) === known[r]) held[r] = 1;
      row = end - 1;
      await turn();
    }
  }

  /** Writes rows from `row` on and marks them in `held`. @throws DataError where the disk is full */
  put(row: number, values: Uint8Array, held: Uint8Array): void {
    const files = this.#open("r+");
    const sums = Uint32Array.from({ length: values.length / this.#rowBytes }, (_, r) =>
      this.#sumOf(values, r),
    );
    try {
      writeAll(files.values, values, NPY_START + row * this.#rowBytes, this.#path);
      writeAll(files.sums, new Uint8Array(sums.buffer), 4 * row, this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    held.fill(1, row, row + sums.length);
  }

  close(): void {
    if (this.#files === undefined) return;
    closeSync(this.#files.values);
    closeSync(this.#files.sums);
    this.#files = undefined;
  }

  #open(flags: "r+" | "w+") {
    if (this.#files !== undefined) return this.#files;
    try {
      const values = openSync(this.#path, flags);
      try {
        this.#files = { values, sums: openSync(`${this.#path}.sums`, flags) };
      } catch (cause) {
        closeSync(values);
        throw cause;
      }
    } catch (cause) {
      throw new DataError("cannot be opened; remove its folder, it is fetched again", {
        path: this.#path,
        cause,
      });
    }
    return this.#files;
  }

  /** Never 0, which says that a row is not there. */
  #sumOf(values: Uint8Array, row: number): number {
    return crc32c(values.subarray(row * this.#rowBytes, (row + 1) * this.#rowBytes)) || 1;
  }
}
