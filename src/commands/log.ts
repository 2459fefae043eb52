import { appendFileSync, statSync } from "node:fs";
import { DataError } from "../errors.ts";
import { writeError } from "../files/write-error.ts";
import { visible } from "../visible.ts";

/**
 * Appends a line to a log, behind the time: `2026-11-28T21:04:04Z encode: done in 12 s`.
 * @throws DataError where it cannot be written, or is a folder, a pipe or a device
 */
export function appendLog(path: string, line: string): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  try {
    // A pipe that nobody reads would be waited for.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new DataError("is no regular file; give --log another name", { path });
    appendFileSync(path, `${time} ${visible(line)}\n`);
  } catch (cause) {
    throw cause instanceof DataError ? cause : writeError(path, cause);
  }
}
