import { closeSync, constants, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { checkTarget, makeFolder } from "../../files/atomic.ts";

/** Bytes of the beginning that are kept, and of the end. */
const HEAD = 1 << 20;
const TAIL = 1 << 16;

/** What a program prints on its standard error: its beginning and its end, in memory or from {@link open} on in a file. */
export class ErrorLog {
  #head: Buffer[] = [];
  #kept = 0;
  #tail = Buffer.alloc(0);
  #lost = 0;
  /** The last line that is not empty, and what is behind it. */
  #last = "";
  #path: string | undefined;
  #file: number | undefined;
  /** Bytes that were passed on as they came. */
  #shown = 0;

  readonly #onPrint: ((chunk: Uint8Array) => void) | undefined;

  /** @param onPrint called with what comes, besides, up to a megabyte */
  constructor(onPrint?: (chunk: Uint8Array) => void) {
    this.#onPrint = onPrint;
  }

  push(bytes: Uint8Array): void {
    this.#show(bytes);
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const room = Math.max(0, HEAD - this.#kept);
    const begin = chunk.subarray(0, room);
    this.#kept += begin.length;
    if (begin.length > 0) {
      if (this.#path === undefined) this.#head.push(begin);
      else this.#write(begin);
    }
    const all = Buffer.concat([this.#tail, chunk.subarray(room)]);
    this.#lost += Math.max(0, all.length - TAIL);
    this.#tail = Buffer.from(all.subarray(Math.max(0, all.length - TAIL)));
    this.#last = lastLine(`${this.#last}${chunk.toString("utf8")}`);
  }

  /** The last line that is not empty, without the colors of a terminal; "" where there is none. */
  get lastLine(): string {
    return this.#last.replace(/\p{Cc}+/gu, " ").trim();
  }

  /**
   * From now on what comes goes to the file `path`, which is made anew with the first of it.
   * @throws DataError where no file, but a link, a device or a pipe is there
   */
  open(path: string): void {
    checkTarget(path);
    this.#path ??= path;
    for (const chunk of this.#head) this.#write(chunk);
    this.#head = [];
  }

  /** Writes the end of what was too much and closes the file. */
  close(): void {
    const tail = this.#tail;
    this.#tail = Buffer.alloc(0);
    if (tail.length > 0) {
      if (this.#lost > 0) this.#write(Buffer.from(`\n[${this.#lost} bytes left out]\n`));
      this.#write(tail);
    }
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#path = undefined;
  }

  #show(bytes: Uint8Array): void {
    if (this.#onPrint === undefined || this.#shown > HEAD) return;
    const room = HEAD - this.#shown;
    this.#shown += bytes.length;
    this.#onPrint(bytes.subarray(0, room));
    if (bytes.length > room) this.#onPrint(Buffer.from("\n[more is not shown]\n"));
  }

  #write(bytes: Uint8Array): void {
    const path = this.#path;
    if (path === undefined) return;
    try {
      if (this.#file === undefined) {
        makeFolder(dirname(path));
        const { O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW = 0 } = constants;
        this.#file = openSync(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW);
      }
      writeSync(this.#file, bytes);
    } catch {
      // A full disk is told by what writes the features; a log is not worth the end of a run.
      this.close();
    }
  }
}

/** What moves the cursor of a terminal or sets its color. */
const COLOR = /[^\P{Cc}\s]\[[0-?]*[ -/]*[@-~]/gu;

/** The last line with something on it, and what comes behind it; at most 1000 characters. */
function lastLine(printed: string): string {
  const text = printed.replace(COLOR, "");
  const filled = text.trimEnd();
  const at = Math.max(filled.lastIndexOf("\n"), filled.lastIndexOf("\r")) + 1;
  return text.slice(at).slice(-1000);
}
