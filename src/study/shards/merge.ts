import { setTimeout } from "node:timers/promises";
import { InterruptedError, STOPPED, StudyError } from "../../errors.ts";
import { ranges } from "../../files/shards.ts";
import { readShards, type Shards } from "./file.ts";
import { remoteBlocks } from "./remote-blocks.ts";
import { remoteFeatures, type ShardStatus, shardStatus } from "./status.ts";

/** Seconds between two looks at a folder. */
const AGAIN = 2;

export interface WaitOptions {
  /** Seconds at most; 0 by default. */
  readonly wait?: number;
  readonly signal?: AbortSignal;
  readonly onWait?: (status: ShardStatus) => void;
}

/**
 * As {@link awaitFeatures}, and brings the blocks of probes that shards have fitted into the folder, where they are in an
 * object store. @throws as it
 */
export async function awaitShards(study: string, options: WaitOptions = {}): Promise<void> {
  const shards = readShards(study);
  await awaitFeatures(study, options, shards);
  await remoteBlocks(study, shards, options.signal)?.fetch(shards.blocks);
}

/**
 * Waits until the features of all shards of a study are seen, as disks that machines share show new names late.
 * @throws StudyError naming the shards that lack something; InterruptedError after `signal`
 */
export async function awaitFeatures(
  study: string,
  { wait = 0, signal, onWait }: WaitOptions = {},
  shards: Shards = readShards(study),
): Promise<void> {
  const end = performance.now() + wait * 1000;
  const remote = remoteFeatures(study, shards, signal);
  const parts = shards.pieces.flatMap((piece) => piece.parts);
  for (;;) {
    await remote?.fetch(parts);
    const status = shardStatus(study, shards);
    const [{ made, of, missing }] = status.stages;
    if (missing.length === 0) return;
    const left = end - performance.now();
    if (left <= 0)
      throw new StudyError(
        `lacks ${of - made} of ${of} parts of the features, of ${missing.length === 1 ? "shard" : "shards"} ${ranges(missing)}; make them with \`cellswap shard\`, or all that lacks on this machine with \`cellswap run\``,
        { path: study },
      );
    onWait?.(status);
    try {
      await setTimeout(Math.min(left, AGAIN * 1000), undefined, signal === undefined ? {} : { signal });
    } catch {
      throw new InterruptedError(STOPPED);
    }
  }
}
