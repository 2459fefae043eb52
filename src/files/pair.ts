import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { partName, refuseLink, syncFile, syncFolder, writeError, writeFileAtomic } from "./atomic.ts";
import { isLeft, processTag, removeLeft } from "./parts.ts";

/**
 * Replaces a file and the text beside it that names it: at every moment, also after a kill or a power cut, the text names
 * a file that is whole and its own. Where there is one, the text names the new file by another name until it bears its
 * own; `text` makes it for a file name.
 * @throws DataError where one of them cannot be written; what was there before stays
 */
export function replacePair(
  path: string,
  data: Uint8Array,
  textPath: string,
  text: (file: string) => string,
): void {
  const staged = `${path}.new-${processTag()}`;
  refuseLink(path);
  if (!existsSync(textPath)) {
    writeFileAtomic(path, data);
    writeFileAtomic(textPath, text(basename(path)));
  } else {
    try {
      writeFileAtomic(staged, data);
      writeFileAtomic(textPath, text(basename(staged)));
    } catch (error) {
      rmSync(staged, { force: true });
      throw error;
    }
    putCopy(staged, path);
    syncFolder(dirname(path));
    writeFileAtomic(textPath, text(basename(path)));
    rmSync(staged, { force: true });
  }
  removeLeft(dirname(path), (entry) => entry.startsWith(`${path}.new-`) && isLeft(entry));
}

/** Gives a file another name as well, in the place of what bears it; a copy where the disk knows no links. */
export function putCopy(from: string, to: string): void {
  const partial = partName(to);
  try {
    rmSync(partial, { force: true });
    try {
      linkSync(from, partial);
    } catch {
      copyFileSync(from, partial);
      syncFile(partial);
    }
    renameSync(partial, to);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw writeError(to, cause);
  }
}
