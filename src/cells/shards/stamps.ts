import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Size and time of the last writing of a file, of a folder those of all in it; null where nothing is there. The same on
 * every machine that sees the file.
 */
export function stampOf(path: string): string | null {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return null;
  if (!status.isDirectory()) return `${status.size} ${status.mtimeNs}`;
  const hash = createHash("sha256");
  for (const name of readdirSync(path).sort()) hash.update(`${name}\0${stampOf(join(path, name))}\n`);
  return hash.digest("hex");
}

/** Lines of paths and their stamps, each path once. */
export function* stampLines(paths: Iterable<string>): Generator<string> {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) continue;
    seen.add(path);
    yield `${JSON.stringify([path, stampOf(path)])}\n`;
  }
}

/** The path of a line of {@link stampLines} where the file is there and is not what it was; else null. */
export function changedSince(line: string): string | null {
  const [path, before] = JSON.parse(line) as [string, string | null];
  const now = stampOf(path);
  return now === null || now === before ? null : path;
}
