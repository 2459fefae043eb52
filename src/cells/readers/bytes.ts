import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { DataError, isCellswapError } from "../../errors.ts";
import { isMissing, openInput, readError } from "../../files/input.ts";

/** Bytes of a file, in memory or on disk. */
export interface ByteSource {
  readonly length: number;
  /** The `length` bytes from `at` on, which must lie within the file. */
  bytes(at: number, length: number): Uint8Array;
}

/** Bytes in memory. */
export function memoryBytes(all: Uint8Array): ByteSource {
  return { length: all.length, bytes: (at, length) => all.subarray(at, at + length) };
}

/**
 * Milliseconds for a small file above which it came late; how many more that came late than in time show that their disk
 * is far away, as a busy processor makes a few of many late; and files that are read side by side then.
 */
const LATE = 0.5;
const FAR = 16;
const BESIDE = 512;
let late = 0;
let beside = 0;

/**
 * Reads a whole small file: at once, which takes a fifth of the processor's time, while files come quickly; where they
 * are far away, so that several are waited for at the same time.
 */
export async function readSmall(path: string, size: number): Promise<Uint8Array> {
  if (beside > 0) {
    beside--;
    return readFile(path);
  }
  const start = performance.now();
  const bytes = readWhole(path, size);
  late = Math.max(0, late + (performance.now() - start > LATE ? 1 : -1));
  if (late >= FAR) {
    beside = BESIDE;
    late = 0;
  }
  return bytes;
}

/** Reads a file of so many bytes; as many as there are, where it became shorter. */
function readWhole(path: string, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(size);
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    let done = 0;
    for (let read = 1; read > 0 && done < size; done += read)
      read = readSync(file, bytes, done, size - done, done);
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

/** Bytes that are read together where few are asked for, so that lists of tags cost few reads. */
const BLOCK = 1 << 14;

/** A file that is read where it is asked for; a large one never stands in memory as a whole. */
export class FileBytes implements ByteSource {
  readonly length: number;
  readonly #path: string;
  readonly #file: number;
  #block: Uint8Array = new Uint8Array(0);
  #from = 0;

  /** @throws DataError where the file is missing, a folder or not readable. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openInput(path);
    } catch (cause) {
      throw unreadable(path, cause, "field");
    }
    this.length = fstatSync(this.#file).size;
  }

  bytes(at: number, length: number): Uint8Array {
    if (length > BLOCK) return this.#read(at, length);
    if (at < this.#from || at + length > this.#from + this.#block.length) {
      this.#block = this.#read(at, Math.min(BLOCK, this.length - at));
      this.#from = at;
    }
    return this.#block.subarray(at - this.#from, at - this.#from + length);
  }

  #read(at: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    try {
      for (let done = 0; done < length; ) {
        const read = readSync(this.#file, out, done, length - done, at + done);
        if (read === 0) throw new Error("it became shorter");
        done += read;
      }
    } catch (cause) {
      throw unreadable(this.#path, cause, "field");
    }
    return out;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The error for an image file that cannot be opened or read. */
export function unreadable(path: string, cause: unknown, what: "cell" | "field" = "cell"): Error {
  return isMissing(cause)
    ? new DataError(`is missing; restore the file or take its ${what} out`, {
        path,
        cause: isCellswapError(cause) ? cause.cause : cause,
      })
    : readError(path, cause);
}
