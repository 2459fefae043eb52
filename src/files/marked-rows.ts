import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { DataError } from "../errors.ts";
import { makeFolder, refuseLink, syncFile, syncFolder, writeAll, writeError } from "./atomic.ts";
import { npyHeader } from "./npy.ts";

/** Bytes of rows that are read at once while they are checked. */
const CHECKED = 1 << 20;

/** A file of rows that is filled in any order. */
export interface MarkedRowsOptions {
  /** The file once it is whole. */
  readonly path: string;
  /** The file while it is being filled. */
  readonly filling: string;
  /** A check sum per row (.npy, uint32): the CRC-32 of its bytes, 0 where it is not made. */
  readonly sums: string;
  /** The sums while the file is being filled, where others may fill the same; the same file by default. */
  readonly fillingSums?: string;
  /** What stands before the rows. */
  readonly header: Uint8Array;
  readonly rows: number;
  readonly rowBytes: number;
  /** What every sum starts from, so that the rows of one file never fit the sums of another; 0 by default. */
  readonly seed?: number;
}

/**
 * A file of rows while it is filled, in any order, from several threads (each with an object of its own; the first is
 * made before the others). A row's sum is written after the row, so that a process killed, or a power cut, at any
 * moment leaves both usable: {@link verify} finds the rows that are whole, others are made again to the same bytes.
 */
export class MarkedRows {
  readonly rows: number;
  readonly rowBytes: number;
  readonly #options: MarkedRowsOptions;
  readonly #file: number;
  readonly #sums: number;
  readonly #start: number;
  #scratch = new Uint32Array(0);

