import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { makeFolder, writeAll, writeError } from "../files/atomic.ts";
import { type NpyReader, npyHeader } from "../files/npy.ts";

/** Composites that are encoded, written and marked as done together. */
export const BATCH = 64;

const HEADER = 128;

/**
 * A feature array on disk while it is being filled: `PATH` (.npy, rows x dimension, float32) and `PATH.done` with one
 * byte per batch, written after the batch's features. A process killed at any moment leaves both usable: batches that
 * are not marked are made again, to the same bytes. When all are marked, `PATH.done` is removed.
 */
export class FeatureFile {
  readonly path: string;
  readonly rows: number;
  readonly dimension: number;
  readonly #file: number;
  readonly #done: number;

  /** Opens the array, making both files where they are missing or of another size. */
  constructor(path: string, rows: number, dimension: number) {
    this.path = path;
    this.rows = rows;
    this.dimension = dimension;
    const { O_CREAT, O_RDWR } = constants;
    try {
      makeFolder(dirname(path));
      // The marks come first: an array without them counts as complete.
      this.#done = openSync(`${path}.done`, O_CREAT | O_RDWR);
      this.#file = openSync(path, O_CREAT | O_RDWR);
    } catch (cause) {
      throw writeError(path, cause);
    }
    const size = HEADER + rows * dimension * 4;
    const header = npyHeader("float32", [rows, dimension]);
    const found = Buffer.alloc(HEADER);
    readSync(this.#file, found, 0, HEADER, 0);
    if (
      fstatSync(this.#file).size !== size ||
      !found.equals(header) ||
      fstatSync(this.#done).size !== batches(rows)
    ) {
      ftruncateSync(this.#done, 0);
      ftruncateSync(this.#file, 0);
      writeAll(this.#done, new Uint8Array(batches(rows)), 0, path);
      writeAll(this.#file, header, 0, path);
      // The last value is written first, so that a full disk shows now on file systems that reserve space.
      if (rows > 0) writeAll(this.#file, new Uint8Array(4), size - 4, path);
    }
  }

  /** True where the array is complete on disk and of this size. */
  static complete(path: string, rows: number, dimension: number): boolean {
    if (!existsSync(path) || existsSync(`${path}.done`)) return false;
    const file = openSync(path, "r");
    try {
      const found = Buffer.alloc(HEADER);
      readSync(file, found, 0, HEADER, 0);
      return (
        fstatSync(file).size === HEADER + rows * dimension * 4 &&
        found.equals(npyHeader("float32", [rows, dimension]))
      );
    } finally {
      closeSync(file);
    }
  }

  /** Batches that are still to be made, ascending. */
  missing(): number[] {
    const marks = Buffer.alloc(batches(this.rows));
    readSync(this.#done, marks, 0, marks.length, 0);
    return [...marks.keys()].filter((b) => marks[b] !== 1);
  }

  /** Writes the features of one batch, each row (of `rows`) in its place, and marks the batch. */
  write(batch: number, rows: Int32Array, features: Float32Array): void {
    const size = this.dimension * 4;
    const bytes = new Uint8Array(features.buffer, features.byteOffset, rows.length * size);
    for (let i = 0; i < rows.length; ) {
      let n = 1;
      while (i + n < rows.length && rows[i + n] === rows[i] + n) n++;
      writeAll(this.#file, bytes.subarray(i * size, (i + n) * size), HEADER + rows[i] * size, this.path);
      i += n;
    }
    writeAll(this.#done, Uint8Array.of(1), batch, this.path);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#done);
  }

  /** Closes the array and, when nothing is missing, declares it complete. */
  finish(): void {
    const left = this.missing().length;
    this.close();
    if (left === 0) rmSync(`${this.path}.done`);
  }
}

/** Number of batches of `rows` composites. */
export function batches(rows: number): number {
  return Math.ceil(rows / BATCH);
}

/** Features of chosen rows: `out` holds rows.length x dimension values. Runs of neighboring rows are read at once. */
export function readFeatureRows(file: NpyReader, rows: ArrayLike<number>, out: Float32Array): void {
  const dimension = file.shape[1];
  for (let i = 0; i < rows.length; ) {
    let n = 1;
    while (i + n < rows.length && rows[i + n] === rows[i] + n) n++;
    file.read(rows[i], n, out.subarray(i * dimension, (i + n) * dimension));
    i += n;
  }
}
