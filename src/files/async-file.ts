import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { AsyncBuffer } from "hyparquet";
import { DataError } from "../errors.ts";

/** A file that hyparquet reads pieces of, without holding it. @throws DataError where it cannot be read */
export function asyncFile(path: string): AsyncBuffer & { close(): void } {
  try {
    const file = openSync(path, "r");
    const { size } = fstatSync(file);
    return {
      byteLength: size,
      slice(start, end = size) {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
        for (let done = 0; done < bytes.length; ) {
          const n = readSync(file, bytes, done, bytes.length - done, start + done);
          if (n === 0) break;
          done += n;
        }
        return bytes.buffer;
      },
      close: () => closeSync(file),
    };
  } catch (cause) {
    throw new DataError("cannot be read; check that the file is there and readable", { path, cause });
  }
}
