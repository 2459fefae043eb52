import { parentPort, workerData } from "node:worker_threads";
import { isCellswapError } from "../errors.ts";
import { type Block, type BlockContext, type BlockResult, BlockSegmenter } from "./block.ts";

/** What a thread answers: a result, or an error and whether a user can mend it. */
export type BlockAnswer =
  | { readonly result: BlockResult }
  | { readonly error: string; readonly mendable: boolean };

const segmenter = new BlockSegmenter(workerData as BlockContext);

parentPort?.on("message", (block: Block) => {
  let answer: BlockAnswer;
  try {
    answer = { result: segmenter.run(block) };
  } catch (error) {
    const mendable = isCellswapError(error);
    answer = { error: mendable ? error.message : String((error as Error).stack), mendable };
  }
  parentPort?.postMessage(answer);
});
