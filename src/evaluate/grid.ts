import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { DataError, InterruptedError, StudyError } from "../errors.ts";
import { startWorker } from "../files/worker.ts";
import type { PairFit } from "./crossvalidate.ts";
import type { GridAnswer, GridTask } from "./grid-worker.ts";

/** Features of one class in one block (one setting, one background). */
export interface ClassBlock {
  readonly name: string;
  /** Rows x dimension, row-major. */
  readonly features: Float32Array;
}

interface Job {
  readonly task: GridTask;
  readonly resolve: (fit: PairFit) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Evaluates all pairs of classes of a block on worker threads, one per core. Each class is held once, in memory that
 * the workers share; a worker holds one pair at a time, so memory is that of one block and a few training sets.
 * Results do not depend on the number of workers. Call {@link dispose} when done: the workers keep the process alive.
 */
export class PairGrid {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #queue: Job[] = [];
  readonly #running = new Map<Worker, Job>();
  #failure: Error | undefined;
  #next = 0;

  /** @param workers number of threads; one per core by default */
  constructor(workers: number = availableParallelism()) {
    if (!Number.isInteger(workers) || workers < 1)
      throw new StudyError(`cannot evaluate on ${workers} workers; ask for 1 or more`);
    this.#workers = Array.from({ length: workers }, () => this.#start());
    this.#idle = [...this.#workers];
  }

  /**
   * Cross-validated accuracy of every pair, in the order (0,1), (0,2), ..., (1,2), ...
   *
   * @param classes two or more classes
   * @param dimension features per row
   * @param folds number of folds
   * @param onPair called after every finished pair with the number of finished pairs (for progress)
   * @throws StudyError, DataError as {@link crossValidatePair}
   */
  async evaluate(
    classes: readonly ClassBlock[],
    dimension: number,
    folds = 5,
    onPair?: (done: number) => void,
  ): Promise<PairFit[]> {
    if (this.#failure !== undefined) throw this.#failure;
    if (classes.length < 2)
      throw new StudyError(
        `pairs need two or more classes, and there ${classes.length === 1 ? `is one (${classes[0].name})` : "are none"}; add cells of another class`,
      );
    const shared = classes.map((c) => ({ name: c.name, features: share(c.features) }));
    const fits: Promise<PairFit>[] = [];
    const jobs = new Set<Job>();
    let done = 0;
    for (let i = 0; i < shared.length; i++)
      for (let j = i + 1; j < shared.length; j++) {
        const task: GridTask = {
          id: this.#next++,
          a: shared[i].features,
          b: shared[j].features,
          names: [shared[i].name, shared[j].name],
          dimension,
          folds,
        };
        const fit = new Promise<PairFit>((resolve, reject) => {
          const job = { task, resolve, reject };
          jobs.add(job);
          this.#queue.push(job);
        });
        fits.push(fit);
        fit.then(
          () => onPair?.(++done),
          () => {},
        );
      }
    this.#pump();
    try {
      return await Promise.all(fits);
    } catch (error) {
      // What is left of this block is of no use; other blocks go on.
      const left = this.#queue.filter((job) => !jobs.has(job));
      this.#queue.splice(0, this.#queue.length, ...left);
      throw error;
    }
  }

  /** Ends the workers; pairs under way are given up. */
  async dispose(): Promise<void> {
    this.#fail(new InterruptedError("the evaluation was stopped"));
    await Promise.all(this.#workers.map((w) => w.terminate()));
  }

  #start(): Worker {
    const worker = startWorker(import.meta.url, "grid-worker");
    worker.on("message", (answer: GridAnswer) => this.#settle(worker, answer));
    worker.on("error", (error) => this.#fail(error as Error));
    return worker;
  }

  #settle(worker: Worker, answer: GridAnswer): void {
    const job = this.#running.get(worker);
    this.#running.delete(worker);
    this.#idle.push(worker);
    if ("fit" in answer) job?.resolve(answer.fit);
    else job?.reject(revive(answer.kind, answer.error));
    this.#pump();
  }

  #pump(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#queue.shift()!;
      this.#running.set(worker, job);
      worker.postMessage(job.task);
    }
  }

  /** No worker is replaced: what kills one (no memory, no file) would kill the next. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const job of [...this.#running.values(), ...this.#queue]) job.reject(error);
    this.#running.clear();
    this.#queue.length = 0;
  }
}

/** The same values in memory that threads can share; the array itself where it already is. */
function share(features: Float32Array): Float32Array {
  if (features.buffer instanceof SharedArrayBuffer) return features;
  const copy = new Float32Array(new SharedArrayBuffer(features.byteLength));
  copy.set(features);
  return copy;
}

function revive(kind: string, message: string): Error {
  if (kind === "StudyError") return new StudyError(message);
  if (kind === "DataError") return new DataError(message);
  return new Error(message);
}
