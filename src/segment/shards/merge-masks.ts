import { join } from "node:path";
import { discardStaged, stageMasks } from "../../cells/replace.ts";
import { checkComplete, checkSmall, tidyShards } from "../../cells/shards/parts.ts";
import { CellStore } from "../../cells/store.ts";
import { DataError, InterruptedError } from "../../errors.ts";
import { syncFolder } from "../../files/atomic.ts";
import { canonicalJson } from "../../files/hash.ts";
import { takeLock } from "../../files/lock.ts";
import { MarkedRows } from "../../files/marked-rows.ts";
import { removeShard, shardName } from "../../files/shards.ts";
import { turn } from "../../files/turn.ts";
import {
  Judged,
  prepare,
  replaceAll,
  type SegmentOptions,
  type SegmentSummary,
  summarize,
} from "../segment-store.ts";
import { removeUnfinished, unfinishedFiles } from "../unfinished.ts";
import {
  cropsHash,
  dealRows,
  type MasksHeader,
  maskShards,
  masksOfPart,
  readMasksHeader,
  scalesOfPart,
  segmentStatus,
} from "./part.ts";

/** Cells between two turns of the event loop. */
const TURN = 64;

interface MaskPart {
  readonly path: string;
  readonly header: MasksHeader;
}

/**
 * Joins the shards of a segmentation into the store at `path`, which then has the bytes of one that was segmented on one
 * machine, and removes them. The store is held to its hashes first. A merge that is stopped or killed goes on with the
 * masks that it has written.
 * @throws DataError where a shard is missing, damaged, or of other cells or choices; as `segmentStore` besides
 */
export async function mergeMasks(
  path: string,
  options: Pick<SegmentOptions, "signal" | "onProgress"> = {},
): Promise<SegmentSummary> {
  const parts = readParts(path);
  const lock = takeLock(path);
  let summary: SegmentSummary;
  let later = false;
  try {
    summary = await mergeLocked(path, parts, options);
  } catch (error) {
    later = error instanceof InterruptedError;
    throw error;
  } finally {
    if (!lock.lost.aborted && !later) removeUnfinished(path, null);
    lock.release();
  }
  // Who finds no shards looks for nothing else that this may have left.
  syncFolder(path);
  // All at once, so that none is missed when this is cut off.
  removeShard(maskShards(path));
  tidyShards(path);
  return summary;
}

async function mergeLocked(
  path: string,
  parts: readonly MaskPart[],
  { signal, onProgress }: Pick<SegmentOptions, "signal" | "onProgress">,
): Promise<SegmentSummary> {
  const { choices, key, count, crops } = parts[0].header;
  const store = await CellStore.open(path, [], { signal, masks: choices.neighbors === true });
  try {
    const prepared = prepare(store, choices);
    // Where a merge was killed after the store had its masks, these are of the same cells and the same recipe.
    const joined =
      prepared.key !== key &&
      store.header.maskSource === prepared.maskSource &&
      cropsHash(store.header) === crops;
    if (prepared.key !== key && !joined)
      throw new DataError(
        "was changed since its shards were segmented; segment them again (`cellswap segment ... --shard i/N`)",
        { path },
      );
    stageMasks(path);
    removeUnfinished(path, key);
    const out = unfinishedFiles(path, key, store);
    const rows = dealRows(store, count);
    const odd = parts.findIndex(({ header }, shard) => header.cells !== rows[shard].length);
    if (odd >= 0)
      throw new DataError(
        `has ${parts[odd].header.cells} cells, its shard of the store has ${rows[odd].length}; remove this folder and make the shard again`,
        { path: parts[odd].path },
      );
    const judged = new Judged(store.count);
    const masks = joined ? null : new MarkedRows(out.masks);
    try {
      await fill(masks, judged, parts, {
        rows,
        path,
        signal,
        onProgress,
        height: store.height,
        width: store.width,
      });
    } catch (error) {
      masks?.close();
      throw error;
    }
    if (masks === null) return summarize(store, prepared, judged);
    return replaceAll(store, prepared, choices, judged, out, () => masks.finish());
  } finally {
    store.close();
    discardStaged(path);
  }
}

/** Copies masks, verdicts and scales of all shards. */
async function fill(
  masks: MarkedRows | null,
  judged: Judged,
  parts: readonly MaskPart[],
  about: {
    readonly signal: AbortSignal | undefined;
    readonly onProgress: SegmentOptions["onProgress"] | undefined;
    readonly path: string;
    readonly rows: readonly Int32Array[];
    readonly height: number;
    readonly width: number;
  },
): Promise<void> {
  const made = masks?.verify();
  let done = 0;
  for (const [shard, { path, header }] of parts.entries()) {
    let k = 0;
    for (const { mask, verdict, measures } of masksOfPart(path, header, about)) {
      if (done % TURN === 0) {
        await turn();
        if (about.signal?.aborted === true)
          throw new InterruptedError(
            "stopped; the masks of the store are as they were, run the same command again",
            {
              path: about.path,
            },
          );
      }
      const row = about.rows[shard][k++];
      if (made?.[row] === 0) masks?.write(row, mask);
      judged.verdicts[row] = verdict;
      measures.forEach((value, m) => {
        judged.measures[m][row] = value;
      });
      done++;
      about.onProgress?.(done, judged.verdicts.length);
    }
    for (const [field, scale] of scalesOfPart(path, header)) judged.scales.set(field, scale);
  }
}

/** The shards of a segmentation, in their order. @throws DataError where one is missing or made otherwise */
function readParts(path: string): MaskPart[] {
  const status = segmentStatus(path);
  const count = checkComplete(status, path);
  const parts = Array.from({ length: count }, (_, index) => {
    const place = join(status.path, shardName({ index, count }));
    const header = readMasksHeader(place);
    if (header.index !== index || header.count !== count)
      throw new DataError(
        `says that it is shard ${header.index}/${header.count}; it was renamed: remove this folder and make the shard again`,
        { path: place },
      );
    checkSmall(place, header.hashes, ["masks.npy"]);
    return { path: place, header };
  });
  const [first] = parts;
  const other = parts.find(({ header }) => header.key !== first.header.key);
  if (other === undefined) return parts;
  const name = ({ header }: MaskPart) => `shard ${header.index}/${header.count}`;
  const [a, b] = [first, other].map(({ header }) => canonicalJson(header.choices));
  throw new DataError(
    a === b
      ? `${name(other)} was made of other cells than ${name(first)}; make them again (first remove ${other.path}, or ${first.path})`
      : `${name(other)} was made with ${b}, ${name(first)} with ${a}; make them again with the same options (first remove ${other.path}, or ${first.path})`,
    { path: status.path },
  );
}
