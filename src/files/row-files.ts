import { closeSync, ftruncateSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, writeAll, writeError } from "./atomic.ts";

/** An array that lies by rows in one or several files; rows are written in any order, from several threads. */
export interface RowFiles {
  /** Files in the order of their rows. */
  readonly paths: readonly string[];
  /** Rows of a file; the last may hold fewer. */
  readonly rowsPerFile: number;
  /** Bytes before the first row of a file. */
  readonly header: number;
  readonly rowBytes: number;
}

/** Makes the files, empty but of their full sizes. @param headers what stands before the rows of each file */
export function createRowFiles(
  { paths, rowBytes }: RowFiles,
  headers: readonly Uint8Array[],
  rows: readonly number[],
): void {
  paths.forEach((path, i) => {
    try {
      makeFolder(dirname(path));
      const file = openSync(path, "w");
      try {
        writeAll(file, headers[i], 0, path);
        ftruncateSync(file, headers[i].length + rows[i] * rowBytes);
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      throw writeError(path, cause);
    }
  });
}

/** Files that are open at most. */
const OPEN = 64;

/** Writes rows into files that {@link createRowFiles} made. */
export class RowWriter {
  readonly #files: RowFiles;
  readonly #open = new Map<number, number>();

  constructor(files: RowFiles) {
    this.#files = files;
  }

  /** Writes row `row` of the array. */
  write(row: number, bytes: Uint8Array): void {
    const { paths, rowsPerFile, header, rowBytes } = this.#files;
    const at = Math.floor(row / rowsPerFile);
    writeAll(this.#file(at), bytes, header + (row % rowsPerFile) * rowBytes, paths[at]);
  }

  close(): void {
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }

  #file(at: number): number {
    let file = this.#open.get(at);
    if (file === undefined) {
      if (this.#open.size >= OPEN) {
        const [oldest, old] = this.#open.entries().next().value!;
        closeSync(old);
        this.#open.delete(oldest);
      }
      file = openSync(this.#files.paths[at], "r+");
    } else this.#open.delete(at);
    this.#open.set(at, file);
    return file;
  }
}
