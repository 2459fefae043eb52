import { DataError, isCellswapError } from "../errors.ts";

/** Why a file could not be written, by the code of the system. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space and run the same command again",
  EDQUOT: "the disk quota is used up; free some space and run the same command again",
  EACCES: "no permission to write there; choose another folder or change its permissions",
  EPERM: "no permission to write there; choose another folder or change its permissions",
  EROFS: "the file system is read-only; choose another folder",
  ENOTDIR: "a part of this path is a file, not a folder; choose another path",
  EEXIST: "there is a file of this name; choose another path",
  ENOTEMPTY: "there is a folder of this name that is not empty; choose another path",
  EISDIR: "this is a folder; choose a file name",
  ENOENT: "no such folder can be made there; choose another path",
  EFBIG:
    "the file would be larger than the system allows (`ulimit -f`); raise the limit or choose another disk",
  ENAMETOOLONG: "this name is too long; choose a shorter one",
  EIO: "the disk failed while writing; check it or choose another folder",
  ELOOP: "a symbolic link in this path leads back to itself; mend it or choose another path",
  EMFILE: "too many files are open at once (EMFILE); raise the limit (`ulimit -n`) or use fewer --workers",
  ENFILE: "too many files are open on this machine (ENFILE); close other programs and try again",
  ENOMEM: "there is not enough memory to write it; close other programs and try again",
  EBUSY: "another program uses it; close that and run the same command again",
  ETXTBSY: "it is a program that runs; stop that and run the same command again",
  ESTALE: "the file server no longer knows this folder (ESTALE); mount its disk again",
  ERR_INVALID_ARG_VALUE: "this path holds a NUL character; check the path",
};

/** What stands behind the name of a file until it is whole. */
const UNFINISHED = /\.(?:part|new)-[0-9a-f]{8}-\d+-\d+$/;

/** The one line for a file that could not be written; an error of ours, or of another kind, stays as it is. */
export function writeError(path: string, cause: unknown): Error {
  if (isCellswapError(cause)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code !== "string") return cause as Error;
  return new DataError(CAUSES[code] ?? `cannot be written (${code}); check the disk and the path`, {
    path: path.replace(UNFINISHED, ""),
    cause,
  });
}
