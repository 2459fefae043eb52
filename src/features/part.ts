import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { syncFolder, writeError, writeFileAtomic } from "../files/atomic.ts";
import { firstTorn, MarkedRows, readSums } from "../files/marked-rows.ts";
import { NpyReader, npyHeader } from "../files/npy.ts";
import { partOf } from "../files/parts.ts";
import { shortHash } from "./key.ts";

/** Bytes of rows that are checked at once. */
const CHECKED = 1 << 22;

/**
 * Features that were made together: `PATH.npy` (rows x dimension, float32), `PATH.rows.npy` (rows x 2, int32: the
 * row of the cell and of its donor in the cell store, -1 for none) and `PATH.sums.npy` (rows, uint32: a check sum per
 * row). The last twelve digits of the name are the hash of the list of rows. A part is never changed once it is
 * complete; what a study lacks becomes another part.
 */
export interface Part {
  /** Path without the ending. */
  readonly base: string;
  /** rows x 2: cell, donor. */
  readonly rows: Int32Array;
}

/** What is wrong with a part: one of its files, and what befell it. */
export interface PartDamage {
  readonly path: string;
  readonly what: string;
}

export interface FindOptions {
  /** Parts (paths without ending) that were checked before and are not again; those that are found whole are added. */
  readonly checked?: Set<string>;
  /** Called with parts that are not as they were made; they count as begun, and their torn rows as not made. */
  readonly onDamage?: ((damage: PartDamage) => void) | undefined;
  /** Whether nothing is changed, and features are not read: parts whose lists of rows are damaged are passed over. */
  readonly look?: boolean;
  /** Whether features are not read, but parts whose lists of rows or sums are damaged are taken back. */
  readonly trusted?: boolean;
}

/** The complete parts in `folder` whose names start with `prefix`, by name; others are passed over. */
export function findParts(
  folder: string,
  prefix: string,
  dimension: number,
  { checked = new Set(), onDamage, look = false, trusted = look }: FindOptions = {},
): Part[] {
  if (!existsSync(folder)) return [];
  const ending = ".rows.npy";
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith(ending))
    .sort()
    .flatMap((name) => {
      const base = join(folder, name.slice(0, -ending.length));
      if (!existsSync(`${base}.npy`)) return [];
      const found = readPart(base, dimension, trusted || checked.has(base));
      if (found.damage === null) {
        checked.add(base);
        return [found.part];
      }
      if (look) return [];
      onDamage?.(found.damage);
      takeBack(base);
      return [];
    });
}

/**
 * Reads the list of rows of a part and checks every one of its bytes. @param dimension null: whatever it is
 * @param trusted whether the features themselves are left out
 */
export function readPart(
  base: string,
  dimension: number | null,
  trusted = false,
): { readonly part: Part; readonly damage: null } | { readonly part: null; readonly damage: PartDamage } {
  const damaged = (ending: string, what: string) => ({
    part: null,
    damage: { path: `${base}${ending}`, what },
  });
  const rows = readRows(base);
  if (rows === null) return damaged(".rows.npy", "is not the list of rows that its name says");
  const count = rows.length / 2;
  const sums = readSums(`${base}.sums.npy`, count);
  if (sums === null) return damaged(".sums.npy", `is not there, or does not hold the sums of ${count} rows`);
  let array: NpyReader | undefined;
  try {
    array = new NpyReader(`${base}.npy`);
    const columns = dimension ?? array.shape[1];
    if (
      array.type !== "float32" ||
      array.shape.join() !== [count, columns].join() ||
      !isExact(array, count, columns)
    )
      return damaged(".npy", `does not hold ${count} rows of ${columns} features`);
    const torn = trusted ? -1 : firstTornRow(array, sums, sumSeed(base));
    if (torn >= 0) return damaged(".npy", `has a row (${torn}, from 0) that is not what was written`);
  } catch {
    return damaged(".npy", "cannot be read as features");
  } finally {
    array?.close();
  }
  return { part: { base, rows }, damage: null };
}

/** Rows of a part; null where they are not those that its name says. */
function readRows(base: string): Int32Array | null {
  try {
    const bytes = readFileSync(`${base}.rows.npy`);
    const header = npyHeader("int32", [Math.max(0, (bytes.length - 128) / 8), 2]);
    if (bytes.length < header.length || Buffer.compare(bytes.subarray(0, header.length), header) !== 0)
      return null;
    const list = Uint8Array.from(bytes.subarray(header.length));
    return base.endsWith(`-${shortHash(list)}`) ? new Int32Array(list.buffer) : null;
  } catch {
    return null;
  }
}

/** Whether a file begins as we write it and ends with its last row. */
function isExact({ path }: NpyReader, count: number, columns: number): boolean {
  const header = npyHeader("float32", [count, columns]);
  if (statSync(path).size !== header.length + 4 * count * columns) return false;
  const file = openSync(path, "r");
  try {
    const found = Buffer.alloc(header.length);
    readSync(file, found, 0, found.length, 0);
    return found.equals(header);
  } finally {
    closeSync(file);
  }
}

