import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { canonicalJson } from "../files/hash.ts";
import { stateOf } from "../files/state.ts";
import { version } from "../version.ts";
import { STORE_VERSION } from "./header.ts";
import type { CellSource } from "./importer.ts";

/**
 * What the pixels of an import depend on: this program, the importer and its choices, the cells in their order, and the
 * state of every file that they are read from. Null where the source does not say its files.
 */
export function importKey(source: CellSource, choices: unknown): string | null {
  const { inputs } = source;
  if (inputs === undefined || choices === undefined) return null;
  const hash = createHash("sha256");
  const { channels, masks, count } = source;
  const head = { store: STORE_VERSION, version, source: source.source, path: resolve(source.path) };
  hash.update(canonicalJson([head, channels, masks, count, choices]));
  const seen = new Set<string>();
  for (let cell = 0; cell < count; cell++) {
    hash.update(JSON.stringify(source.record(cell)));
    for (const path of inputs(cell)) {
      if (seen.has(path)) continue;
      seen.add(path);
      for (const line of states(path)) hash.update(line);
    }
  }
  return hash.digest("hex");
}

/** Paths and states of a file, or of all files in a folder (OME-Zarr). */
function* states(path: string): Generator<string> {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status?.isDirectory() !== true) {
    yield `${path}\0${status === undefined ? null : stateOf(status)}\n`;
    return;
  }
  for (const name of readdirSync(path).sort()) yield* states(join(path, name));
}
