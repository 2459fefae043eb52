import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, InterruptedError } from "../errors.ts";
import {
  isLeftPart,
  makeFolder,
  namedAfter,
  refuseLink,
  unmakeFolder,
  writeError,
  writeFileAtomic,
} from "../files/atomic.ts";
import { takeLock } from "../files/lock.ts";

/** What tells a folder of unfinished features from one of somebody else. */
const MARK = "cellswap.txt";

/**
 * Runs `work` on the folder `OUT.unfinished`, which is removed afterwards, unless it can be gone on with.
 * @throws DataError where something of somebody else is in the way; InUseError where another run works there
 */
export async function inUnfinished(
  out: string,
  work: (folder: string, lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const folder = `${out}.unfinished`;
  const mark = join(folder, MARK);
  let made: string | undefined;
  try {
    refuseLink(folder);
    made = makeFolder(resolve(folder));
    if (!existsSync(mark) && !readdirSync(folder).every((name) => isLeftPart(join(folder, name))))
      throw new DataError("is in the way, as unfinished features are kept there; rename it", {
        path: folder,
      });
    writeFileAtomic(mark, `Features for ${basename(out)}, until all are made.\n`);
  } catch (cause) {
    throw cause instanceof DataError ? cause : writeError(out, cause);
  }
  const lock = takeLock(folder);
  let keep = false;
  try {
    await work(folder, lock.lost);
  } catch (error) {
    keep = error instanceof InterruptedError;
    throw namedAfter(error, folder, out);
  } finally {
    lock.release();
    if (!keep && !lock.lost.aborted) {
      // The mark goes last, so that a removal that is cut off can be repeated.
      for (const name of readdirSync(folder))
        if (name !== MARK) rmSync(join(folder, name), { recursive: true, force: true });
      rmSync(mark, { force: true });
      rmdirSync(folder);
      unmakeFolder(dirname(resolve(folder)), made);
    }
  }
}
