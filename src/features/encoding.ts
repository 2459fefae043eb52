import type { CheckedStore } from "../cells/crops.ts";
import { share } from "../core/share.ts";
import { servePrograms } from "../encode/command/distant.ts";
import { RunningPrograms } from "../encode/command/programs.ts";
import type { CommandDescription } from "../encode/description.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { usableCores } from "../files/machine.ts";
import { Pool } from "../files/pool.ts";
import { type Derived, derivedScales } from "../swap/derived.ts";
import type { Scales } from "../swap/intensity.ts";
import { sharePlan } from "../swap/plan.ts";
import type { Segment } from "../swap/segments.ts";
import type { SeededError } from "../swap/wrong-masks.ts";
import type { CompositeOptions, CropShape, SwapPlan } from "../types.ts";
import type { ExtractOptions, ExtractRequest } from "./extract.ts";
import type { Missing, Shelf } from "./features.ts";

/** What a worker needs to know of one output of an encoder; a shelf per piece of the plan. */
export interface OutputTarget {
  readonly dimension: number;
  readonly shelves: readonly (Pick<Shelf, "part" | "row"> & {
    readonly missing: Pick<Missing, "base" | "count"> | null;
  })[];
}

/** What one worker thread needs to know. */
export interface WorkerSetup {
  readonly cells: CheckedStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
  readonly derived: Derived | null;
  readonly error: SeededError | null;
  readonly pieces: readonly Segment[];
  /** Tag of the attempt that makes them, where others may make the same. */
  readonly attempt: string | undefined;
  /** Rows of the plan that are to be made, in the order of the batches. */
  readonly order: Int32Array;
  /** Rows of a batch. */
  readonly batch: number;
  readonly targets: readonly {
    readonly encoder: EncoderFile;
    /** 1 for every entry of `order` that the encoder lacks. */
    readonly lacks: Uint8Array;
    readonly outputs: readonly OutputTarget[];
  }[];
}

/** A batch: entries `batch` times the size of a batch on of `order`. */
export interface WorkerTask {
  readonly batch: number;
}

/** A worker's answer. */
export interface WorkerDone {
  readonly batch: number;
  /** Rows encoded, counted once per encoder. */
  readonly encoded: number;
  readonly encodingMs: number;
}

/** Bytes of crops that a worker holds at a time, and the most and least rows of a batch. */
const BATCH_BYTES = 1 << 23;
const BATCH = { most: 64, least: 16 };

/** Bytes of crops for which a batch has fewer rows than the least: 16 of 256 px and eight channels. */
const LEAST_BYTES = 1 << 25;

/** Bytes of crops that a worker holds at most so that a program gets whole batches. */
const PROGRAM_BYTES = 1 << 28;

/**
 * Rows of a batch: as many crops as the bytes allow, in steps of the fewest, and fewer of very large crops; whole
 * batches of the program that takes most at a time, unless that needs too many bytes.
 */
export function batchRows(
  { channels, height, width }: CropShape,
  commands: readonly CommandDescription[] = [],
): number {
  const bytes = channels.length * height * width * 4;
  const rows = Math.floor(BATCH_BYTES / bytes);
  const least = Math.min(BATCH.least, Math.max(1, Math.floor(LEAST_BYTES / bytes)));
  const few = Math.min(BATCH.most, Math.max(least, rows - (rows % BATCH.least)));
  const step = Math.max(1, ...commands.map((c) => c.batch));
  const whole = Math.ceil(few / step) * step;
  return whole * bytes <= PROGRAM_BYTES ? whole : few;
}

/** Rows of a plan that are to be encoded, and where their features go. */
export interface Lacking {
  readonly pieces: readonly Segment[];
  /** By encoder, output and piece. */
  readonly shelves: readonly (readonly (readonly Shelf[])[])[];
  /** By encoder: 1 for every entry of `order` that it lacks. */
  readonly lacking: readonly Uint8Array[];
  /** Rows that some encoder lacks, in the order in which they are made. */
  readonly order: Int32Array;
  readonly attempt?: string;
}

/** Rows of one batch, as {@link encodeRows} deals them. */
export type BatchDone = WorkerDone & {
  readonly rows: Int32Array;
  /** Entry of the order that the first of them is. */
  readonly first: number;
};

/** Composes rows of a plan, runs the encoders that lack them and writes their features, one thread per core. */
export async function encodeRows(
  request: ExtractRequest,
  { pieces, shelves, lacking, order, attempt }: Lacking,
  options: ExtractOptions,
  onDone: (done: BatchDone) => void,
): Promise<void> {
  const { store, plan, encoders, derived = null, error = null } = request;
  const commands = encoders.flatMap(({ encoder }, e) =>
    encoder.kind === "command" && lacking[e].includes(1) ? [encoder.description] : [],
  );
  const batch = batchRows(store, commands);
  await runTasks(
    {
      cells: store.checked,
      plan: sharePlan(plan),
      scales: derived === null ? request.scales : derivedScales(request.scales, request.composite, derived),
      composite: request.composite,
      derived: derived && { ...derived, plan: sharePlan(derived.plan) },
      error,
      pieces,
      attempt,
      order: share(order),
      batch,
      targets: encoders.map(({ encoder, dimensions }, e) => ({
        encoder,
        lacks: share(lacking[e]),
        outputs: shelves[e].map((list, o) => ({
          dimension: dimensions[o],
          shelves: list.map(({ part, row, missing }) => ({
            part: part === null ? null : share(part),
            row: row === null ? null : share(row),
            missing: missing === null ? null : { base: missing.base, count: missing.count },
          })),
        })),
      })),
    },
    Array.from({ length: Math.ceil(order.length / batch) }, (_, b) => ({ batch: b })),
    commands,
    request.logs,
    options,
    (done) => {
      const first = done.batch * batch;
      onDone({ ...done, rows: order.subarray(first, first + batch), first });
    },
  );
}

async function runTasks(
  setup: WorkerSetup,
  tasks: readonly WorkerTask[],
  commands: readonly CommandDescription[],
  logs: string | undefined,
  { workers = usableCores(), signal, programs = new RunningPrograms() }: ExtractOptions,
  onDone: (done: WorkerDone) => void,
): Promise<void> {
  // WebGPU ends the process where two threads use it (ONNX Runtime 1.30).
  const alone = setup.targets.some(({ encoder }) => encoder.kind === "onnx" && encoder.device !== "cpu");
  const pool = new Pool<WorkerTask, WorkerDone>({
    base: import.meta.url,
    module: "worker",
    init: setup,
    // A thread that waits for a program composes nothing: for each process that computes, another one does.
    threads: alone ? 1 : Math.min(workers + commands.reduce((n, c) => n + c.processes, 0), tasks.length),
    work: "encoding",
    ...(commands.length === 0 ? {} : { connect: (port) => servePrograms(programs, port) }),
  });
  const open = setup.targets.some(({ encoder }) => encoder.kind === "onnx" && encoder.open);
  const stop = () => {
    programs.stop();
    // Threads that wait for a network that may never answer are not waited for; it ends with them.
    if (open) void pool.dispose();
  };
  try {
    if (logs !== undefined && commands.length > 0) programs.logTo(logs);
    const work = pool.each(tasks, onDone, { take: sharedOut(tasks.length, pool.threads), signal });
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
    await work;
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all([pool.dispose(), programs.end()]);
  }
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
