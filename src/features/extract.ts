import { join } from "node:path";
import type { CellStore } from "../cells/store.ts";
import { checkCommand } from "../encode/command/file.ts";
import type { RunningPrograms } from "../encode/command/programs.ts";
import type { Encoder } from "../encode/encoder.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { LIMITS } from "../encode/onnx/apart.ts";
import { openEncoder } from "../encode/open.ts";
import type { Setting } from "../settings.ts";
import type { Derived } from "../swap/derived.ts";
import type { Scales } from "../swap/intensity.ts";
import { piecesOf, type Segment } from "../swap/segments.ts";
import type { SeededError } from "../swap/wrong-masks.ts";
import type { CompositeOptions, CropShape, MaskKind, SwapPlan } from "../types.ts";
import { encodeRows } from "./encoding.ts";
import { FeatureSet, findShelves, type Shelf } from "./features.ts";
import { featureInputs } from "./inputs.ts";
import { featureKey } from "./key.ts";
import { encodingOrder } from "./order.ts";
import { FillingPart, type FindOptions, type PartDamage, removeUnwanted } from "./part.ts";

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

export interface ExtractOptions {
  /** What runs encoders that are other programs, as {@link tryEncoder} had it, and is ended with the extraction; its own by default. */
  readonly programs?: RunningPrograms;
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called after every batch with the encodings that are done and that this run lacked, a killed run's included. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every part (path without ending) of pieces that are made one after the other, once it is whole. */
  readonly onPart?: (base: string) => void;
  /** Called before anything is encoded with the composites that will be, and the crops that each encoder is given. */
  readonly onLacking?: (
    composites: number,
    encoders: readonly EncoderTarget[],
    encodings: readonly number[],
  ) => void;
}

/**
 * Makes the composites of the plan whose features are not on disk and writes every encoder's features, one worker
 * thread per core. Each worker composes a batch once, runs the encoders that lack it and writes their features in
 * place, so nothing but one batch per worker is in memory.
 * @throws CellswapError of the first thing that does not fit; InterruptedError after `signal`.
 */
export async function extract(request: ExtractRequest, options: ExtractOptions = {}): Promise<Extraction> {
  const { plan, encoders, folder, shared = false, onDamage } = request;
  const pieces = piecesOf(plan);
  const checked = new Set<string>();
  const shelves = requestedShelves(request, pieces, { checked, onDamage });
  encoders.forEach(({ names }, e) => {
    names.forEach((name, o) => {
      const begun = shelves[e][o].flatMap((s) => s.missing?.base ?? []);
      removeUnwanted(join(folder, name), shared ? null : new Set(begun));
    });
  });
  let total = 0;
  let done = 0;
  const marks = shelves.map((outputs, e) => {
    // Made where something lacks: whoever merges a large study has all of it.
    let lacks: Uint8Array | null = null;
    pieces.forEach(({ start, end }, s) => {
      if (outputs.every((list) => list[s].missing === null)) return;
      const own = outputs.map((list, o) => ({
        shelf: list[s],
        made: begin(list[s], encoders[e].dimensions[o]),
      }));
      for (let row = start; row < end; row++) {
        const absent = own.filter(({ shelf }) => isMissing(shelf, row - start));
        if (absent.length === 0) continue;
        total++;
        if (absent.every(({ shelf, made }) => made?.[shelf.row?.[row - start] ?? row - start] === 1)) done++;
        else (lacks ??= new Uint8Array(plan.count))[row] = 1;
      }
    });
    return lacks as Uint8Array | null;
  });
  options.onProgress?.(done, total);
  const order = marks.some((lacks) => lacks !== null)
    ? encodingOrder(plan).filter((row) => marks.some((lacks) => lacks?.[row] === 1))
    : new Int32Array(0);
  const lacking = marks.map((lacks) => Uint8Array.from(order, (row) => lacks?.[row] ?? 0));
  options.onLacking?.(
    order.length,
    encoders,
    lacking.map((lacks) => lacks.reduce((n, lack) => n + lack, 0)),
  );
  let encodingMs = 0;
  await encodeRows(request, { pieces, shelves, lacking, order }, options, (reply) => {
    encodingMs += reply.encodingMs;
    done += reply.encoded;
    options.onProgress?.(done, total);
  });
  for (const { encoder, names } of encoders)
    try {
      if (encoder.kind === "command") checkCommand(encoder);
    } catch (error) {
      // Nothing is kept under the hash of another program.
      for (const name of names) removeUnwanted(join(folder, name), new Set());
      throw error;
    }
  shelves.forEach((outputs, e) => {
    outputs.forEach((list, o) => {
      for (const { missing } of list)
        if (missing !== null) {
          const { base, count, rows } = missing;
          new FillingPart(base, count, encoders[e].dimensions[o]).finish(rows());
          checked.add(base);
        }
    });
  });
  const complete = requestedShelves(request, pieces, { checked, onDamage });
  const sets = encoders.flatMap(({ names, dimensions }, e) =>
    names.map((name, o) => new FeatureSet(name, dimensions[o], pieces, complete[e][o])),
  );
  return { sets, composites: order.length, encodingMs };
}

/** Shelves by encoder, output and piece. */
export function requestedShelves(
  {
    store,
    plan,
    scales,
    composite,
    derived,
    error = null,
    encoders,
    folder,
  }: Pick<
    ExtractRequest,
    "store" | "plan" | "scales" | "composite" | "derived" | "error" | "encoders" | "folder"
  >,
  pieces: readonly Segment[],
  options: FindOptions,
): Shelf[][][] {
  const own = featureInputs({ store, plan, scales, composite, error, derived });
  return encoders.map(({ encoder, names, dimensions }) =>
    names.map((name, o) => {
      const keyOf = (setting: Setting) => featureKey(own, encoder, o, setting);
      return findShelves(join(folder, name), { plan, pieces, keyOf, dimension: dimensions[o] }, options);
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

/** Whether a row of a piece is in none of the complete parts. */
export function isMissing({ missing, part }: Shelf, at: number): boolean {
  return missing !== null && (part === null || part[at] < 0);
}

/** Begins the part that a shelf lacks, or goes on with it: 1 for every row that is made; null where nothing lacks. */
function begin({ missing }: Shelf, dimension: number): Uint8Array | null {
  if (missing === null) return null;
  const part = new FillingPart(missing.base, missing.count, dimension);
  try {
    return part.made();
  } finally {
    part.close();
  }
}
