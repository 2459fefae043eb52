import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { damaged } from "../../files/protobuf.ts";

const unreadable = (path: string, cause: unknown) =>
  new DataError("cannot be read; check that it is a file, and readable", { path, cause });

/** Reads a whole file of at most `limit` bytes. */
export function readLimited(path: string, limit: number, what: string): Uint8Array {
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new DataError(`is not a file; ${what} is needed`, { path });
    if (status.size > limit)
      throw new DataError(`has ${status.size} bytes; ${what} of at most ${limit} bytes is read`, { path });
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw unreadable(path, cause);
  }
}

/** Reads `size` bytes from byte `offset` on; the caller has checked that the file has them. */
export function readSlice(path: string, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    for (let done = 0; done < size; ) {
      const n = readSync(file, bytes, done, size - done, offset + done);
      if (n === 0) throw damaged(path, "it ended while it was read");
      done += n;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
