import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { CellStore, storeHash } from "../cells/store.ts";
import { RunningPrograms } from "../encode/command/programs.ts";
import { namesOfOutputs } from "../encode/description.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { takeSamples } from "../encode/try.ts";
import { tryFile } from "../encode/try-file.ts";
import { DataError, InterruptedError, STOPPED, StudyError } from "../errors.ts";
import { extract, tryEncoder } from "../features/extract.ts";
import { type CellTable, writeFeatureH5ad, writeFeatureParquet } from "../features/feature-table.ts";
import { inUnfinished } from "../features/unfinished.ts";
import type { Liftable } from "../masks/verdict.ts";
import { plainScales } from "../swap/intensity.ts";
import type { Cells, CompositeOptions, Flag } from "../types.ts";
import { version } from "../version.ts";
import { asImaged } from "./cell-plan.ts";
import { cellRemedy, prepareRemedy, type Remedied } from "./cell-remedy.ts";

export interface CellFeatureOptions {
  /** File to write: `.parquet` or `.h5ad`. */
  readonly out: string;
  /** Also cells whose mask failed its quality checks. */
  readonly all?: boolean;
  /** Limits of masks that leave no cell out, as `allow` of a study: such cells lend medium as well. */
  readonly allow?: readonly Liftable[];
  /**
   * What takes the neighbors out of the features: `recompose` (4 donors), `recompose-8`, `masked`, `masked-2` (keeps 2 px
   * around the cell), `clear`. By default nothing: cells as they were imaged.
   */
  readonly remedy?: string;
  /** Metadata column that holds the class, without its prefix; Localization by default. Looked at with a remedy only. */
  readonly class?: string;
  /** Threads; one per usable core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called with the cells that are done; with several composites of a cell, with as many as these amount to. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what trying the encoder finds. */
  readonly onFlag?: (flag: Flag) => void;
}

/** What was written. */
export interface CellFeatures {
  readonly out: string;
  readonly cells: number;
  /** Cells left out as their masks failed. */
  readonly leftOut: number;
  /** Outputs of the encoder and their numbers of features. */
  readonly outputs: readonly { readonly name: string; readonly dimension: number }[];
  /** The remedy by its name, and what it says besides the features; without a remedy null. */
  readonly remedy: ({ readonly name: string } & Pick<Remedied, "distance" | "notes">) | null;
}

/** Crops as they were imaged. */
const AS_IMAGED: CompositeOptions = {
  edge: "hard",
  sigma: 1,
  donorCenter: "keep",
  halo: 0,
  intensity: "none",
  clip: null,
  seed: 1,
};

const WRITERS: Readonly<Record<string, (path: string, table: CellTable) => void | Promise<void>>> = {
  ".parquet": writeFeatureParquet,
  ".h5ad": writeFeatureH5ad,
};

/**
 * Encodes the cells of a store, as they were imaged or with their neighbors taken out by a remedy, and writes one row per
 * cell: its metadata, what its neighbors do to it, and its features. Features are kept beside the file (`OUT.unfinished`)
 * until all are made, so that the same call goes on where one was stopped. With `recompose` they take cells x 2 x donors x
 * features x 4 bytes of disk there; in memory only pieces of them are held.
 * @throws CellswapError naming the file and the remedy; InUseError where another run makes the same file;
 * InterruptedError after `signal`
 */
