import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { OnnxEncoder } from "../encode/onnx.ts";
import { CellswapError, InterruptedError, STOPPED } from "../errors.ts";
import { startWorker } from "../files/worker.ts";
import type { Scales } from "../swap/intensity.ts";
import type { CompositeOptions, CropShape, MaskKind, SwapPlan } from "../types.ts";
import { encodingOrder } from "./order.ts";
import { BATCH, batches, FeatureFile } from "./store.ts";

/** What is to be encoded and where the features go. */
export interface ExtractRequest {
  /** Folder of the cell store. */
  readonly cells: string;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
  /** Encoders with the .npy path and the dimension of each output, in the order of the description. */
  readonly encoders: readonly EncoderTarget[];
}

/** Where the features of one encoder go; `dimensions` from {@link tryEncoder}. */
export interface EncoderTarget {
  readonly encoder: EncoderFile;
  readonly paths: readonly string[];
  readonly dimensions: readonly number[];
}

/** What one worker thread needs to know; `targets` say where each encoder's outputs are written. */
export interface WorkerSetup extends Omit<ExtractRequest, "encoders"> {
  /** Rows of the plan in the order of the batches. */
  readonly order: Int32Array;
  readonly targets: readonly {
    readonly encoder: EncoderFile;
    readonly outputs: readonly { path: string; dimension: number }[];
  }[];
}

/** A batch and the encoders (positions in `targets`) that still lack it. */
export interface WorkerTask {
  readonly batch: number;
  readonly encoders: readonly number[];
}

/** A worker's answer: the batch is written (`encodingMs` were spent in the networks), or the one line why not. */
export type WorkerReply =
  | { readonly done: number; readonly encodingMs: number }
  | { readonly error: string; readonly known: boolean };

