import { parentPort, workerData } from "node:worker_threads";
import { isCellswapError } from "../errors.ts";
import { type Chunk, type ChunkContext, type ChunkResult, ChunkSegmenter } from "./chunk.ts";

/** What a thread answers: a result, or an error and whether a user can mend it. */
export type ChunkAnswer =
  | { readonly result: ChunkResult }
  | { readonly error: string; readonly mendable: boolean };

const segmenter = new ChunkSegmenter(workerData as ChunkContext);

parentPort?.on("message", (chunk: Chunk) => {
  let answer: ChunkAnswer;
  try {
    answer = { result: segmenter.run(chunk) };
  } catch (error) {
    const mendable = isCellswapError(error);
    answer = { error: mendable ? error.message : String((error as Error).stack), mendable };
  }
  parentPort?.postMessage(answer);
});
