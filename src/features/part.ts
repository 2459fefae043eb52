import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, writeAll, writeError, writeFileAtomic } from "../files/atomic.ts";
import { NpyReader, npyHeader } from "../files/npy.ts";

const HEADER = 128;
const DONE = 1;

/**
 * Features that were made together: `PATH.npy` (rows x dimension, float32) and `PATH.rows.npy` (rows x 2, int32: the
 * row of the cell and of its donor in the cell store, -1 for none). A part is never changed once it is complete; what
 * a study lacks becomes another part.
 */
export interface Part {
  /** Path without the ending. */
  readonly base: string;
  /** rows x 2: cell, donor. */
  readonly rows: Int32Array;
}

/** The complete parts in `folder` whose names start with `prefix`, by name; others are passed over. */
export function findParts(folder: string, prefix: string, dimension: number): Part[] {
  if (!existsSync(folder)) return [];
  const ending = ".rows.npy";
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith(ending))
    .sort()
    .flatMap((name) => {
      const base = join(folder, name.slice(0, -ending.length));
      const rows = readRows(base, dimension);
      return rows === null ? [] : [{ base, rows }];
    });
}

/** Rows of a part; null where it is not complete or of another dimension. */
function readRows(base: string, dimension: number): Int32Array | null {
  if (!existsSync(`${base}.npy`)) return null;
  let list: NpyReader | undefined;
  let array: NpyReader | undefined;
  try {
    list = new NpyReader(`${base}.rows.npy`);
    array = new NpyReader(`${base}.npy`);
    if (list.type !== "int32" || list.shape[1] !== 2) return null;
    if (array.type !== "float32" || array.shape.join() !== [list.shape[0], dimension].join()) return null;
    const rows = new Int32Array(list.shape[0] * 2);
    list.read(0, list.shape[0], rows);
    return rows;
  } catch {
    // Cut off or damaged from outside: it is made again.
    return null;
  } finally {
    list?.close();
    array?.close();
  }
}

/**
 * A part while it is being filled: `PATH.filling` (the array) and `PATH.marks` with one byte per row, written after
 * the row's features. A process killed at any moment leaves both usable: rows that are not marked are made again, to
 * the same bytes.
 */
export class FillingPart {
  readonly base: string;
  readonly rows: number;
  readonly dimension: number;
  readonly #file: number;
  readonly #marks: number;

  /** Opens both files, making them where they are missing or of another size. */
  constructor(base: string, rows: number, dimension: number) {
    this.base = base;
    this.rows = rows;
    this.dimension = dimension;
    const { O_CREAT, O_RDWR } = constants;
    try {
      makeFolder(dirname(base));
      this.#marks = openSync(`${base}.marks`, O_CREAT | O_RDWR);
      this.#file = openSync(`${base}.filling`, O_CREAT | O_RDWR);
    } catch (cause) {
      throw writeError(`${base}.npy`, cause);
    }
    const size = HEADER + rows * dimension * 4;
    const header = npyHeader("float32", [rows, dimension]);
    const found = Buffer.alloc(HEADER);
    readSync(this.#file, found, 0, HEADER, 0);
    const whole = fstatSync(this.#file).size === size && found.equals(header);
    if (whole && fstatSync(this.#marks).size === rows) return;
    const path = `${base}.npy`;
    ftruncateSync(this.#marks, 0);
    ftruncateSync(this.#file, 0);
    writeAll(this.#file, header, 0, path);
    // The last value is written first, so that a full disk shows now on file systems that reserve space.
    if (rows > 0) writeAll(this.#file, new Uint8Array(4), size - 4, path);
    writeAll(this.#marks, new Uint8Array(rows), 0, path);
  }

  /** 1 for every row that is made. */
  made(): Uint8Array {
    const marks = new Uint8Array(this.rows);
    readSync(this.#marks, marks, 0, marks.length, 0);
    return marks;
  }

  /** Writes whole rows from row `at` on and marks them. */
  write(at: number, features: Float32Array): void {
    const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    writeAll(this.#file, bytes, HEADER + at * this.dimension * 4, `${this.base}.npy`);
    const marks = new Uint8Array(features.length / this.dimension).fill(DONE);
    writeAll(this.#marks, marks, at, `${this.base}.npy`);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#marks);
  }

  /** Closes a part all of whose rows are made and declares it complete; `rows` (rows x 2) says which they are. */
  finish(rows: Int32Array): void {
    const left = this.made().indexOf(0);
    this.close();
    if (left >= 0) throw new RangeError(`row ${left} of ${this.base} is not made`);
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    writeFileAtomic(
      `${this.base}.rows.npy`,
      Buffer.concat([npyHeader("int32", [rows.length / 2, 2]), bytes]),
    );
    renameSync(`${this.base}.filling`, `${this.base}.npy`);
    rmSync(`${this.base}.marks`);
  }
}

/**
 * Removes what is left of parts that are complete, and parts that an earlier run began and nobody wants any more.
 * @param wanted paths, without ending, of parts to go on with; null: all that were begun
 */
export function removeUnwanted(folder: string, wanted: ReadonlySet<string> | null): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const base = /^(.*)\.(?:filling|marks)$/.exec(name)?.[1];
    if (base === undefined) continue;
    const complete = existsSync(join(folder, `${base}.npy`)) && existsSync(join(folder, `${base}.rows.npy`));
    const begun = wanted === null || wanted.has(join(folder, base));
    if (complete || !begun) rmSync(join(folder, name), { force: true });
  }
}
