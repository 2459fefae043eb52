import { renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError, InUseError } from "../../errors.ts";
import { takeLock } from "../../files/lock.ts";
import { stoppedWaiting } from "../../files/objects/faults.ts";
import { hashFile } from "../../files/state.ts";
import type { StoreHeader } from "../header.ts";

/**
 * Holds `PATH.unchecked` to the hash of the file `name` of a store, and gives it its name.
 * @param called what is told of where it is not right @throws DataError then; the file is removed
 */
export async function admit(
  path: string,
  header: StoreHeader,
  name: string,
  called: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const unchecked = `${path}.unchecked`;
  if ((await hashFile(unchecked, { signal })).sha256 !== header.hashes[name]) {
    rmSync(unchecked);
    throw new DataError(
      "is damaged or was changed (its SHA-256 is not that of cells.json); copy the store there again with --force",
      { path: called },
    );
  }
  renameSync(unchecked, path);
}

/** Does `work` on a folder while no other process of this machine does; waits for one that does. */
export async function alone(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    if (signal?.aborted) throw stoppedWaiting();
    try {
      const lock = takeLock(folder);
      try {
        await work();
      } finally {
        lock.release();
      }
      return;
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      await sleep(500);
    }
  }
}
