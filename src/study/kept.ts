import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../files/atomic.ts";

/**
 * What an earlier run left at `path` (JSON), or undefined where there is nothing. Files are written whole, so one that
 * is not JSON was damaged from outside; its content is made again.
 */
export function readKept<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** Leaves a result at `path` and returns it as the next run will read it, so that both go on with the same values. */
export function keep<T>(path: string, value: T): T {
  const text = JSON.stringify(value);
  writeFileAtomic(path, `${text}\n`);
  return JSON.parse(text) as T;
}
