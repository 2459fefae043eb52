import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError, isCellswapError } from "../errors.ts";
import { sha256File } from "./hash.ts";
import { partName, removeLeftParts } from "./parts.ts";
import { writeError } from "./write-error.ts";

export { isLeftPart, partName, removeLeftParts } from "./parts.ts";
export { writeError } from "./write-error.ts";

/**
 * Writes a whole file so that readers see the old or the new one, never half of it, and so that it is on the disk
 * when this returns: what is written after it may rely on it, whatever happens to the power. A file that holds these
 * bytes already is left alone. What dead processes left half-written in the folder is removed.
 * @param synced false for what carries a check sum and is made again where it does not fit: it need not wait for the disk
 * @throws DataError where it cannot be written, or where a symbolic link or a device stands at `path`: nothing is
 * written through or in the place of those
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, synced = true): void {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  atomically(
    path,
    (partial) => {
      const file = openSync(partial, "wx");
      try {
        writeFileSync(file, bytes);
        if (synced) sync(file);
      } finally {
        closeSync(file);
      }
    },
    () => holds(path, bytes),
    synced,
  );
}

/** As {@link writeFileAtomic}, for a file too large to be held: `write` makes it under the name it is given. */
export function writeLargeAtomic(path: string, write: (partial: string) => void): void {
  atomically(path, (partial) => {
    write(partial);
    syncFile(partial);
  });
}

/**
 * Begins a file that is written over a long time, and goes by the rules of {@link writeLargeAtomic}. @returns the name to
 * write it under, until {@link placeLarge}
 */
export function beginLarge(path: string): string {
  const partial = partName(path);
  try {
    checkTarget(path);
    makeFolder(dirname(path));
    clean(dirname(path));
    rmSync(partial, { force: true });
    return partial;
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Gives a file that {@link beginLarge} began its name, when it is whole and closed. */
export function placeLarge(path: string): void {
  atomically(path, syncFile, () => false, true, true);
}

/** Removes what was begun by {@link beginLarge}. */
export function discardLarge(path: string): void {
  discard(partName(path));
}

function atomically(
  path: string,
  write: (partial: string) => void,
  held = () => false,
  synced = true,
  begun = false,
): void {
  const partial = partName(path);
  try {
    const folder = dirname(path);
    checkTarget(path);
    makeFolder(folder);
    clean(folder);
    if (held()) {
      if (synced) syncFile(path);
    } else {
      if (!begun) rmSync(partial, { force: true });
      write(partial);
      if (sameBytes(partial, path)) {
        rmSync(partial);
        if (synced) syncFile(path);
      } else renameSync(partial, path);
    }
    if (synced) syncFolder(folder);
  } catch (cause) {
    discard(partial);
    throw writeError(path, cause);
  }
}

/** Folders that this thread has looked through for what dead processes left. */
const cleaned = new Set<string>();

function clean(folder: string): void {
  const whole = resolve(folder);
  if (cleaned.has(whole)) return;
  removeLeftParts(whole);
  cleaned.add(whole);
}

/** @throws DataError where a symbolic link stands at `path`, as nothing is written or removed through one, or below a file */
export function refuseLink(path: string): void {
  let link: boolean | undefined;
  try {
    link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  } catch (cause) {
    throw writeError(path, cause);
  }
  if (link === true)
    throw new DataError(
      "is a symbolic link, through which nothing is written; remove it or name its target",
      {
        path,
      },
    );
}

/** @throws DataError where a symbolic link, a device or a pipe stands at `path` */
export function checkTarget(path: string): void {
  refuseLink(path);
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile() && !there.isDirectory())
    throw new DataError("is a device or a pipe; choose a file name", { path });
}

/**
 * Makes a folder and those above it that are missing; returns the topmost that was made, undefined where it was there.
 * (Node's own recursive mkdir never returns where a file system answers ENOENT for a folder that is there, as /proc.)
 */
export function makeFolder(path: string): string | undefined {
  try {
    return makeOneFolder(path) ? path : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
  }
  const made = makeFolder(dirname(path));
  return makeOneFolder(path) ? (made ?? path) : made;
}

/** Makes a folder in one that is there; false where it is there, as others may make it at the same time. */
function makeOneFolder(path: string): boolean {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (statSync(path).isDirectory()) return false;
    throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" });
  }
  syncFolder(dirname(path));
  return true;
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

/**
 * Puts a finished folder where nothing stands, or an empty folder: everything in it is on the disk before it gets its
 * name, and its name when this returns.
 * @throws DataError where something else stands at `path`
 */
export function commitFolder(finished: string, path: string): void {
  try {
    refuseLink(path);
    syncTree(finished);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) rmdirSync(path);
    renameSync(finished, path);
    syncFolder(dirname(resolve(path)));
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Brings a file, or a folder with all that is in it, to the disk. */
export function syncTree(path: string): void {
  const there = lstatSync(path);
  if (there.isFile()) syncFile(path);
  if (!there.isDirectory()) return;
  for (const name of readdirSync(path)) syncTree(join(path, name));
  syncFolder(path);
}

/** Brings the bytes of a file to the disk (fsync). */
export function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    sync(file);
  } finally {
    closeSync(file);
  }
}

/** Brings the names in a folder to the disk: those of files made, renamed and removed. */
export function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, "r");
    fsyncSync(folder);
  } catch (error) {
    if (!UNABLE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/** What systems answer that cannot do it for folders, or for files of this kind. */
const UNABLE = new Set(["EINVAL", "EBADF", "EISDIR", "EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** fsync of an open file, where its disk can. */
function sync(file: number): void {
  try {
    fsyncSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EBADF" || !UNABLE.has(code ?? "")) throw error;
  }
}

/** An error about something in the unfinished `from` as one about `to`, which a user knows; others as they are. */
export function namedAfter(error: unknown, from: string, to: string): unknown {
  if (!isCellswapError(error) || error.path === undefined || !error.path.startsWith(from)) return error;
  return new DataError(error.reason, { path: to, cause: error });
}

function holds(path: string, bytes: Uint8Array): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isFile() !== true || there.size !== bytes.length) return false;
  return Buffer.compare(readFileSync(path), bytes) === 0;
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