export async function writeCellFeatures(
  path: string,
  encoder: EncoderFile,
  options: CellFeatureOptions,
): Promise<CellFeatures> {
  const { out, all = false, workers, signal, onProgress, onFlag } = options;
  const write = writerOf(out);
  const chosen = options.remedy === undefined ? null : cellRemedy(options.remedy);
  if (chosen === null && options.class !== undefined)
    throw new StudyError(
      "--class says which classes lend medium with a remedy; give --remedy recompose as well",
    );
  const store = await CellStore.open(path, options.allow, { signal });
  const programs = new RunningPrograms();
  const stop = () => programs.stop();
  signal?.addEventListener("abort", stop, { once: true });
  const between = async () => {
    await setImmediate();
    if (signal?.aborted === true) throw new InterruptedError(STOPPED);
  };
  try {
    const rows = Int32Array.from(store.cells.usable.keys()).filter(
      (row) => all || store.cells.usable[row] === 1,
    );
    if (rows.length === 0)
      throw new DataError("has no cell with a usable mask; segment the cells again, or take --all", { path });
    const samples = takeSamples(store, rows, (row, crop) => store.readCrop(row, crop));
    const { name } = encoder.description;
    const names = namesOfOutputs(encoder.description);
    const dimensions = await tryEncoder(
      encoder,
      store,
      async (opened) => {
        for (const flag of await tryFile(encoder, opened, store, samples, signal)) {
          if (flag.severity === "refuse") throw new StudyError(flag.text);
          onFlag?.(flag);
        }
      },
      { programs, signal },
    );
    const remedy = chosen === null ? null : await prepareRemedy(store, rows, chosen, options.class, between);
    let said: Pick<Remedied, "distance" | "notes"> = { distance: {}, notes: [] };
    await inUnfinished(out, async (folder, lost) => {
      const { sets } = await extract(
        {
          store,
          ...(remedy ?? { plan: asImaged(rows), scales: plainScales("none"), composite: AS_IMAGED }),
          encoders: [{ encoder, names, dimensions }],
          folder,
        },
        {
          ...(workers === undefined ? {} : { workers }),
          signal: signal === undefined ? lost : AbortSignal.any([signal, lost]),
          programs,
          onProgress: (done, total) => {
            if (remedy === null) onProgress?.(done, total);
            else onProgress?.(Math.floor((done / Math.max(1, total)) * rows.length), rows.length);
          },
        },
      );
      try {
        const uns = {
          cellswap: version,
          cells: storeHash(store.header),
          encoder: name,
          encoder_sha256: encoder.hash,
          ...(encoder.kind === "onnx" && encoder.device !== "cpu" ? { device: encoder.device } : {}),
          channels: [...encoder.description.input.channels],
        };
        const cells = withVerdicts(store, all || remedy !== null);
        if (remedy === null)
          await write(out, { cells, rows, sets, uns: { cellswap: { ...uns, setting: "original" } } });
        else {
          const done = await remedy.finish(sets, between);
          said = { distance: done.distance, notes: done.notes };
          const about = { ...uns, ...done.uns };
          const own = { sets: done.sets, columns: done.columns, about: JSON.stringify(about) };
          await write(out, { cells, rows, ...own, uns: { cellswap: about } });
        }
      } finally {
        for (const set of sets) set.close();
      }
    });
    return {
      out,
      cells: rows.length,
      leftOut: store.count - rows.length,
      outputs: names.map((output, o) => ({ name: output, dimension: dimensions[o] })),
      remedy: remedy === null ? null : { name: remedy.name, ...said },
    };
  } finally {
    signal?.removeEventListener("abort", stop);
    await programs.end();
    store.close();
  }
}

function writerOf(out: string) {
  const ending = extname(out).toLowerCase();
  if (existsSync(out) && statSync(out).isDirectory())
    throw new DataError("is a folder; give a file, NAME.parquet or NAME.h5ad", { path: out });
  if (Object.hasOwn(WRITERS, ending)) return WRITERS[ending];
  throw new DataError("ends in neither .parquet nor .h5ad; name the file by its format", { path: out });
}

/** Metadata of the cells, with the verdicts on their masks where they are wanted. */
function withVerdicts({ cells, verdicts }: CellStore, wanted: boolean): Pick<Cells, "id" | "metadata"> {
  if (!wanted || verdicts === null) return cells;
  const columns = new Map(cells.metadata.columns).set("Metadata_Quality_Verdict", [...verdicts]);
  return { ...cells, metadata: { ...cells.metadata, columns } };
}
