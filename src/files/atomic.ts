import { mkdirSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { DataError } from "../errors.ts";

/** Writes a whole file so that readers see the old or the new one, never half of it. */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const partial = `${path}.part-${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(partial, data);
    renameSync(partial, path);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw writeError(path, cause);
  }
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
    EISDIR: "this is a folder; choose a file name",
    EDQUOT: "the disk quota is used up; free some space and run the same command again",
  };
  if (code === undefined || !(code in why)) return cause as Error;
  return new DataError(why[code], { path, cause });
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
