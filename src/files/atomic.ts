import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { DataError, isCellswapError } from "../errors.ts";
import { sha256File } from "./hash.ts";

/**
 * Writes a whole file so that readers see the old or the new one, never half of it. A file that holds these bytes
 * already is left alone.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const partial = `${path}.part-${process.pid}`;
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  try {
    if (holds(path, bytes)) return;
    makeFolder(dirname(path));
    writeFileSync(partial, bytes);
    renameSync(partial, path);
  } catch (cause) {
    discard(partial);
    throw writeError(path, cause);
  }
}

/**
 * Makes a folder and those above it that are missing; returns the topmost that was made, undefined where it was there.
 * (Node's own recursive mkdir never returns where a file system answers ENOENT for a folder that is there, as /proc.)
 */
export function makeFolder(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      if (statSync(path).isDirectory()) return undefined;
      throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" });
    }
    if (code !== "ENOENT" || dirname(path) === path) throw error;
  }
  const made = makeFolder(dirname(path));
  mkdirSync(path);
  return made ?? path;
}

/** Removes `folder` and those above it up to `made`, what {@link makeFolder} returned, as far as they are empty. */
export function unmakeFolder(folder: string, made: string | undefined): void {
  if (made === undefined) return;
  for (let empty = folder; empty.startsWith(made); empty = dirname(empty))
    try {
      rmdirSync(empty);
    } catch {
      return;
    }
}

/** An error about something in the unfinished `from` as one about `to`, which a user knows; others as they are. */
export function namedAfter(error: unknown, from: string, to: string): unknown {
  if (!isCellswapError(error) || error.path === undefined || !error.path.startsWith(from)) return error;
  return new DataError(error.message.slice(`${error.path}: `.length), { path: to, cause: error });
}

function holds(path: string, bytes: Uint8Array): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isFile() !== true || there.size !== bytes.length) return false;
  return Buffer.compare(readFileSync(path), bytes) === 0;
}

/** The one line for a file that could not be written. */
export function writeError(path: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code;
  const why: Record<string, string> = {
    ENOSPC: "the disk is full; free some space and run the same command again",
    EACCES: "no permission to write there; choose another folder or change its permissions",
    EROFS: "the file system is read-only; choose another folder",
    EPERM: "no permission to write there; choose another folder or change its permissions",
    ENOTDIR: "a part of this path is a file, not a folder; choose another path",
    EEXIST: "there is a file of this name; choose another path",
    EISDIR: "this is a folder; choose a file name",
    ENOENT: "no such folder can be made there; choose another path",
    EFBIG:
      "the file would be larger than the system allows (`ulimit -f`); raise the limit or choose another disk",
    ENAMETOOLONG: "this name is too long; choose a shorter one",
    EIO: "the disk failed while writing; check it or choose another folder",
    EDQUOT: "the disk quota is used up; free some space and run the same command again",
  };
  if (code === undefined || cause instanceof DataError) return cause as Error;
  return new DataError(why[code] ?? `cannot be written (${code}); choose another folder`, { path, cause });
}

/** Writes all bytes at `position`; a full disk is one clear line. */
export function writeAll(file: number, bytes: Uint8Array, position: number, path: string): void {
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** As {@link writeFileAtomic}, for a file too large to be held: `write` makes it under the name it is given. */
export function writeLargeAtomic(path: string, write: (partial: string) => void): void {
  const partial = `${path}.part-${process.pid}`;
  try {
    makeFolder(dirname(path));
    write(partial);
    if (sameBytes(partial, path)) rmSync(partial);
    else renameSync(partial, path);
  } catch (cause) {
    discard(partial);
    throw writeError(path, cause);
  }
}

function sameBytes(a: string, b: string): boolean {
  const there = statSync(b, { throwIfNoEntry: false });
  return there?.isFile() === true && there.size === statSync(a).size && sha256File(a) === sha256File(b);
}

/** Removes what could not be finished; where that fails too, the first failure is the one to tell. */
function discard(partial: string): void {
  try {
    rmSync(partial, { force: true });
  } catch {
    // A part of the path is a file: nothing was written.
  }
}
