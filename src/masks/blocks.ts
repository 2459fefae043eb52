import type { Worker } from "node:worker_threads";
import { DataError, InterruptedError } from "../errors.ts";
import { startWorker } from "../files/worker.ts";
import { type Block, type BlockContext, type BlockResult, BlockSegmenter } from "./block.ts";
import type { BlockAnswer } from "./block-worker.ts";
import { FIELD_CROPS } from "./field.ts";

/** Most cells of a block: small enough that threads end together and Ctrl-C is heard. */
const BLOCK_CELLS = 64;

/** Cuts the cells of a store into blocks, field by field in the order of their first cell. */
export function makeBlocks(fields: readonly string[]): Block[] {
  const rowsOf = new Map<string, number[]>();
  fields.forEach((field, row) => {
    const rows = rowsOf.get(field);
    if (rows === undefined) rowsOf.set(field, [row]);
    else rows.push(row);
  });
  const blocks: Block[] = [];
  let field = 0;
  for (const rows of rowsOf.values()) {
    const used = Math.min(rows.length, FIELD_CROPS);
    const sample = Int32Array.from({ length: used }, (_, k) => rows[Math.floor((k * rows.length) / used)]);
    for (let at = 0; at < rows.length; at += BLOCK_CELLS)
      blocks.push({ field, sample, rows: Int32Array.from(rows.slice(at, at + BLOCK_CELLS)) });
    field++;
  }
  return blocks;
}

/**
 * Segments all blocks on `threads` threads (1: in this one) and hands each result to `take`, in any order.
 * @throws InterruptedError once `signal` is aborted.
 */
export async function runBlocks(
  context: BlockContext,
  blocks: readonly Block[],
  threads: number,
  signal: AbortSignal,
  take: (result: BlockResult) => void,
): Promise<void> {
  const count = Math.min(threads, blocks.length);
  if (count <= 1) await runHere(context, blocks, signal, take);
  else await runThreads(context, blocks, count, signal, take);
}

const interrupted = () => new InterruptedError("stopped; the masks of the store are as they were");

async function runHere(
  context: BlockContext,
  blocks: readonly Block[],
  signal: AbortSignal,
  take: (result: BlockResult) => void,
): Promise<void> {
  const segmenter = new BlockSegmenter(context);
  try {
    for (const block of blocks) {
      take(segmenter.run(block));
      await new Promise((done) => setImmediate(done));
      if (signal.aborted) throw interrupted();
    }
  } finally {
    segmenter.close();
  }
}

async function runThreads(
  context: BlockContext,
  blocks: readonly Block[],
  threads: number,
  signal: AbortSignal,
  take: (result: BlockResult) => void,
): Promise<void> {
  const workers: Worker[] = [];
  let next = 0;
  let left = blocks.length;
  try {
    await new Promise<void>((done, fail) => {
      signal.addEventListener("abort", () => fail(interrupted()), { once: true });
      if (signal.aborted) fail(interrupted());
      for (let k = 0; k < threads; k++) {
        const worker = startWorker(import.meta.url, "block-worker", context);
        workers.push(worker);
        const give = () => {
          if (next < blocks.length) worker.postMessage(blocks[next++]);
        };
        worker.on("error", fail);
        worker.on("exit", () => fail(new Error("a thread of the segmentation ended too early")));
        worker.on("message", (answer: BlockAnswer) => {
          if ("error" in answer) {
            fail(answer.mendable ? new DataError(answer.error) : new Error(answer.error));
            return;
          }
          give();
          try {
            take(answer.result);
          } catch (error) {
            fail(error as Error);
            return;
          }
          if (--left === 0) done();
        });
        give();
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
