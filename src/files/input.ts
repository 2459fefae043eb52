import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { DataError, isCellswapError } from "../errors.ts";

/** Largest file that is read at once, bytes: what Node reads at most. */
const MOST = 2 ** 31 - 1;

/** Why a file could not be read, by the code of the system. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; check the path",
  EACCES: "no permission to read it; change its permissions, or those of its folder",
  EPERM: "no permission to read it; change its permissions, or those of its folder",
  EISDIR: "is a folder; give the path of a file",
  ENOTDIR: "a part of this path is a file, not a folder; check the path",
  ELOOP: "is a symbolic link that leads back to itself; give the file it was meant to name",
  ENAMETOOLONG: "this name is too long to be that of a file; check the path",
  EMFILE: "too many files are open at once (EMFILE); raise the limit (`ulimit -n`) or use fewer --workers",
  ENFILE: "too many files are open on this machine (ENFILE); close other programs and try again",
  EIO: "the disk failed while reading (EIO); check the disk, or copy the file again",
  ESTALE: "the file server no longer knows this file (ESTALE); mount its disk again",
  ENOMEM: "there is not enough memory to read it; close other programs and try again",
  ERR_INVALID_ARG_VALUE: "this path holds a NUL character; check the path",
};

/** The one line for a file that could not be opened or read; an error of ours stays as it is. */
export function readError(path: string, cause: unknown): Error {
  if (isCellswapError(cause)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined) return cause as Error;
  return new DataError(CAUSES[code] ?? `cannot be read (${code}); check the file and its disk`, {
    path,
    cause,
  });
}

/** True for the error of the system, or ours of it, that says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = (of: unknown) => (of as NodeJS.ErrnoException | undefined)?.code;
  return code(isCellswapError(error) ? error.cause : error) === "ENOENT";
}

/**
 * Bytes of a file that a user gives. Pipes, devices and folders are refused before they are opened: reading one may
 * never end.
 * @throws DataError where it is no regular file or is missing
 */
export function checkInput(path: string): number {
  try {
    return sizeOf(statSync(path), path);
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** Opens a file that a user gives for reading; the caller closes it. @throws DataError as {@link checkInput} */
export function openInput(path: string): number {
  checkInput(path);
  let file: number | undefined;
  try {
    // Should it have become a pipe in between, opening it does not wait for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    sizeOf(fstatSync(file), path);
    return file;
  } catch (cause) {
    if (file !== undefined) closeSync(file);
    throw readError(path, cause);
  }
}

/** The most that is read of a file, and what it is, for the message where it is larger. */
export interface InputLimit {
  readonly bytes: number;
  /** As in "a study file". */
  readonly what: string;
}

/** Reads a whole file that a user gives. @throws DataError as {@link checkInput}, or where it is over the limit */
export function readInput(path: string, limit: InputLimit = { bytes: MOST, what: "a file" }): Buffer {
  const file = openInput(path);
  try {
    const { size } = fstatSync(file);
    if (size > limit.bytes)
      throw new DataError(
        `has ${size} bytes; ${limit.what} of at most ${limit.bytes} bytes is read. Check that it is the file you mean`,
        { path },
      );
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    while (done < size) {
      const read = readSync(file, bytes, done, size - done, done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    closeSync(file);
  }
}

function sizeOf(stats: Stats, path: string): number {
  if (stats.isFile()) return stats.size;
  const what = stats.isDirectory()
    ? "a folder; give the path of a file"
    : stats.isFIFO()
      ? "a pipe, not a file; write what comes out of it into a file and give that"
      : stats.isSocket()
        ? "a socket, not a file; give the path of a file"
        : "a device, not a file; give the path of a file";
  throw new DataError(`is ${what}`, { path });
}
