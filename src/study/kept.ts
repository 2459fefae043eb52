import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../files/atomic.ts";

/** Output of a stage with the key of what it was made from. */
interface Kept {
  readonly key: string;
  readonly value: unknown;
}

/**
 * What an earlier run left at `path` (JSON) under `key`, or undefined. Files are written whole, so one that is not JSON
 * was damaged from outside; its content is made again.
 */
export function readKept<T>(path: string, key: string): T | undefined {
  const kept = read(path);
  return kept?.key === key ? (kept.value as T) : undefined;
}

/** As {@link readKept}, whatever the key: for values whose parts have keys of their own. */
export function readValue<T>(path: string): T | undefined {
  return read(path)?.value as T | undefined;
}

function read(path: string): Kept | null {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Kept | null;
  } catch {
    return null;
  }
}

/** Leaves a stage's output at `path` and returns it as the next run will read it, so that both go on with the same values. */
export function keep<T>(path: string, key: string, value: T): T {
  const text = JSON.stringify(value);
  writeFileAtomic(path, `{"key":${JSON.stringify(key)},"value":${text}}\n`);
  return JSON.parse(text) as T;
}

/** What an earlier run left at `path` under `key`, or what `make` gives, left there for the next. */
export function kept<T>(path: string, key: string, make: () => T): T {
  return readKept<T>(path, key) ?? keep(path, key, make());
}
