import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { DataError } from "../../errors.ts";
import { writeAll, writeError } from "../atomic.ts";
import { sha256 } from "../hash.ts";
import type { AskOptions } from "./client.ts";
import { type ObjectState, readRange, together } from "./read.ts";

/** Bytes that are asked for at a time. */
const PIECE = 1 << 23;

export interface DownloadOptions extends AskOptions {
  /** Called with the bytes that are there since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Copies an object to `path`: pieces side by side, each once. One that was stopped goes on where it was, as long as the
 * object is the same.
 * @throws DataError where the disk is full, the object changes meanwhile, or as {@link readRange}
 */
export async function download(
  object: ObjectState,
  path: string,
  { onBytes, ...options }: DownloadOptions = {},
): Promise<void> {
  const { size } = object;
  const partial = partialOf(object, path);
  const marks = `${partial}.pieces`;
  let file: number | undefined;
  let marking: number | undefined;
  try {
    const count = Math.ceil(size / PIECE);
    const done = existsSync(partial) && existsSync(marks) ? readFileSync(marks) : new Uint8Array(0);
    file = openSync(partial, done.length === 0 ? "w+" : "r+");
    marking = openSync(marks, done.length === 0 ? "w+" : "r+");
    ftruncateSync(file, size);
    const [to, mark] = [file, marking];
    await together(
      Array.from({ length: count }, (_, p) => p),
      async (p) => {
        const [start, end] = [p * PIECE, Math.min(size, (p + 1) * PIECE)];
        if (done[p] !== 1) {
          writeAll(to, await readRange(object, start, end, options), start, partial);
          writeAll(mark, Uint8Array.of(1), p, marks);
        }
        onBytes?.(end - start);
      },
    );
    fsyncSync(file);
    renameSync(partial, path);
    rmSync(marks, { force: true });
  } catch (cause) {
    throw writeError(path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
    if (marking !== undefined) closeSync(marking);
  }
}

/** Copies an object to `path`, from its beginning, in pieces one after the other. @throws DataError as {@link download} */
export async function fetchFile(object: ObjectState, path: string, options: AskOptions = {}): Promise<void> {
  const file = openSync(path, "w");
  try {
    for (let start = 0; start < object.size; start += PIECE) {
      const end = Math.min(object.size, start + PIECE);
      writeAll(file, await readRange(object, start, end, options), start, path);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Where what is there of an object is kept until it is whole. */
function partialOf({ etag, size }: ObjectState, path: string): string {
  return `${path}.fetched-${sha256(`${etag}\n${size}`).slice(0, 12)}`;
}

/** Bytes that the disk lacks of an object at `path`; one that was stopped has a share of it already. */
export function bytesLeft(object: ObjectState, path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.size === object.size) return 0;
  const { blocks = 0 } = statSync(partialOf(object, path), { throwIfNoEntry: false }) ?? {};
  return Math.max(0, object.size - blocks * 512);
}

/**
 * Looks for room before anything is fetched into a folder.
 * @param what what takes `bytes` more @param remedy what helps beside making room
 * @throws DataError where its disk has less
 */
export function checkRoom(folder: string, bytes: number, what: string, remedy: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bytes <= bavail * bsize) return;
  const size = (n: number) => (n < 1e8 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`);
  throw new DataError(
    `has room for ${size(bavail * bsize)}, and ${what} takes ${size(bytes)}; free some, or ${remedy}`,
    { path: folder },
  );
}
