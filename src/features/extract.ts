import { join } from "node:path";
import type { CheckedStore } from "../cells/crops.ts";
import type { CellStore } from "../cells/store.ts";
import { share } from "../core/share.ts";
import { servePrograms } from "../encode/command/distant.ts";
import { checkCommand } from "../encode/command/file.ts";
import { RunningPrograms } from "../encode/command/programs.ts";
import type { CommandDescription } from "../encode/description.ts";
import type { Encoder } from "../encode/encoder.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { LIMITS } from "../encode/onnx/apart.ts";
import { openEncoder } from "../encode/open.ts";
import { usableCores } from "../files/machine.ts";
import { Pool } from "../files/pool.ts";
import { type Derived, derivedScales } from "../swap/derived.ts";
import type { Scales } from "../swap/intensity.ts";
import { sharePlan } from "../swap/plan.ts";
import { type Segment, segmentsOf } from "../swap/segments.ts";
import type { SeededError } from "../swap/wrong-masks.ts";
import type { CompositeOptions, CropShape, MaskKind, SwapPlan } from "../types.ts";
import { FeatureSet, findShelf, type Shelf } from "./features.ts";
import { featureInputs } from "./inputs.ts";
import { featureKey } from "./key.ts";
import { encodingOrder } from "./order.ts";
import { FillingPart, type PartDamage, removeUnwanted } from "./part.ts";

/** What is to be encoded and where the features go. */
export interface ExtractRequest {
  readonly store: CellStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
  /** Crops of composites that cells of the plan may be, numbered behind those of the store. */
  readonly derived?: Derived;
  /** Error that the masks of the store get. */
  readonly error?: SeededError | null;
  readonly encoders: readonly EncoderTarget[];
  /** Folder of the features; each output of an encoder has a folder of its own in it. */
  readonly folder: string;
  /** Whether other studies use the folder as well, so that what they have begun stays. */
  readonly shared?: boolean;
  /** Called with parts of the features that are not as they were made; what is torn of them is made again. */
  readonly onDamage?: ((damage: PartDamage) => void) | undefined;
  /** Folder of what programs print on their standard error. */
  readonly logs?: string;
}

/** An encoder, the names of its outputs in results and folders, and their dimensions (from {@link tryEncoder}). */
export interface EncoderTarget {
  readonly encoder: EncoderFile;
  readonly names: readonly string[];
  readonly dimensions: readonly number[];
}

/** What an extraction made and what it cost. */
export interface Extraction {
  /** One per output of every encoder. */
  readonly sets: readonly FeatureSet[];
  /** Composites that had to be made. */
  readonly composites: number;
  /** Milliseconds spent in the networks, all workers together. */
  readonly encodingMs: number;
}

/** What a worker needs to know of one output of an encoder; a shelf per segment of the plan. */
export interface OutputTarget {
  readonly dimension: number;
  readonly shelves: readonly Pick<Shelf, "part" | "row" | "missing">[];
}

/** What one worker thread needs to know. */
export interface WorkerSetup {
  readonly cells: CheckedStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
  readonly derived: Derived | null;
  readonly error: SeededError | null;
  readonly segments: readonly Segment[];
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
  /** Rows encoded, counted once per encoder. */
  readonly encoded: number;
  readonly encodingMs: number;
}

export interface ExtractOptions {
  /** What runs encoders that are other programs, as {@link tryEncoder} had it, and is ended with the extraction; its own by default. */
  readonly programs?: RunningPrograms;
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called after every batch with the encodings that are done and that this run lacked, a killed run's included. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called before anything is encoded with the composites that will be, and the crops that each encoder is given. */
  readonly onLacking?: (
    composites: number,
    encoders: readonly EncoderTarget[],
    encodings: readonly number[],
  ) => void;
}

/** Bytes of crops that a worker holds at a time, and the most and least rows of a batch. */
const BATCH_BYTES = 1 << 23;
const BATCH = { most: 64, least: 16 };

/** Bytes of crops for which a batch has fewer rows than the least: 16 of 256 px and eight channels. */
const LEAST_BYTES = 1 << 25;

/** Bytes of crops that a worker holds at most so that a program gets whole batches. */
const PROGRAM_BYTES = 1 << 28;

/**
 * Makes the composites of the plan whose features are not on disk and writes every encoder's features, one worker
 * thread per core. Each worker composes a batch once, runs the encoders that lack it and writes their features in
 * place, so nothing but one batch per worker is in memory.
 * @throws CellswapError of the first thing that does not fit; InterruptedError after `signal`.
 */
