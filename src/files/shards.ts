import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { refuseLink, syncFolder, syncTree, writeError } from "./atomic.ts";
import { partName } from "./parts.ts";

/** One of `count` parts of a work, numbered from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

const NAME = /^(\d{4,})-of-(\d{4,})$/;

/** Name of a shard's folder: `0003-of-0016`. */
export function shardName({ index, count }: Shard): string {
  const digits = (n: number) => String(n).padStart(4, "0");
  return `${digits(index)}-of-${digits(count)}`;
}

/** The shards that are finished in a folder, by their names alone, in their order; none where there is no folder. */
export function finishedShards(folder: string): Shard[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const [, index, count] = NAME.exec(name) ?? [];
      const shard = { index: Number(index), count: Number(count) };
      return index !== undefined && shard.index < shard.count && shardName(shard) === name ? [shard] : [];
    })
    .sort((a, b) => a.count - b.count || a.index - b.index);
}

/** Ascending whole numbers as `sbatch --array` takes them: `3,7-9`; empty for none. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const n of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else found.push([n, n]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",");
}

/** The numbers of `count` shards that are not among those that are done. */
export function missingShards(done: readonly Shard[], count: number): number[] {
  const there = new Set(done.filter((shard) => shard.count === count).map(({ index }) => index));
  return Array.from({ length: count }, (_, index) => index).filter((index) => !there.has(index));
}

/**
 * Gives a finished folder of an attempt its name. Where another attempt was faster, `same` says whether what it put there
 * will do: then this one goes; else it takes its place.
 * @throws DataError where something cannot be written
 */
export function commitShard(attempt: string, path: string, same: (there: string) => boolean): void {
  try {
    refuseLink(path);
    syncTree(attempt);
    for (;;) {
      try {
        renameSync(attempt, path);
        syncFolder(dirname(path));
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
        if (same(path)) {
          rmSync(attempt, { recursive: true, force: true });
          return;
        }
        putAside(path);
      }
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Removes a folder: its name goes first, so that no half of it is ever taken for the whole. */
export function removeShard(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) putAside(path);
}

function putAside(path: string): void {
  const aside = partName(join(dirname(path), `${basename(path)}.old`));
  rmSync(aside, { recursive: true, force: true });
  try {
    renameSync(path, aside);
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}
