import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { DataError } from "../errors.ts";
import { writeAll, writeError } from "./atomic.ts";
import { openInput, readError } from "./input.ts";

/** Bytes that are written or read at once. */
const PIECE = 1 << 20;

/** A new file that is written from its beginning to its end, and hashed on the way. */
export class HashedWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #hash = createHash("sha256");
  readonly #piece = Buffer.allocUnsafe(PIECE);
  #held = 0;
  #written = 0;
  #open = true;

  /** @param named what errors call the file @throws DataError where it is there already or cannot be made */
  constructor(path: string, named = path) {
    this.#path = named;
    try {
      this.#file = openSync(path, "wx");
    } catch (cause) {
      throw writeError(named, cause);
    }
  }

  write(bytes: Uint8Array): void {
    if (this.#held + bytes.length > PIECE) this.#flush();
    if (bytes.length > PIECE) this.#put(bytes);
    else {
      this.#piece.set(bytes, this.#held);
      this.#held += bytes.length;
    }
  }

  /** SHA-256 (hex) of what is written so far, followed by a text that is not. */
  hashWith(text: string): string {
    this.#flush();
    return this.#hash.copy().update(text).digest("hex");
  }

  /** Closes the file; returns its SHA-256 (hex). */
  finish(): string {
    this.#flush();
    this.close();
    return this.#hash.digest("hex");
  }

  /** Closes the file, where it is not closed already. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      closeSync(this.#file);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  #flush(): void {
    this.#put(this.#piece.subarray(0, this.#held));
    this.#held = 0;
  }

  #put(bytes: Uint8Array): void {
    writeAll(this.#file, bytes, this.#written, this.#path);
    this.#hash.update(bytes);
    this.#written += bytes.length;
  }
}

/** A file that is read from its beginning to its end, and held to its hash on the way. */
export class HashedReader {
  readonly #path: string;
  readonly #file: number;
  readonly #hash = createHash("sha256");
  readonly #wanted: string;
  readonly #remedy: string;
  #piece = Buffer.allocUnsafe(PIECE);
  #from = 0;
  #to = 0;

  /** @param wanted SHA-256 (hex) @param remedy what mends it, for messages */
  constructor(path: string, wanted: string, remedy: string) {
    this.#path = path;
    this.#wanted = wanted;
    this.#remedy = remedy;
    this.#file = openInput(path);
  }

  /** The next `length` bytes, until the next call. @throws DataError where there are fewer */
  read(length: number): Buffer {
    while (this.#to - this.#from < length) if (!this.#fill(length)) throw this.#damaged("it is too short");
    this.#from += length;
    return this.#piece.subarray(this.#from - length, this.#from);
  }

  /** The next line without its end; null after the last. */
  line(): Buffer | null {
    for (let seen = 0; ; ) {
      const at = this.#piece.subarray(0, this.#to).indexOf(10, this.#from + seen);
      if (at >= 0) {
        const line = this.#piece.subarray(this.#from, at);
        this.#from = at + 1;
        return line;
      }
      seen = this.#to - this.#from;
      if (this.#fill(seen + 1)) continue;
      if (seen > 0) throw this.#damaged("its last line has no end");
      return null;
    }
  }

  /** Reads what is left. @throws DataError where the file is not what was written */
  finish(): void {
    for (this.#from = this.#to; this.#fill(1); ) this.#from = this.#to;
    if (this.#hash.digest("hex") !== this.#wanted) throw this.#damaged("its SHA-256 is another");
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Reads on, so that `length` bytes may be held; false at the end of the file. */
  #fill(length: number): boolean {
    const held = this.#piece.subarray(this.#from, this.#to);
    const room = Math.max(PIECE, length);
    if (this.#piece.length - this.#from < room) {
      const piece = this.#piece.length < room ? Buffer.allocUnsafe(2 * room) : this.#piece;
      piece.set(held, 0);
      this.#piece = piece;
      this.#from = 0;
      this.#to = held.length;
    }
    let read: number;
    try {
      read = readSync(this.#file, this.#piece, this.#to, this.#piece.length - this.#to, null);
    } catch (cause) {
      throw readError(this.#path, cause);
    }
    this.#hash.update(this.#piece.subarray(this.#to, this.#to + read));
    this.#to += read;
    return read > 0;
  }

  #damaged(what: string): DataError {
    return new DataError(`is damaged (${what}); ${this.#remedy}`, { path: this.#path });
  }
}
