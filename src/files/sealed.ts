import { createHash } from "node:crypto";
import { closeSync, fstatSync, readSync } from "node:fs";
import { beginLarge, discardLarge, placeLarge } from "./atomic.ts";
import { sha256 } from "./hash.ts";
import { HashedWriter } from "./hashed-stream.ts";
import { openInput } from "./input.ts";

/** What stands before and behind the hash at the end of the text. */
const END = /("sha256": ?")([0-9a-f]{64})("\s*\}\n)$/;

/** Bytes at the end of a text that {@link END} looks at. */
const TAIL = 96;

/** Bytes that are read at once. */
const PIECE = 1 << 22;

/**
 * Text of an object as JSON that carries its own check sum: the last key, `sha256`, is the SHA-256 of the text with
 * nothing between its quotes. @param indent as of `JSON.stringify`
 */
export function sealJson(value: Readonly<Record<string, unknown>>, indent?: number): string {
  const text = `${JSON.stringify({ ...value, sha256: "" }, null, indent)}\n`;
  const at = text.lastIndexOf('""') + 1;
  return `${text.slice(0, at)}${sha256(text)}${text.slice(at)}`;
}

/** The object of a text that {@link sealJson} made; null where one bit of it is another, or there is no such text. */
export function openSealed(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = text.toString("latin1", Math.max(0, text.length - TAIL));
  const [whole, before, sum, after] = END.exec(tail) ?? [];
  if (whole === undefined) return null;
  const body = text.subarray(0, text.length - whole.length);
  if (sha256(Buffer.concat([body, Buffer.from(before + after, "latin1")])) !== sum) return null;
  try {
    return JSON.parse(text.toString("utf8")) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Writes a text as {@link sealJson} makes it, piece by piece, for one too large to be held. */
export class SealedWriter {
  readonly #path: string;
  readonly #file: HashedWriter;
  #placed = false;

  /** @throws DataError where it cannot be written */
  constructor(path: string) {
    this.#path = path;
    this.#file = new HashedWriter(beginLarge(path), path);
  }

  /** Appends text of the object, from its `{` on; all of it is ASCII. */
  write(text: string): void {
    this.#file.write(Buffer.from(text, "latin1"));
  }

  /** Ends the object behind its last value, seals it, and gives the file its name. */
  finish(): void {
    const [before, after] = [',"sha256":"', '"}\n'];
    this.write(before + this.#file.hashWith(before + after) + after);
    this.#file.finish();
    placeLarge(this.#path);
    this.#placed = true;
  }

  /** Removes what is not finished. */
  discard(): void {
    if (this.#placed) return;
    try {
      this.#file.close();
    } finally {
      discardLarge(this.#path);
    }
  }
}

/** Whether a file of any size is a text that {@link sealJson} made, by its check sum. */
export function isSealed(path: string): boolean {
  let file: number | undefined;
  try {
    file = openInput(path);
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(TAIL, size));
    readSync(file, tail, 0, tail.length, size - tail.length);
    const [whole, before, sum, after] = END.exec(tail.toString("latin1")) ?? [];
    if (whole === undefined) return false;
    const hash = createHash("sha256");
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size));
    for (let at = 0, left = size - whole.length; left > 0; ) {
      const n = readSync(file, piece, 0, Math.min(left, piece.length), at);
      if (n === 0) return false;
      hash.update(piece.subarray(0, n));
      at += n;
      left -= n;
    }
    return hash.update(before + after).digest("hex") === sum;
  } catch {
    // Not there, or a disk or permissions that do not let it be read.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
