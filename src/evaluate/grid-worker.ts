import { parentPort } from "node:worker_threads";
import { isCellswapError } from "../errors.ts";
import { crossValidatePair, type PairFit } from "./crossvalidate.ts";

/** What a worker of the grid is asked. */
export interface GridTask {
  readonly id: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly names: readonly [string, string];
  readonly dimension: number;
  readonly folds: number;
}

/** What it answers. */
export type GridAnswer =
  | { readonly id: number; readonly fit: PairFit }
  | { readonly id: number; readonly error: string; readonly kind: string };

parentPort?.on("message", (task: GridTask) => {
  let answer: GridAnswer;
  try {
    const { id, a, b, dimension, folds, names } = task;
    answer = { id, fit: crossValidatePair(a, b, dimension, folds, names) };
  } catch (error) {
    const { name, message, stack } = error as Error;
    answer = { id: task.id, error: isCellswapError(error) ? message : (stack ?? message), kind: name };
  }
  parentPort?.postMessage(answer);
});
