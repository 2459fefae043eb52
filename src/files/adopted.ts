import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { makeFolder, writeError } from "./atomic.ts";
import { isLeftPart, partName } from "./parts.ts";

/** Where the folder of an attempt stands that was stopped, until the next goes on with it. */
const begun = (path: string) => `${path}.begun`;

/**
 * A folder of this process for the attempt to make `path`: one that an attempt left that was stopped, or whose process is
 * gone; else a new one. Of two attempts at once one goes on with it.
 * @throws DataError where none can be made
 */
export function adoptFolder(path: string): string {
  const own = partName(path);
  try {
    makeFolder(dirname(path));
    const names = readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}.part-`))
      .map((name) => join(dirname(path), name));
    for (const left of [begun(path), ...names.filter(isLeftPart)]) if (renamed(left, own)) return own;
    makeFolder(own);
    return own;
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Leaves the folder of an attempt at `path` for the next to go on with. */
export function leaveFolder(attempt: string, path: string): void {
  if (!existsSync(begun(path)) && renamed(attempt, begun(path))) return;
  rmSync(attempt, { recursive: true, force: true });
}

/** Removes what attempts at `path` left that were stopped: it is made. */
export function discardLeft(path: string): void {
  rmSync(begun(path), { recursive: true, force: true });
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  }
}
