import { statSync } from "node:fs";
import { DataError } from "../errors.ts";

/** What a file is known by while it is in use: another one in its place, or one written to, has another. */
export function stamp(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? "" : [status.ino, status.size, status.mtimeNs, status.ctimeNs].join();
}

/** @throws DataError where a file is not the one any more that was read and hashed */
export function checkUnchanged(stamps: Readonly<Record<string, string>>): void {
  for (const [path, before] of Object.entries(stamps))
    if (stamp(path) !== before)
      throw new DataError("was changed while it was in use; start again, and leave it as it is", { path });
}