function firstTornRow(array: NpyReader, sums: Uint32Array, seed: number): number {
  const [rows, dimension] = array.shape;
  const step = Math.max(1, Math.floor(CHECKED / (4 * dimension)));
  const piece = new Float32Array(Math.min(rows, step) * dimension);
  for (let at = 0; at < rows; at += step) {
    const count = Math.min(step, rows - at);
    array.read(at, count, piece);
    const torn = firstTorn(new Uint8Array(piece.buffer, 0, count * dimension * 4), dimension * 4, {
      sums,
      at,
      seed,
    });
    if (torn >= 0) return torn;
  }
  return -1;
}

/** What the sums of a part's rows start from, so that those of one part never fit another. */
export function sumSeed(base: string): number {
  return crc32(basename(base));
}

/** Takes back that a part is complete: it counts as begun, so that what is whole of it need not be made again. */
function takeBack(base: string): void {
  try {
    rmSync(`${base}.rows.npy`, { force: true });
    renameSync(`${base}.npy`, `${base}.filling`);
    syncFolder(dirname(base));
  } catch (cause) {
    throw writeError(`${base}.npy`, cause);
  }
}

/**
 * A part while it is being filled: `PATH.filling` (the array) and `PATH.sums.npy` with the check sum of every row,
 * written after the row's features. A process killed at any moment leaves both usable: rows that do not fit their sums
 * are made again, to the same bytes.
 */
export class FillingPart {
  readonly base: string;
  readonly rows: number;
  readonly dimension: number;
  readonly #file: MarkedRows;

  /**
   * Opens both files, making them where they are missing or of another size. @param attempt the {@link processTag} of
   * one of several processes that may make the same part: its files are its own until the part is complete
   */
  constructor(base: string, rows: number, dimension: number, attempt?: string) {
    this.base = base;
    this.rows = rows;
    this.dimension = dimension;
    this.#file = new MarkedRows({
      path: `${base}.npy`,
      filling: attempt === undefined ? `${base}.filling` : partOf(`${base}.npy`, attempt),
      sums: `${base}.sums.npy`,
      ...(attempt === undefined ? {} : { fillingSums: partOf(`${base}.sums.npy`, attempt) }),
      header: npyHeader("float32", [rows, dimension]),
      rows,
      rowBytes: dimension * 4,
      seed: sumSeed(base),
    });
  }

  /** 1 for every row that is made and whole. */
  made(): Uint8Array {
    return this.#file.verify();
  }

  /** Writes whole rows from row `at` on and marks them. */
  write(at: number, features: Float32Array): void {
    this.#file.write(at, new Uint8Array(features.buffer, features.byteOffset, features.byteLength));
  }

  close(): void {
    this.#file.close();
  }

  /** Closes a part all of whose rows are made and declares it complete; `rows` (rows x 2) says which they are. */
  finish(rows: Int32Array): void {
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    try {
      writeFileAtomic(
        `${this.base}.rows.npy`,
        Buffer.concat([npyHeader("int32", [rows.length / 2, 2]), bytes]),
      );
    } catch (error) {
      this.close();
      throw error;
    }
    this.#file.finish();
  }
}

/** Writes a byte of what an attempt has begun of a part anew, so that others see that its process lives. */
export function renewAttempt(base: string, attempt: string): void {
  for (const ending of [".npy", ".sums.npy"]) {
    const file = openSync(partOf(`${base}${ending}`, attempt), "r+");
    try {
      writeSync(file, MAGIC, 0, 1, 0);
    } finally {
      closeSync(file);
    }
  }
}

/** First byte of every .npy file. */
const MAGIC = Uint8Array.of(0x93);

/** Whether a part is complete, by the names of its files. */
export function isComplete(base: string): boolean {
  return [".npy", ".rows.npy", ".sums.npy"].every((ending) => existsSync(`${base}${ending}`));
}

/** Removes what an attempt has begun of a part. */
export function discardAttempt(base: string, attempt: string): void {
  for (const ending of [".npy", ".sums.npy"]) rmSync(partOf(`${base}${ending}`, attempt), { force: true });
}

/** 1 for every row of a part that is being filled that is made, by its sums; null where nobody has begun with it. */
export function madeSoFar(base: string, rows: number, dimension: number): Uint8Array | null {
  const size = npyHeader("float32", [rows, dimension]).length + 4 * rows * dimension;
  if (statSync(`${base}.filling`, { throwIfNoEntry: false })?.size !== size) return null;
  const sums = readSums(`${base}.sums.npy`, rows);
  return sums && Uint8Array.from(sums, (sum) => (sum === 0 ? 0 : 1));
}

/**
 * Removes what is left of parts that are complete, and parts that an earlier run began and nobody wants any more.
 * @param wanted paths, without ending, of parts to go on with; null: all that were begun
 */
export function removeUnwanted(folder: string, wanted: ReadonlySet<string> | null): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const base = /^(.*\.[0-9a-f]{12}-[0-9a-f]{12})\.filling$/.exec(name)?.[1];
    if (base === undefined) continue;
    const path = join(folder, base);
    const complete = existsSync(`${path}.npy`) && existsSync(`${path}.rows.npy`);
    if (!complete && (wanted === null || wanted.has(path))) continue;
    rmSync(join(folder, name), { force: true });
    if (complete) continue;
    for (const ending of [".sums.npy", ".rows.npy"]) rmSync(`${path}${ending}`, { force: true });
  }
}