export async function extract(request: ExtractRequest, options: ExtractOptions = {}): Promise<Extraction> {
  const { store, plan, encoders, derived = null, error = null } = request;
  const segments = segmentsOf(plan);
  const checked = new Set<string>();
  const shelves = findShelves(request, segments, checked);
  let total = 0;
  let done = 0;
  const lacking = shelves.map((outputs, e) => {
    const lacks = new Uint8Array(plan.count);
    segments.forEach(({ start, end }, s) => {
      const own = outputs.map((list, o) => ({
        shelf: list[s],
        made: begin(list[s], encoders[e].dimensions[o]),
      }));
      for (let row = start; row < end; row++) {
        const absent = own.filter(({ shelf }) => isMissing(shelf, row - start));
        if (absent.length === 0) continue;
        total++;
        if (absent.every(({ shelf, made }) => made?.[shelf.row?.[row - start] ?? row - start] === 1)) done++;
        else lacks[row] = 1;
      }
    });
    return lacks;
  });
  options.onProgress?.(done, total);
  const order = share(encodingOrder(plan).filter((row) => lacking.some((lacks) => lacks[row] === 1)));
  options.onLacking?.(
    order.length,
    encoders,
    lacking.map((lacks) => lacks.reduce((n, lack) => n + lack, 0)),
  );
  const commands = encoders.flatMap(({ encoder }, e) =>
    encoder.kind === "command" && lacking[e].includes(1) ? [encoder.description] : [],
  );
  const batch = batchRows(store, commands);
  let encodingMs = 0;
  await runTasks(
    {
      cells: store.checked,
      plan: sharePlan(plan),
      scales: derived === null ? request.scales : derivedScales(request.scales, request.composite, derived),
      composite: request.composite,
      derived: derived && { ...derived, plan: sharePlan(derived.plan) },
      error,
      segments,
      order,
      batch,
      targets: encoders.map(({ encoder, dimensions }, e) => ({
        encoder,
        lacks: picked(lacking[e], order),
        outputs: shelves[e].map((list, o) => ({
          dimension: dimensions[o],
          shelves: list.map(({ part, row, missing }) => ({
            part: part === null ? null : share(part),
            row: row === null ? null : share(row),
            missing: missing === null ? null : { base: missing.base, rows: share(missing.rows) },
          })),
        })),
      })),
    },
    Array.from({ length: Math.ceil(order.length / batch) }, (_, b) => ({ batch: b })),
    commands,
    request.logs,
    options,
    (reply) => {
      encodingMs += reply.encodingMs;
      done += reply.encoded;
      options.onProgress?.(done, total);
    },
  );
  for (const { encoder, names } of encoders)
    try {
      if (encoder.kind === "command") checkCommand(encoder);
    } catch (error) {
      // Nothing is kept under the hash of another program.
      for (const name of names) removeUnwanted(join(request.folder, name), new Set());
      throw error;
    }
  shelves.forEach((outputs, e) => {
    outputs.forEach((list, o) => {
      for (const { missing } of list)
        if (missing !== null) {
          new FillingPart(missing.base, missing.rows.length / 2, encoders[e].dimensions[o]).finish(
            missing.rows,
          );
          checked.add(missing.base);
        }
    });
  });
  const complete = findShelves(request, segments, checked);
  const sets = encoders.flatMap(({ names, dimensions }, e) =>
    names.map((name, o) => new FeatureSet(name, dimensions[o], segments, complete[e][o])),
  );
  return { sets, composites: order.length, encodingMs };
}

/** Shelves by encoder, output and segment; what an earlier run began and this one has no use for is removed. */
function findShelves(
  {
    store,
    plan,
    scales,
    composite,
    derived,
    error = null,
    encoders,
    folder,
    shared = false,
    onDamage,
  }: ExtractRequest,
  segments: readonly Segment[],
  checked: Set<string>,
): Shelf[][][] {
  const own = featureInputs({ store, plan, scales, composite, error, derived });
  return encoders.map(({ encoder, names, dimensions }) =>
    names.map((name, o) => {
      const place = join(folder, name);
      const shelves = segments.map((segment) =>
        findShelf(place, plan, segment, featureKey(own, encoder, o, segment.setting), dimensions[o], {
          checked,
          onDamage,
        }),
      );
      removeUnwanted(place, shared ? null : new Set(shelves.flatMap((s) => s.missing?.base ?? [])));
      return shelves;
    }),
  );
}

/**
 * Opens an encoder for crops of `shape` and tries it on empty ones.
 * @param look what else is tried on it while it is open
 * @param programs what runs it where it is another program, and goes on running it; `signal` ends the trial
 * @returns dimension (number of features per crop) of each output, in the order of the description.
 * @throws CellswapError as {@link openEncoder}; InterruptedError after `signal`
 */
export async function tryEncoder(
  encoder: EncoderFile,
  shape: CropShape & { readonly masks: MaskKind },
  look?: (opened: Encoder) => Promise<void>,
  {
    programs,
    signal,
  }: { readonly programs?: RunningPrograms; readonly signal?: AbortSignal | undefined } = {},
): Promise<number[]> {
  const opened = await openEncoder(encoder, shape, {
    apart: { ...LIMITS, signal },
    ...(programs === undefined ? {} : { programs }),
  });
  try {
    await look?.(opened);
    return [...opened.dimensions];
  } finally {
    await opened.release();
  }
}

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

/** The values of some rows, in memory that threads share. */
function picked(values: Uint8Array, rows: Int32Array): Uint8Array {
  const out = new Uint8Array(new SharedArrayBuffer(rows.length));
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]];
  return out;
}

/** Whether a row of a segment is in none of the complete parts. */
function isMissing({ missing, part }: Shelf, at: number): boolean {
  return missing !== null && (part === null || part[at] < 0);
}

/** Begins the part that a shelf lacks, or goes on with it: 1 for every row that is made; null where nothing lacks. */
function begin({ missing }: Shelf, dimension: number): Uint8Array | null {
  if (missing === null) return null;
  const part = new FillingPart(missing.base, missing.rows.length / 2, dimension);
  try {
    return part.made();
  } finally {
    part.close();
  }
}