export interface ExtractOptions {
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called after every batch with composites done and to do, those of earlier runs included. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Makes every composite of the plan and writes every encoder's features, one worker thread per core. Each worker
 * composes a batch once, runs all encoders on it and writes their features in place, so nothing but one batch per
 * worker is in memory. Features already on disk are not made again.
 * @returns milliseconds spent in the networks, all workers together.
 * @throws CellswapError of the first thing that does not fit; InterruptedError after `signal`.
 */
export async function extract(request: ExtractRequest, options: ExtractOptions = {}): Promise<number> {
  const { plan } = request;
  const targets: WorkerSetup["targets"] = request.encoders.map(({ encoder, paths, dimensions }) => ({
    encoder,
    outputs: paths.map((path, o) => ({ path, dimension: dimensions[o] })),
  }));
  const files = targets.map((t) =>
    t.outputs
      .filter((o) => !FeatureFile.complete(o.path, plan.count, o.dimension))
      .map((o) => new FeatureFile(o.path, plan.count, o.dimension)),
  );
  const wanting: number[][] = Array.from({ length: batches(plan.count) }, () => []);
  files.forEach((list, e) => {
    for (const batch of new Set(list.flatMap((f) => f.missing()))) wanting[batch].push(e);
  });
  const tasks: WorkerTask[] = wanting
    .map((encoders, batch) => ({ batch, encoders }))
    .filter((t) => t.encoders.length > 0);
  const total = files.filter((list) => list.length > 0).length * plan.count;
  let done = total - tasks.reduce((sum, t) => sum + t.encoders.length * batchRows(plan.count, t.batch), 0);
  options.onProgress?.(done, total);
  const setup: WorkerSetup = {
    cells: request.cells,
    plan: sharePlan(plan),
    order: encodingOrder(plan),
    scales: request.scales,
    composite: request.composite,
    targets,
  };
  let encodingMs = 0;
  try {
    await runTasks(setup, tasks, options, (task, ms) => {
      encodingMs += ms;
      done += task.encoders.length * batchRows(plan.count, task.batch);
      options.onProgress?.(done, total);
    });
  } catch (error) {
    for (const file of files.flat()) file.close();
    throw error;
  }
  for (const file of files.flat()) file.finish();
  return encodingMs;
}

/**
 * Opens an encoder for crops of `shape` and tries it on empty ones.
 * @returns dimension (number of features per crop) of each output, in the order of the description.
 * @throws CellswapError as {@link OnnxEncoder.open}
 */
export async function tryEncoder(
  encoder: EncoderFile,
  shape: CropShape & { readonly masks: MaskKind },
): Promise<number[]> {
  const opened = await OnnxEncoder.open(encoder, shape);
  const { dimensions } = opened;
  await opened.release();
  return dimensions;
}

function batchRows(rows: number, batch: number): number {
  return Math.min(BATCH, rows - batch * BATCH);
}

function runTasks(
  setup: WorkerSetup,
  tasks: readonly WorkerTask[],
  { workers = availableParallelism(), signal }: ExtractOptions,
  onDone: (task: WorkerTask, encodingMs: number) => void,
): Promise<void> {
  if (tasks.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const take = sharedOut(tasks.length, Math.min(workers, tasks.length));
    let running = 0;
    let stopped: Error | undefined;
    const threads: Worker[] = [];
    const end = () => {
      if (running > 0) return;
      signal?.removeEventListener("abort", onAbort);
      void Promise.all(threads.map((t) => t.terminate())).then(() =>
        stopped === undefined ? resolve() : reject(stopped),
      );
    };
    const onAbort = () => {
      stopped ??= new InterruptedError(STOPPED);
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const feed = (thread: Worker, t: number): WorkerTask | undefined => {
      const task = stopped === undefined ? tasks[take(t)] : undefined;
      if (task === undefined) end();
      else {
        running++;
        thread.postMessage(task);
      }
      return task;
    };
    for (let t = 0; t < Math.min(workers, tasks.length); t++) {
      const thread = startWorker(import.meta.url, "worker", setup);
      let current: WorkerTask | undefined;
      thread.on("message", (reply: WorkerReply) => {
        running--;
        if ("error" in reply)
          stopped ??= reply.known ? new CellswapError(reply.error) : new Error(reply.error);
        else if (current !== undefined) onDone(current, reply.encodingMs);
        current = feed(thread, t);
      });
      thread.on("error", (error) => {
        running = Math.max(0, running - 1);
        stopped ??= error;
        end();
      });
      threads.push(thread);
      current = feed(thread, t);
    }
    if (stopped !== undefined) end();
  });
}

/**
 * Deals `count` tasks to workers: each has a run of neighbors, whose composites share donors and so their fills; one
 * that has done its own takes the later half of the longest run left. Returns the next task of a worker, -1 for none.
 */
export function sharedOut(count: number, workers: number): (worker: number) => number {
  const runs = Array.from({ length: workers }, (_, w) => ({
    next: Math.floor((w * count) / workers),
    end: Math.floor(((w + 1) * count) / workers),
  }));
  return (worker) => {
    const own = runs[worker];
    if (own.next === own.end) {
      const longest = runs.reduce((a, b) => (b.end - b.next > a.end - a.next ? b : a));
      if (longest.next === longest.end) return -1;
      own.next = longest.next + Math.floor((longest.end - longest.next) / 2);
      own.end = longest.end;
      longest.end = own.next;
    }
    return own.next++;
  };
}

/** The plan with its arrays in shared memory, so that every worker reads the same copy. */
function sharePlan(plan: SwapPlan): SwapPlan {
  const share = <T extends Int32Array | Uint8Array | Int16Array>(a: T): T => {
    const Type = a.constructor as new (buffer: SharedArrayBuffer) => T;
    const copy = new Type(new SharedArrayBuffer(a.byteLength));
    copy.set(a);
    return copy;
  };
  return {
    ...plan,
    cell: share(plan.cell),
    setting: share(plan.setting),
    background: share(plan.background),
    donor: share(plan.donor),
    sameField: share(plan.sameField),
  };
}
