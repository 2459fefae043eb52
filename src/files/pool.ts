import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { CellswapError, InterruptedError, STOPPED } from "../errors.ts";
import { reviveError } from "./error-record.ts";
import { type Answer, type Start, startWorker } from "./worker.ts";

export interface PoolOptions {
  /** The caller's import.meta.url; the module of the threads, which calls {@link serve}, stands beside it. */
  readonly base: string;
  readonly module: string;
  /** What every thread is given to start with. */
  readonly init?: unknown;
  /** As {@link startWorker} has it. */
  readonly packages?: readonly string[];
  /** Most threads; each is started with its first task. */
  readonly threads: number;
  /** What they do, in messages: "evaluation". */
  readonly work: string;
  /** Called for every thread with the near end of a line to it, which ends with the thread. */
  readonly connect?: (port: MessagePort) => void;
}

export interface EachOptions {
  /** Position of the next task for a thread (0 to threads - 1), -1 where it gets none; in order by default. */
  readonly take?: (thread: number) => number;
  readonly signal?: AbortSignal | undefined;
  /** What the {@link InterruptedError} after `signal` says. */
  readonly stopped?: string;
}

interface Batch<Task, Result> {
  readonly tasks: readonly Task[];
  readonly take: (thread: number) => number;
  readonly done: (result: Result, task: number) => void;
  readonly end: (error: Error | undefined) => void;
  running: number;
  left: number;
  error: Error | undefined;
}

/**
 * Worker threads that do tasks, one at a time each. Errors come out of them as they were thrown: same class of
 * errors.ts, message, path and stack. Call {@link dispose} when done: the threads keep the process alive.
 */
export class Pool<Task, Result> {
  readonly threads: number;
  readonly #options: PoolOptions;
  readonly #workers: Worker[] = [];
  readonly #running: ({ batch: Batch<Task, Result>; task: number } | undefined)[];
  readonly #batches = new Set<Batch<Task, Result>>();
  #failure: Error | undefined;

  constructor(options: PoolOptions) {
    this.threads = options.threads;
    this.#options = options;
    this.#running = new Array(options.threads).fill(undefined);
  }

  /**
   * Does all tasks and hands each result to `done` with the position of its task, in the order in which they are
   * finished. May be called again before it ends: threads without a task go on with the later call's. When a task
   * fails, `done` throws or `signal` is aborted, no more tasks are given out, and those under way are waited for.
   *
   * @throws the first task's error; InterruptedError after `signal` or {@link dispose}; Error where a thread dies, and
   * CellswapError where it does for want of memory or cannot be started: at once, and for this call and every other
   */
  each(
    tasks: readonly Task[],
    done: (result: Result, task: number) => void,
    { take = inOrder(tasks.length), signal, stopped = STOPPED }: EachOptions = {},
  ): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (tasks.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        batch.error ??= new InterruptedError(stopped);
        this.#settle(batch);
      };
      const end = (error: Error | undefined) => {
        signal?.removeEventListener("abort", onAbort);
        this.#batches.delete(batch);
        if (error === undefined) resolve();
        else reject(error);
      };
      const batch = {
        tasks,
        take,
        done,
        end,
        running: 0,
        left: tasks.length,
        error: undefined as Error | undefined,
      };
      this.#batches.add(batch);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) onAbort();
      this.#feedIdle();
    });
  }

  /** Does one task. */
  async run(task: Task): Promise<Result> {
    const results: Result[] = [];
    await this.each([task], (result) => results.push(result));
    return results[0];
  }

  /** Ends the threads; tasks under way are given up, and no more are taken. */
  async dispose(): Promise<void> {
    this.#fail(new InterruptedError(`the ${this.#options.work} was stopped`));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #feedIdle(): void {
    this.#running.forEach((busy, thread) => {
      if (busy === undefined) this.#feed(thread);
    });
    for (const batch of [...this.#batches]) this.#settle(batch);
  }

  #feed(thread: number): void {
    for (const batch of this.#batches) {
      const task = batch.error === undefined ? takeOf(batch, thread) : -1;
      if (task < 0) continue;
      batch.running++;
      this.#running[thread] = { batch, task };
      try {
        this.#workers[thread] ??= this.#start(thread);
      } catch (error) {
        this.#fail(error as Error);
        return;
      }
      this.#workers[thread].postMessage(batch.tasks[task]);
      return;
    }
  }

  #start(thread: number): Worker {
    const { base, module, init, packages, work, connect } = this.#options;
    const start: Start<unknown> = { init };
    let worker: Worker;
    if (connect === undefined) worker = startWorker(base, module, start, packages);
    else {
      const { port1, port2 } = new MessageChannel();
      connect(port1);
      worker = startWorker(base, module, { ...start, port: port2 } satisfies Start<unknown>, packages, [
        port2,
      ]);
    }
    worker.on("message", (answer: Answer<Result>) => this.#answered(thread, answer));
    worker.on("messageerror", (error) => this.#fail(error));
    worker.on("error", (error) => this.#fail(died(error, work)));
    worker.on("exit", () => this.#fail(new Error(`a thread of the ${work} ended too early`)));
    return worker;
  }

  #answered(thread: number, answer: Answer<Result>): void {
    if (this.#failure !== undefined) return;
    const { batch, task } = this.#running[thread]!;
    this.#running[thread] = undefined;
    batch.running--;
    batch.left--;
    if ("error" in answer) batch.error ??= reviveError(answer.error);
    // The thread is not kept waiting for what is done with its result.
    this.#feed(thread);
    if ("result" in answer)
      try {
        batch.done(answer.result, task);
      } catch (error) {
        batch.error ??= error as Error;
      }
    // Threads that got no task before may have one now.
    this.#feedIdle();
  }

  #settle(batch: Batch<Task, Result>): void {
    if (batch.running === 0 && (batch.left === 0 || batch.error !== undefined)) batch.end(batch.error);
  }

  /** No thread is replaced: what kills one (no memory, no file) would kill the next. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const batch of [...this.#batches]) batch.end(batch.error ?? this.#failure);
  }
}

/** Next task for a thread; one that cannot be had ends its batch. */
function takeOf(batch: Pick<Batch<unknown, unknown>, "take" | "error">, thread: number): number {
  try {
    return batch.take(thread);
  } catch (error) {
    batch.error ??= error as Error;
    return -1;
  }
}

function inOrder(count: number): () => number {
  let next = 0;
  return () => (next < count ? next++ : -1);
}

function died(error: unknown, work: string): Error {
  if ((error as { code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY")
    return new CellswapError(
      `a thread of the ${work} ran out of memory; give threads more (NODE_OPTIONS=--max-old-space-size=8192, in MiB) or use fewer`,
      { cause: error },
    );
  const { message, stack } = error as Error;
  const lost = new Error(`a thread of the ${work} failed: ${message}`, { cause: error });
  if (stack !== undefined) lost.stack = stack;
  return lost;
}
