import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tidyShards } from "../../cells/shards/parts.ts";
import { CellStore, readHeader } from "../../cells/store.ts";
import { DataError, InterruptedError } from "../../errors.ts";
import { adoptFolder, discardLeft, leaveFolder } from "../../files/adopted.ts";
import { exactJson } from "../../files/exact-json.ts";
import { sha256File } from "../../files/hash.ts";
import { HashedWriter } from "../../files/hashed-stream.ts";
import { usableCores } from "../../files/machine.ts";
import { sealJson } from "../../files/sealed.ts";
import { commitShard, removeShard, type Shard, shardName } from "../../files/shards.ts";
import { fileState } from "../../files/state.ts";
import { makeChunks, runChunks } from "../chunks.ts";
import { contextOf, Judged, type Prepared, prepare, type SegmentOptions } from "../segment-store.ts";
import { removeUnfinished, UnfinishedMasks, unfinishedFiles } from "../unfinished.ts";
import {
  cropsHash,
  dealRows,
  MASKS_HEADER,
  MASKS_VERSION,
  type MasksHeader,
  maskShards,
  masksHeaderOf,
  type ShardChoices,
} from "./part.ts";

/** What was made of a shard. */
export interface MaskShardSummary extends Shard {
  readonly path: string;
  readonly cells: number;
  /** Whether it was there already, or its store has these masks. */
  readonly done: boolean;
}

/**
 * Segments the fields of one shard of the store at `path`, which stays as it is: `PATH.shards/segment/0003-of-0016`, which
 * `mergeMasks` joins with the others. It is written under a name of this attempt and renamed when it is whole; attempts at
 * the same shard end in the same bytes, and one that was stopped or killed is gone on with. A shard that is there, of the
 * same cells and choices, is not made again; of an attempt that ends after the merge, which had the shard of another,
 * nothing is left. The crops are held to their hashes when the shards are joined.
 * @throws as `segmentStore`; InterruptedError on `signal`
 */
export async function segmentShard(
  path: string,
  shard: Shard,
  options: SegmentOptions = {},
): Promise<MaskShardSummary> {
  const header = join(path, "cells.json");
  const before = fileState(header);
  if (readHeader(path).count === 0)
    throw new DataError("has no cells; import some with `cellswap import`", { path });
  const store = await CellStore.open(path, [], { signal: options.signal, masks: false, crops: false });
  const place = join(maskShards(path), shardName(shard));
  try {
    const prepared = prepare(store, options);
    const rows = dealRows(store, shard.count)[shard.index];
    const same = (there: MasksHeader | null) => there?.key === prepared.key && there.count === shard.count;
    const masked = store.header.maskSource === prepared.maskSource && options.force !== true;
    const summary = { ...shard, path: place, cells: rows.length };
    if (masked || same(masksHeaderOf(place))) return { ...summary, done: true };
    // Of another attempt at this shard, while this one was at work.
    const isMerged = () =>
      fileState(header) !== before && readHeader(path).maskSource === prepared.maskSource;
    const attempt = adoptFolder(place);
    try {
      removeUnfinished(attempt, prepared.key);
      await writePart(store, { attempt, shard, rows, prepared }, options);
      commitShard(attempt, place, (there) => same(masksHeaderOf(there)));
      discardLeft(place);
      if (isMerged()) {
        removeShard(place);
        tidyShards(path);
        return { ...summary, done: true };
      }
    } catch (error) {
      if (error instanceof InterruptedError) {
        leaveFolder(attempt, place);
        throw new InterruptedError(
          "stopped; the masks that are made are kept, the same command goes on with this shard",
          { path: place },
        );
      }
      if (!existsSync(attempt) && isMerged()) return { ...summary, done: true };
      if (existsSync(attempt)) rmSync(attempt, { recursive: true, force: true });
      throw error;
    }
    return { ...summary, done: false };
  } finally {
    store.close();
  }
}

async function writePart(
  store: CellStore,
  to: {
    readonly attempt: string;
    readonly shard: Shard;
    readonly rows: Int32Array;
    readonly prepared: Prepared;
  },
  options: SegmentOptions,
): Promise<void> {
  const { attempt, shard, rows, prepared } = to;
  const { height, width, cells } = store;
  const out = unfinishedFiles(attempt, prepared.key, { count: rows.length, height, width });
  const masks = new UnfinishedMasks(out);
  const judged = new Judged(rows.length);
  let done = 0;
  try {
    await runChunks(
      contextOf(store, prepared, options, out, masks.verify()),
      makeChunks(cells.field, height, width, rows),
      options.workers ?? usableCores(),
      options.signal ?? new AbortController().signal,
      (result) => {
        judged.take(result, cells.field[result.rows[0]]);
        options.onProgress?.((done += result.rows.length), rows.length);
      },
    );
  } finally {
    masks.close();
  }
  const file = (name: string) => join(attempt, name);
  renameSync(out.masks.filling, file("masks.npy"));
  for (const rest of [out.masks.sums, out.judged.filling, out.judged.sums]) rmSync(rest);
  const verdicts = judged.verdicts.map((verdict, k) => [
    verdict,
    ...judged.measures.map((column) => column[k]),
  ]);
  // Fields end in the order in which threads come to them.
  const scales = [...judged.scales].sort(([a], [b]) => (a < b ? -1 : 1));
  const hashes = {
    "masks.npy": sha256File(file("masks.npy")),
    "verdicts.jsonl": writeLines(file("verdicts.jsonl"), verdicts),
    "scales.jsonl": writeLines(file("scales.jsonl"), scales),
  };
  const { channel, nuclei, diameter, neighbors, force } = options;
  const choices: ShardChoices = JSON.parse(JSON.stringify({ channel, nuclei, diameter, neighbors, force }));
  const header: MasksHeader = {
    format: "cellswap-masks-shard",
    version: MASKS_VERSION,
    ...shard,
    key: prepared.key,
    choices,
    crops: cropsHash(store.header),
    cells: rows.length,
    hashes,
  };
  writeFileSync(file(MASKS_HEADER), sealJson({ ...header }, 2));
}

/** Writes a line of JSON per value; returns the SHA-256 of the file. */
function writeLines(path: string, values: readonly unknown[]): string {
  rmSync(path, { force: true });
  const writer = new HashedWriter(path);
  for (const value of values) writer.write(Buffer.from(`${exactJson(value)}\n`));
  return writer.finish();
}
