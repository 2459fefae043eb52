import { existsSync } from "node:fs";
import { DataError } from "../errors.ts";
import type { LogisticModel } from "../evaluate/logistic/logistic.ts";
import { probePool } from "../evaluate/logistic/streamed/pool.ts";
import {
  fitOriginals,
  type PredictedBlock,
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
import { CallsWriter, probesOf, readCalls } from "./kept-calls.ts";
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
  try {
    let step = steps.next();
    for (let fitted = 0; step.done !== true; step = steps.next()) {
      if (count !== undefined) count.probes += step.value - fitted;
      fitted = step.value;
      await between();
    }
    return step.value;
  } finally {
    // After a stop it has a file open.
    steps.return(undefined as never);
  }
}

async function streamedPredictions(
  work: PredictionWork,
  between: () => Promise<void>,
  count: Work | undefined,
  threads: number,
): Promise<Predictions> {
  const known = lookUp(work);
  if (known.found) return readCalls(known.path, known.key, work.probes);
  const pool = probePool(threads);
  const keeping = new Keeping(known, work.probes);
  try {
    const fitted = (model: LogisticModel) => {
      keeping.fitted(model);
      if (count !== undefined) count.probes++;
    };
    await predictStreamed(pool, work.probes, between, fitted, (block) => keeping.called(block));
    return keeping.finish();
  } finally {
    keeping.end();
    await pool.dispose();
  }
}

/**
 * As {@link keptPredictions}, with a pause after every fit and block, which gives the number of probes that are fitted; of
 * probes that are fitted in pieces only what is kept.
 */
export function* predictionSteps(work: PredictionWork): Generator<number, Predictions> {
  const { probes } = work;
  const known = lookUp(work);
  if (known.found) return readCalls(known.path, known.key, probes);
  if (work.streamed === true)
    throw new DataError("is damaged or was removed while it was needed; run the study again", {
      path: known.path,
    });
  const fit = probes.fit ?? ((_: number, train: readonly Int32Array[]) => fitOriginals(probes, train));
  const keeping = new Keeping(known, probes);
  try {
    const own = {
      ...probes,
      fit: (k: number, train: readonly Int32Array[]) => keeping.fitted(fit(k, train)),
    };
    yield* predictHeldOut(own, (block) => keeping.called(block));
    return keeping.finish();
  } finally {
    keeping.end();
  }
}

/** Probes and what they call, on their way to the disk: a block is not held once it is written. */
class Keeping {
  readonly #to: Pick<ReturnType<typeof lookUp>, "file" | "path" | "key">;
  readonly #probes: PredictionRequest;
  readonly #models: LogisticModel[] = [];
  #writer: CallsWriter | undefined;

  constructor(to: Pick<ReturnType<typeof lookUp>, "file" | "path" | "key">, probes: PredictionRequest) {
    this.#to = to;
    this.#probes = probes;
  }

  fitted(model: LogisticModel): LogisticModel {
    this.#models.push(model);
    return model;
  }

  called(block: PredictedBlock): PredictedBlock {
    this.#begun().add(block);
    return { ...block, cells: [] };
  }

  finish(): Predictions {
    this.#begun().finish();
    return readCalls(this.#to.path, this.#to.key, this.#probes);
  }

  /** Removes what is not finished. */
  end(): void {
    this.#writer?.discard();
  }

  #begun(): CallsWriter {
    if (this.#writer !== undefined) return this.#writer;
    const { file, path, key } = this.#to;
    // The probes first: what is kept of the predictions vouches for them.
    writeProbes(file, this.#models);
    return (this.#writer = new CallsWriter(path, key, sha256File(file)));
  }
}

/** How many probes {@link keptPredictions} would fit: one per closed group, none where an earlier run did. */
export function lackingProbes(
  work: Pick<PredictionWork, "layout" | "name" | "key"> & {
    readonly probes: Pick<PredictionRequest, "count">;
  },
): number {
  return lookUp(work).found ? 0 : work.probes.count;
}

function lookUp({ layout, name, key: of }: Pick<PredictionWork, "layout" | "name" | "key">) {
  const file = layout.view("probes.npy", name);
  const path = layout.stage("transfer", name);
  const key = shortHash([PREDICTED_VERSION, of]);
  const probes = probesOf(path, key);
  return { file, path, key, found: probes !== null && isFile(file, probes) };
}

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
