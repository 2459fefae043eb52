import { rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { removeLeftParts } from "../../files/atomic.ts";
import { canonicalJson, sha256File } from "../../files/hash.ts";
import { finishedShards, missingShards, ranges } from "../../files/shards.ts";
import { importShards, type PartHeader, partPath, readPartHeader } from "./part-header.ts";
import { REMEDY, stampsOfPart } from "./part-reader.ts";
import { changedSince } from "./stamps.ts";

/** What is there of a work in shards, by the names alone. */
export interface ShardStatus {
  readonly kind: "import" | "segment";
  /** Folder of the shards. */
  readonly path: string;
  /** Number of shards; null where there is none yet. */
  readonly shards: number | null;
  readonly done: number;
  /** Numbers of those that are missing. */
  readonly missing: readonly number[];
}

/**
 * What the folder of a work in shards holds, by the names alone.
 * @throws DataError where it holds shards of different numbers
 */
export function statusOf(kind: ShardStatus["kind"], path: string): ShardStatus {
  const done = finishedShards(path);
  const counts = [...new Set(done.map(({ count }) => count))];
  if (counts.length > 1)
    throw new DataError(
      `holds shards of ${counts.join(" and of ")}; remove those of all but one number (rm -r ${join(path, `*-of-${String(counts[0]).padStart(4, "0")}`)})`,
      { path },
    );
  const shards = counts[0] ?? null;
  const missing = shards === null ? [] : missingShards(done, shards);
  return { kind, path, shards, done: done.length, missing };
}

/** Removes what a process that is gone left in the folder of a store's shards, and the folder where nothing is left. */
export function tidyShards(out: string): void {
  const folder = dirname(importShards(out));
  removeLeftParts(folder);
  for (const empty of [importShards(out), join(folder, "segment"), folder])
    try {
      rmdirSync(empty);
    } catch {
      // It is not there, or something is in it.
    }
}

/** What is there of an import in shards of the store at `out`. */
export function importStatus(out: string): ShardStatus {
  return statusOf("import", importShards(out));
}

/** @throws DataError where shards are missing, with their numbers as job arrays take them */
export function checkComplete({ path, shards, missing, kind }: ShardStatus, out: string): number {
  if (shards === null)
    throw new DataError(
      `has no shards (they would stand in ${path}); make them with \`cellswap ${kind} ... --shard 0/N\``,
      {
        path: out,
      },
    );
  if (missing.length > 0)
    throw new DataError(
      `lacks ${missing.length === 1 ? "shard" : "shards"} ${ranges(missing)} of ${shards}; make ${missing.length === 1 ? "it" : "them"} with \`cellswap ${kind} ... --shard ${missing[0]}/${shards}\`${missing.length === 1 ? "" : ` and so on (sbatch --array=${ranges(missing)})`}`,
      { path },
    );
  return shards;
}

/** A finished shard of an import. */
export interface Part {
  readonly path: string;
  readonly header: PartHeader;
}

/**
 * The shards of an import, in their order, which are of one source and of the same choices.
 * @throws DataError where one is missing, damaged, or made of something else than the others
 */
export function readParts(out: string): Part[] {
  const status = importStatus(out);
  const count = checkComplete(status, out);
  const parts = Array.from({ length: count }, (_, index) => {
    const path = partPath(out, { index, count });
    return { path, header: readPartHeader(path) };
  });
  for (const part of parts) checkSmall(part.path, part.header.hashes, STREAMED);
  for (const { path, header } of parts)
    if (header.index !== parts.findIndex((part) => part.path === path) || header.count !== count)
      throw new DataError(
        `says that it is shard ${header.index}/${header.count}; it was renamed: remove this folder and make the shard again`,
        { path },
      );
  const [first] = parts;
  const other = parts.find(({ header }) => header.key !== first.header.key);
  if (other !== undefined) throw unlike(first, other, status.path);
  const [sized, ...more] = parts.filter(({ header }) => header.cells > 0);
  const odd = more.find(
    ({ header }) => header.height !== sized.header.height || header.width !== sized.header.width,
  );
  if (odd !== undefined)
    throw new DataError(
      `has crops of ${odd.header.height} x ${odd.header.width} px, those of shard ${sized.header.index} are ${sized.header.height} x ${sized.header.width} px; cut all cells at one size`,
      { path: odd.path },
    );
  return parts;
}

/** Files that are held to their hashes while they are read. */
const STREAMED: readonly string[] = ["crops.bin", "masks.bin"];

/** Holds the files of a shard to their hashes, but those that are `streamed`. @throws DataError where one is damaged */
export function checkSmall(
  path: string,
  hashes: Readonly<Record<string, string>>,
  streamed: readonly string[],
): void {
  for (const [name, hash] of Object.entries(hashes))
    if (!streamed.includes(name) && sha256File(join(path, name)) !== hash)
      throw new DataError(`is damaged (its SHA-256 is another); ${REMEDY}`, { path: join(path, name) });
}

function unlike(first: Part, other: Part, path: string): DataError {
  const name = ({ header }: Part) => `shard ${header.index}/${header.count}`;
  const remove = `make them again of the same source with the same options (first remove ${other.path}, or ${first.path})`;
  const choices = (part: Part): Record<string, unknown> => ({
    format: part.header.source,
    ...part.header.choices,
    diameter: part.header.diameter,
  });
  const [a, b] = [choices(first), choices(other)];
  const differing = [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
    (key) => canonicalJson(a[key] ?? null) !== canonicalJson(b[key] ?? null),
  );
  if (differing !== undefined)
    return new DataError(
      `${name(other)} was made with ${differing} ${canonicalJson(b[differing] ?? null)}, ${name(first)} with ${canonicalJson(a[differing] ?? null)}; ${remove}`,
      { path },
    );
  return new DataError(
    first.header.listing === other.header.listing
      ? `${name(other)} was made with other labels than ${name(first)}; ${remove}`
      : `${name(other)} was made of another listing of the source than ${name(first)}: it changed in between; ${remove}`,
    { path },
  );
}

/**
 * Looks whether files that shards were read from are what they were; those that are not there any more count as such.
 * @param step called after every file @throws DataError for the first that was written since, or a list that is damaged
 */
export async function checkSources(parts: readonly Part[], step: () => Promise<void> | void): Promise<void> {
  for (const part of parts)
    for (const line of stampsOfPart(part)) {
      await step();
      const changed = changedSince(line);
      if (changed !== null)
        throw new DataError(
          `was written since shard ${part.header.index}/${part.header.count} was made of it; make the shard again (the same command does)`,
          { path: changed },
        );
    }
}
