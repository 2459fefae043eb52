import { closeSync, readSync } from "node:fs";
import { openInput, readInput } from "../../files/input.ts";
import { damaged } from "../../files/protobuf.ts";

/** Reads a whole file of at most `limit` bytes. */
export function readLimited(path: string, limit: number, what: string): Uint8Array {
  return readInput(path, { bytes: limit, what });
}

/** Reads `size` bytes from byte `offset` on; the caller has checked that the file has them. */
export function readSlice(path: string, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const file = openInput(path);
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
