import { existsSync } from "node:fs";
import { z } from "zod";
import { DataError } from "../errors.ts";
import { emptyCalls } from "../evaluate/logistic/calls.ts";
import type { LogisticModel } from "../evaluate/logistic/logistic.ts";
import { probePool } from "../evaluate/logistic/streamed/pool.ts";
import {
  fitOriginals,
  type PredictedBlock,
  type PredictedCells,
  type PredictionRequest,
  type Predictions,
  predictHeldOut,
} from "../evidence/predictions.ts";
import { predictStreamed } from "../evidence/streamed-predictions.ts";
import { shortHash } from "../features/key.ts";
import { writeLargeAtomic } from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { usableCores } from "../files/machine.ts";
import { NpyReader, NpyWriter } from "../files/npy.ts";
import type { Work } from "./cost/work.ts";
import { keep, readKept } from "./kept.ts";
import type { StudyLayout } from "./layout.ts";
import { isFile } from "./open-folder.ts";

/** Raised whenever something else is kept of the same predictions. */
const PREDICTED_VERSION = 2;

/** Held-out predictions that a study folder keeps, with the probes that made them. */
export interface PredictionWork {
  readonly layout: Pick<StudyLayout, "stage" | "view">;
  /** Of the feature set. */
  readonly name: string;
  /** Hash of everything that the predictions depend on. */
  readonly key: string;
  readonly probes: PredictionRequest;
  /** Whether rows and classes are so many that probes are fitted in pieces on all threads; their key knows it. */
  readonly streamed?: boolean;
}

/** The predictions, from the study folder where an earlier run left them; `between` is awaited after every fit, which `count` counts. */
export async function keptPredictions(
  work: PredictionWork,
  between: () => Promise<void>,
  count?: Work,
  threads: number = usableCores(),
): Promise<Predictions> {
  if (work.streamed === true) return await streamedPredictions(work, between, count, threads);
  const steps = predictionSteps(work);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    if (count !== undefined) count.probes++;
    await between();
  }
  return step.value;
}

async function streamedPredictions(
  work: PredictionWork,
  between: () => Promise<void>,
  count: Work | undefined,
  threads: number,
): Promise<Predictions> {
  const { probes } = work;
  const known = lookUp(work);
  if (known.found !== undefined) return unpacked(known.found.blocks, probes);
  const pool = probePool(threads);
  try {
    const models: LogisticModel[] = [];
    const made = await predictStreamed(pool, probes, between, (model) => {
      models.push(model);
      if (count !== undefined) count.probes++;
    });
    return keepPredictions(known, models, made);
  } finally {
    await pool.dispose();
  }
}

/** As {@link keptPredictions}, with a pause after every fit; of probes that are fitted in pieces only what is kept. */
export function* predictionSteps(work: PredictionWork): Generator<number, Predictions> {
  const { probes } = work;
  const known = lookUp(work);
  if (known.found !== undefined) return unpacked(known.found.blocks, probes);
  if (work.streamed === true)
    throw new DataError("is damaged or was removed while it was needed; run the study again", {
      path: known.path,
    });
  const models: LogisticModel[] = [];
  const fit = probes.fit ?? ((_: number, train: readonly Int32Array[]) => fitOriginals(probes, train));
  const made = yield* predictHeldOut({
    ...probes,
    fit: (k, train) => (models[k] = fit(k, train)),
  });
  return keepPredictions(known, models, made);
}

function keepPredictions(
  { file, path, key }: Pick<ReturnType<typeof lookUp>, "file" | "path" | "key">,
  models: readonly LogisticModel[],
  made: Predictions,
): Predictions {
  // The probes first: what is kept of the predictions vouches for them.
  writeProbes(file, models);
  keep<Kept>(path, key, { probes: sha256File(file), blocks: packed(made) });
  return made;
}

/** How many probes {@link keptPredictions} would fit: one per closed group, none where an earlier run did. */
export function lackingProbes(
  work: Pick<PredictionWork, "layout" | "name" | "key"> & {
    readonly probes: Pick<PredictionRequest, "count">;
  },
): number {
  return lookUp(work).found === undefined ? work.probes.count : 0;
}

function lookUp({ layout, name, key: of }: Pick<PredictionWork, "layout" | "name" | "key">) {
  const file = layout.view("probes.npy", name);
  const path = layout.stage("transfer", name);
  const key = shortHash([PREDICTED_VERSION, of]);
  const kept = readKept<Kept>(path, key, KEPT);
  return { file, path, key, found: kept !== undefined && isFile(file, kept.probes) ? kept : undefined };
}

/** What the study folder keeps: the hash of the file of the probes, and the predictions. */
interface Kept {
  readonly probes: string;
  readonly blocks: Packed;
}

/** Predictions of every block and class: base64 of the arrays' bytes. */
type Packed = readonly (Record<keyof PredictedCells, string | null> | null)[][];

const ARRAYS = [
  "predicted",
  "probability",
  "own",
  "lent",
  "margin",
] as const satisfies readonly (keyof PredictedCells)[];

const KEPT = z.strictObject({
  probes: z.string(),
  blocks: z.array(z.array(z.record(z.enum(ARRAYS), z.base64().nullable()).nullable())),
});

/** One row per closed group: classes x (dimension + 1) weights on raw features, intercept last. */
function writeProbes(path: string, models: readonly LogisticModel[]): void {
  const [{ classes, dimension }] = models;
  writeLargeAtomic(path, (partial) => {
    const file = new NpyWriter(partial, "float64", [classes, dimension + 1]);
    for (const { theta } of models) file.append(theta);
    file.close();
  });
}

/**
 * The probes that {@link keptPredictions} left of a feature set, one per closed group; empty where it made none.
 * @throws DataError for a file that is damaged
 */
export function readProbes(path: string): Pick<LogisticModel, "classes" | "dimension" | "theta">[] {
  if (!existsSync(path)) return [];
  const file = new NpyReader(path);
  try {
    const [count, classes, width] = file.shape;
    return Array.from({ length: count }, (_, k) => {
      const theta = new Float64Array(classes * width);
      file.read(k, 1, theta);
      return { classes, dimension: width - 1, theta };
    });
  } finally {
    file.close();
  }
}

function packed({ blocks }: Predictions): Packed {
  const text = (a: Int16Array | Float32Array | null) =>
    a === null ? null : Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("base64");
  return blocks.map(({ cells }) =>
    cells.map((of) =>
      of === null
        ? null
        : (Object.fromEntries(ARRAYS.map((name) => [name, text(of[name])])) as NonNullable<
            Packed[number][number]
          >),
    ),
  );
}

function unpacked(kept: Packed, { classes, cluster, blocks }: PredictionRequest): Predictions {
  const read = (block: PredictionRequest["blocks"][number], b: number): PredictedBlock => ({
    ...block,
    cells: kept[b].map((of, own) => {
      if (of === null) return null;
      const cells = emptyCalls(cluster[own].length, block.background >= 0);
      for (const name of ARRAYS) {
        const array = cells[name];
        if (array !== null) new Uint8Array(array.buffer).set(Buffer.from(of[name]!, "base64"));
      }
      return cells;
    }),
  });
  return { classes, cluster, blocks: blocks.map(read) };
}
