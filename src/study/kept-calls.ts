import { closeSync, openSync, readSync, statSync } from "node:fs";
import { lazyList } from "../core/lazy-list.ts";
import { DataError } from "../errors.ts";
import { callBytes, type RowCalls } from "../evaluate/logistic/calls.ts";
import type { PredictedBlock, PredictionRequest, Predictions } from "../evidence/predictions.ts";
import { isSealed, SealedWriter } from "../files/sealed.ts";

const ARRAYS = [
  "predicted",
  "probability",
  "own",
  "lent",
  "margin",
] as const satisfies readonly (keyof RowCalls)[];

/** What names an array in the file, up to its text. */
const NAMED = ARRAYS.map((name, i) => `${i === 0 ? "{" : ","}"${name}":`);

/** Bytes of arrays that are held at least, and how many blocks at least. */
const HELD = { bytes: 1 << 26, blocks: 3 };

/** What was called of which rows, as the file of it must say. */
type Called = Pick<PredictionRequest, "classes" | "cluster" | "blocks">;

/**
 * Writes predictions as `keep` does (JSON: hash of the file of the probes, then by block and class the arrays in base64),
 * one block at a time: those of a large study are larger than any text can be.
 */
export class CallsWriter {
  readonly #file: SealedWriter;
  #blocks = 0;

  /** @param probes hash of the file of the probes */
  constructor(path: string, key: string, probes: string) {
    this.#file = new SealedWriter(path);
    this.#file.write(head(key, probes));
  }

  add({ cells }: Pick<PredictedBlock, "cells">): void {
    this.#file.write(this.#blocks++ === 0 ? "[" : ",[");
    cells.forEach((of, own) => {
      if (own > 0) this.#file.write(",");
      if (of === null) {
        this.#file.write("null");
        return;
      }
      ARRAYS.forEach((name, i) => {
        const a = of[name];
        const text =
          a === null ? "null" : `"${Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("base64")}"`;
        this.#file.write(NAMED[i]);
        this.#file.write(text);
      });
      this.#file.write("}");
    });
    this.#file.write("]");
  }

  finish(): void {
    this.#file.write("]}");
    this.#file.finish();
  }

  discard(): void {
    this.#file.discard();
  }
}

function head(key: string, probes: string): string {
  return `{"key":${JSON.stringify(key)},"value":{"probes":"${probes}","blocks":[`;
}

/** Characters of the head between key and blocks. */
const HASH = 64;

/** Hash of the file of the probes, of a file that {@link CallsWriter} wrote under `key`; null where it is none, or damaged. */
export function probesOf(path: string, key: string): string | null {
  const empty = head(key, "");
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const found = Buffer.alloc(empty.length + HASH);
    readSync(file, found, 0, found.length, 0);
    const probes = new RegExp(`"probes":"([0-9a-f]{${HASH}})"`).exec(found.toString("latin1"))?.[1];
    if (probes === undefined || found.toString("latin1") !== head(key, probes)) return null;
    return isSealed(path) ? probes : null;
  } catch {
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The predictions of a file whose {@link probesOf} are known. Arrays are read when they are asked for, and those asked for
 * last are held.
 * @throws DataError where it holds others than were called
 */
export function readCalls(path: string, key: string, called: Called): Predictions {
  const { classes, cluster, blocks } = called;
  const places = placesOf(path, head(key, "").length + HASH, called);
  const sizes = cluster.map((rows) => rows.length);
  const block = sizes.reduce((n, rows) => n + rows, 0) * callBytes(true);
  const held = new Held(Math.max(HELD.bytes, HELD.blocks * block));
  const array = <K extends (typeof ARRAYS)[number]>(
    b: number,
    own: number,
    a: number,
    name: K,
  ): RowCalls[K] =>
    held.get((b * classes.length + own) * ARRAYS.length + a, () => {
      const lends = blocks[b].background >= 0;
      if (name === "lent" && !lends) return null;
      const made = name === "predicted" ? new Int16Array(sizes[own]) : new Float32Array(sizes[own]);
      decode(path, places[b][own] + offset(sizes[own], lends, a), made);
      return made;
    }) as RowCalls[K];
  return {
    classes,
    cluster,
    blocks: blocks.map(({ setting, background, donor }, b) => ({
      ...{ setting, background, donor },
      cells: lazyList(classes.length, (own): RowCalls | null =>
        Number.isNaN(places[b][own])
          ? null
          : {
              get predicted() {
                return array(b, own, 0, "predicted");
              },
              get probability() {
                return array(b, own, 1, "probability");
              },
              get own() {
                return array(b, own, 2, "own");
              },
              get lent() {
                return array(b, own, 3, "lent");
              },
              get margin() {
                return array(b, own, 4, "margin");
              },
            },
      ),
    })),
  };
}

type Arrays = Map<number, RowCalls[keyof RowCalls]>;

/** Arrays that were asked for last, of so many bytes. */
class Held {
  readonly #most: number;
  #recent: Arrays = new Map();
  #before: Arrays = new Map();
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: number, make: () => RowCalls[keyof RowCalls]): RowCalls[keyof RowCalls] {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const made = this.#before.get(key) ?? make();
    this.#bytes += made?.byteLength ?? 0;
    if (this.#bytes > this.#most / 2) {
      this.#before = this.#recent;
      this.#recent = new Map();
      this.#bytes = made?.byteLength ?? 0;
    }
    this.#recent.set(key, made);
    return made;
  }
}