  /** Opens both files, making them where they are missing or of another size. @throws DataError where they cannot */
  constructor(options: MarkedRowsOptions) {
    const { path, filling, sums: kept, fillingSums: sums = kept, header, rows, rowBytes } = options;
    this.#options = options;
    this.rows = rows;
    this.rowBytes = rowBytes;
    this.#start = header.length;
    const flags = constants.O_CREAT | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
    try {
      makeFolder(dirname(filling));
      refuseLink(filling);
      refuseLink(sums);
      this.#sums = openSync(sums, flags, 0o666);
      this.#file = openSync(filling, flags, 0o666);
    } catch (cause) {
      throw writeError(path, cause);
    }
    const size = header.length + rows * rowBytes;
    const sumsHeader = npyHeader("uint32", [rows]);
    if (
      begins(this.#file, header, size) &&
      begins(this.#sums, sumsHeader, sumsHeader.length + rows * SUM_BYTES)
    )
      return;
    ftruncateSync(this.#sums, 0);
    ftruncateSync(this.#file, 0);
    writeAll(this.#file, header, 0, path);
    // The last value is written first, so that a full disk shows now on file systems that reserve space.
    if (size > header.length) writeAll(this.#file, new Uint8Array(1), size - 1, path);
    writeAll(this.#sums, sumsHeader, 0, path);
    writeAll(this.#sums, new Uint8Array(rows * SUM_BYTES), sumsHeader.length, path);
  }

  /** 1 for every row that is made, by the sums alone. */
  made(): Uint8Array {
    return Uint8Array.from(this.#readSums(), (sum) => (sum === 0 ? 0 : 1));
  }

  /** As {@link made}, after a look at the rows: those whose bytes do not fit their sums count as not made. */
  verify(): Uint8Array {
    const sums = this.#readSums();
    const { rows, rowBytes } = this;
    const { path } = this.#options;
    const perPiece = Math.max(1, Math.floor(CHECKED / Math.max(1, rowBytes)));
    const piece = new Uint8Array(Math.min(rows, perPiece) * rowBytes);
    const none = new Uint8Array(SUM_BYTES);
    for (let at = 0; at < rows; at += perPiece) {
      const count = Math.min(perPiece, rows - at);
      if (sums.subarray(at, at + count).every((sum) => sum === 0)) continue;
      readFully(this.#file, piece.subarray(0, count * rowBytes), this.#start + at * rowBytes);
      for (let k = 0; k < count; k++) {
        if (sums[at + k] === 0 || sumOf(piece, k, rowBytes, this.#options.seed) === sums[at + k]) continue;
        sums[at + k] = 0;
        writeAll(this.#sums, none, SUMS_START + (at + k) * SUM_BYTES, path);
      }
    }
    return Uint8Array.from(sums, (sum) => (sum === 0 ? 0 : 1));
  }

  /** Writes whole rows from row `at` on, then their sums. */
  write(at: number, bytes: Uint8Array): void {
    const count = bytes.length / this.rowBytes;
    const { path, seed } = this.#options;
    if (this.#scratch.length < count) this.#scratch = new Uint32Array(count);
    for (let k = 0; k < count; k++) this.#scratch[k] = sumOf(bytes, k, this.rowBytes, seed);
    writeAll(this.#file, bytes, this.#start + at * this.rowBytes, path);
    const sums = new Uint8Array(this.#scratch.buffer, 0, count * SUM_BYTES);
    writeAll(this.#sums, sums, SUMS_START + at * SUM_BYTES, path);
  }

  /** Copies the bytes of `out.length / rowBytes` rows from row `at` on, as they stand in the file. */
  read(at: number, out: Uint8Array): void {
    readFully(this.#file, out, this.#start + at * this.rowBytes);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#sums);
  }

  /**
   * Closes a file all of whose rows are made, and gives it its name. Nothing waits for the disk where sums keep their own:
   * who keeps the sums sees by them what a power cut took, and who does not syncs the file before relying on it. Where
   * sums are filled under another name, others go by names alone: both files are on the disk before they get theirs, the
   * sums first, and these when this returns.
   */
  finish(): void {
    const { path, filling, sums, fillingSums } = this.#options;
    const left = this.made().indexOf(0);
    this.close();
    if (left >= 0) throw new RangeError(`row ${left} of ${path} is not made`);
    try {
      refuseLink(path);
      if (fillingSums !== undefined) {
        refuseLink(sums);
        for (const file of [fillingSums, filling]) syncFile(file);
        renameSync(fillingSums, sums);
      }
      renameSync(filling, path);
      if (fillingSums !== undefined) syncFolder(dirname(path));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  #readSums(): Uint32Array {
    const sums = new Uint32Array(this.rows);
    readFully(this.#sums, new Uint8Array(sums.buffer), SUMS_START);
    return sums;
  }
}

const SUM_BYTES = 4;
const SUMS_START = 128;

/** The sum of row `row` of `bytes`: its CRC-32 (as in zlib and PNG), 1 where that is 0. */
function sumOf(bytes: Uint8Array, row: number, rowBytes: number, seed = 0): number {
  return crc32(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), seed) || 1;
}

/**
 * The sums of a finished file of rows; null where they are not there or not of so many rows: then nothing vouches for
 * the rows.
 */
export function readSums(path: string, rows: number): Uint32Array | null {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const header = npyHeader("uint32", [rows]);
    if (!begins(file, header, header.length + rows * SUM_BYTES)) return null;
    const sums = new Uint32Array(rows);
    readFully(file, new Uint8Array(sums.buffer), SUMS_START);
    return sums;
  } catch {
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What rows are held to: the sums of their file, what these start from, and the row of the file that comes first. */
export interface Expected {
  readonly sums: Uint32Array;
  readonly at: number;
  readonly seed?: number;
}

/** First of the rows in `bytes`, counted from the first of the file, that does not fit its sum; -1 for none. */
export function firstTorn(bytes: Uint8Array, rowBytes: number, { sums, at, seed }: Expected): number {
  const count = bytes.length / rowBytes;
  for (let k = 0; k < count; k++) if (sumOf(bytes, k, rowBytes, seed) !== sums[at + k]) return at + k;
  return -1;
}

/** @throws DataError as {@link firstTorn} finds, with `remedy` */
export function checkRows(
  bytes: Uint8Array,
  rowBytes: number,
  expected: Expected & { readonly path: string; readonly remedy: string },
): void {
  const { path, remedy } = expected;
  const torn = firstTorn(bytes, rowBytes, expected);
  if (torn >= 0) throw new DataError(`is damaged: row ${torn} is not what was written; ${remedy}`, { path });
}

function begins(file: number, header: Uint8Array, size: number): boolean {
  if (fstatSync(file).size !== size) return false;
  const found = Buffer.alloc(header.length);
  readSync(file, found, 0, found.length, 0);
  return found.equals(header);
}

/** Fills `out` from byte `start` on; what lies past the end of the file is 0. */
function readFully(file: number, out: Uint8Array, start: number): void {
  for (let done = 0; done < out.length; ) {
    const n = readSync(file, out, done, out.length - done, start + done);
    if (n === 0) {
      out.fill(0, done);
      return;
    }
    done += n;
  }
}
