import { join } from "node:path";
import { StudyError } from "../../errors.ts";
import { PairGrid } from "../../evaluate/grid.ts";
import { evaluateBlocks } from "../blocks.ts";
import { beginsKept } from "../kept.ts";
import type { Shards } from "./file.ts";
import { type ProbeStudy, probeJobs } from "./jobs.ts";
import { shardStatus } from "./status.ts";

interface FitOptions {
  /** Study folder. */
  readonly out: string;
  readonly shard: number;
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with every block that was not there and is fitted, which is waited for. */
  readonly onBlock?: (block: Shards["blocks"][number]) => Promise<void> | undefined;
}

/**
 * Fits the blocks of probes of a shard. @returns how many
 * @throws StudyError where the study changed since it was planned; InterruptedError after `signal`
 */
export async function fitBlocks(
  studied: ProbeStudy,
  shards: Shards,
  { out, shard, workers, signal, onProgress, onBlock }: FitOptions,
): Promise<number> {
  const own = new Map(shards.blocks.filter((b) => b.shard === shard).map((b) => [b.file, b]));
  const jobs = probeJobs(studied).filter(({ file }) => own.has(file));
  const there = new Set([...own.values()].filter(({ file, key }) => beginsKept(join(out, file), key)));
  const grid = new PairGrid(workers);
  try {
    for (const [i, { set, block, evaluation, file }] of jobs.entries()) {
      if (!set.whole) throw changed(`features of ${set.name} were changed`, out);
      onProgress?.(i, jobs.length);
      await evaluateBlocks({ ...evaluation, sets: [set], blocks: [block], grid: () => grid, signal });
      const made = own.get(file)!;
      if (!there.has(made)) await onBlock?.(made);
    }
    onProgress?.(jobs.length, jobs.length);
  } finally {
    await grid.dispose();
    for (const { set } of studied.outputs) set.close();
  }
  if (shardStatus(out, shards).stages[1].missing.includes(shard))
    throw changed("features, splits or pairs were changed", out);
  return jobs.length;
}

/** What is said of a study that is another than its shards were planned of. */
export function changed(what: string, path: string): StudyError {
  return new StudyError(
    `${what} since its shards were planned; run \`cellswap plan\` again, what is made already stays`,
    { path },
  );
}
