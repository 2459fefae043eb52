import { closeSync, openSync, readSync } from "node:fs";
import type { z } from "zod";
import { writeFileAtomic } from "../files/atomic.ts";
import { readInput } from "../files/input.ts";
import { isSealed, openSealed, sealJson } from "../files/sealed.ts";

/** Output of a stage with the key of what it was made from. */
interface Kept {
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * What an earlier run left at `path` (JSON) under `key`, or undefined. Files carry a check sum: one that is not as it
 * was written, or whose value is none of `shape`, counts as not there, and its content is made again.
 */
export function readKept<T>(path: string, key: string, shape: z.ZodType): T | undefined {
  const kept = read(path);
  return kept?.key === key ? shaped(kept.value, shape) : undefined;
}

/** As {@link readKept}, whatever the key: for values whose parts have keys of their own. */
export function readValue<T>(path: string, shape: z.ZodType): T | undefined {
  const kept = read(path);
  return kept === null ? undefined : shaped(kept.value, shape);
}

/** Whether a file begins as {@link keep} begins it under `key`; what follows is not read. */
export function beginsKept(path: string, key: string): boolean {
  const wanted = Buffer.from(`{"key":${JSON.stringify(key)},`);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const found = Buffer.alloc(wanted.length);
    readSync(file, found, 0, found.length, 0);
    return found.equals(wanted);
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether a file is as {@link keep} wrote it. */
export function isKept(path: string): boolean {
  return isSealed(path);
}

function shaped<T>(value: unknown, shape: z.ZodType): T | undefined {
  // The value itself, as what the schema gives has its keys in another order.
  return shape.safeParse(value).success ? (value as T) : undefined;
}

function read(path: string): Kept | null {
  try {
    return openSealed(readInput(path)) as Kept | null;
  } catch {
    // Not there, or a disk or permissions that do not let it be read.
    return null;
  }
}

/** Leaves a stage's output at `path` and returns it as the next run will read it, so that both go on with the same values. */
export function keep<T>(path: string, key: string, value: T): T {
  const text = sealJson({ key, value });
  writeFileAtomic(path, text, false);
  return (JSON.parse(text) as { value: T }).value;
}

/** What an earlier run left at `path` under `key`, or what `make` gives, left there for the next. */
export function kept<T>(path: string, key: string, shape: z.ZodType, make: () => T): T {
  return readKept<T>(path, key, shape) ?? keep(path, key, make());
}