/** Characters that the text of an array takes, quotes included; of what is null, `null`. */
function textOf(rows: number, hasBackground: boolean, a: number): number {
  if (ARRAYS[a] === "lent" && !hasBackground) return 4;
  const bytes = (ARRAYS[a] === "predicted" ? 2 : 4) * rows;
  return 4 * Math.ceil(bytes / 3) + 2;
}

/** Where the text of array `a` begins, from the beginning of what is said of a class. */
function offset(rows: number, hasBackground: boolean, a: number): number {
  let at = 0;
  for (let i = 0; i <= a; i++) at += NAMED[i].length + (i < a ? textOf(rows, hasBackground, i) : 0);
  return at;
}

/** By block, where in the file every class begins; NaN where the block lacks it. */
function placesOf(path: string, from: number, { classes, cluster, blocks }: Called): Float64Array[] {
  const wrong = () =>
    new DataError("holds predictions of other cells; remove it, and run the same command again", { path });
  const file = openSync(path, "r");
  const four = Buffer.alloc(4);
  const isNull = (at: number) => {
    readSync(file, four, 0, 4, at);
    return four.toString("latin1") === "null";
  };
  try {
    let at = from;
    const places = blocks.map(({ background }, b) => {
      at += b === 0 ? 1 : 2;
      return Float64Array.from(classes, (_, own) => {
        if (own > 0) at++;
        if (isNull(at)) {
          at += 4;
          return Number.NaN;
        }
        const [start, last] = [at, ARRAYS.length - 1];
        const rows = cluster[own].length;
        at += offset(rows, background >= 0, last) + textOf(rows, background >= 0, last) + 1;
        return start;
      }).map((place, own) => {
        if (own === classes.length - 1) at++;
        return place;
      });
    });
    // Behind the last block: the end of the object, and its seal.
    if (at + `]},"sha256":"${"0".repeat(HASH)}"}\n`.length !== statSync(path).size) throw wrong();
    return places;
  } finally {
    closeSync(file);
  }
}

/** Reads an array whose text begins at a place of a file. */
function decode(path: string, at: number, out: Int16Array | Float32Array): void {
  const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
  const text = Buffer.allocUnsafe(4 * Math.ceil(bytes.length / 3));
  const gone = (cause?: unknown) =>
    new DataError("is damaged or was removed while it was needed; run the study again", { path, cause });
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    if (readSync(file, text, 0, text.length, at + 1) !== text.length) throw gone();
  } catch (cause) {
    throw gone(cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  const read = Buffer.from(text.toString("latin1"), "base64");
  if (read.length !== bytes.length) throw gone();
  bytes.set(read);
}
