import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { CellStore, storeHash } from "../cells/store.ts";
import { RunningPrograms } from "../encode/command/programs.ts";
import { namesOfOutputs } from "../encode/description.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { takeSamples, tryOut } from "../encode/try.ts";
import { DataError, InterruptedError, StudyError } from "../errors.ts";
import {
  isLeftPart,
  makeFolder,
  namedAfter,
  refuseLink,
  unmakeFolder,
  writeError,
  writeFileAtomic,
} from "../files/atomic.ts";
import { takeLock } from "../files/lock.ts";
import { SETTINGS } from "../settings.ts";
import { plainScales } from "../swap/intensity.ts";
import type { Cells, CompositeOptions, Flag, SwapPlan } from "../types.ts";
import { version } from "../version.ts";
import { extract, tryEncoder } from "./extract.ts";
import { type CellTable, writeFeatureH5ad, writeFeatureParquet } from "./feature-table.ts";

export interface CellFeatureOptions {
  /** File to write: `.parquet` or `.h5ad`. */
  readonly out: string;
  /** Also cells whose mask failed its quality checks. */
  readonly all?: boolean;
  /** Threads; one per core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
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
 * Encodes the cells of a store as they were imaged and writes one row per cell: its metadata and its features. Features
 * are kept beside the file (`OUT.unfinished`) until all are made, so that the same call goes on where one was stopped.
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
  const store = await CellStore.open(path, [], { signal });
  const programs = new RunningPrograms();
  const stop = () => programs.stop();
  signal?.addEventListener("abort", stop, { once: true });
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
        for (const flag of await tryOut(opened, name, samples)) {
          if (flag.severity === "refuse") throw new StudyError(flag.text);
          onFlag?.(flag);
        }
      },
      { programs, signal },
    );
    await inFolder(out, async (folder, lost) => {
      const { sets } = await extract(
        {
          store,
          plan: asImaged(rows),
          scales: plainScales("none"),
          composite: AS_IMAGED,
          encoders: [{ encoder, names, dimensions }],
          folder,
        },
        {
          ...(workers === undefined ? {} : { workers }),
          signal: signal === undefined ? lost : AbortSignal.any([signal, lost]),
          programs,
          ...(onProgress === undefined ? {} : { onProgress }),
        },
      );
      try {
        const uns = {
          cellswap: version,
          cells: storeHash(store.header),
          encoder: name,
          encoder_sha256: encoder.hash,
          channels: [...encoder.description.input.channels],
          setting: "original",
        };
        await write(out, { cells: withVerdicts(store, all), rows, sets, uns: { cellswap: uns } });
      } finally {
        for (const set of sets) set.close();
      }
    });
    return {
      out,
      cells: rows.length,
      leftOut: store.count - rows.length,
      outputs: names.map((output, o) => ({ name: output, dimension: dimensions[o] })),
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

/** What tells a folder of unfinished features from one of somebody else. */
const MARK = "cellswap.txt";

/** Runs `work` on a folder beside `out`, which is removed afterwards, unless it can be gone on with. */
async function inFolder(
  out: string,
  work: (folder: string, lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const folder = `${out}.unfinished`;
  const mark = join(folder, MARK);
  let made: string | undefined;
  try {
    refuseLink(folder);
    made = makeFolder(resolve(folder));
    if (!existsSync(mark) && !readdirSync(folder).every((name) => isLeftPart(join(folder, name))))
      throw new DataError("is in the way, as unfinished features are kept there; rename it", {
        path: folder,
      });
    writeFileAtomic(mark, `Features for ${basename(out)}, until all are made.\n`);
  } catch (cause) {
    throw cause instanceof DataError ? cause : writeError(out, cause);
  }
  const lock = takeLock(folder);
  let keep = false;
  try {
    await work(folder, lock.lost);
  } catch (error) {
    keep = error instanceof InterruptedError;
    throw namedAfter(error, folder, out);
  } finally {
    lock.release();
    if (!keep && !lock.lost.aborted) {
      // The mark goes last, so that a removal that is cut off can be repeated.
      for (const name of readdirSync(folder))
        if (name !== MARK) rmSync(join(folder, name), { recursive: true, force: true });
      rmSync(mark, { force: true });
      rmdirSync(folder);
      unmakeFolder(dirname(resolve(folder)), made);
    }
  }
}

/** A plan that shows cells as they were imaged and nothing else. */
function asImaged(cell: Int32Array): SwapPlan {
  const count = cell.length;
  return {
    seed: null,
    count,
    classes: [],
    cell,
    setting: new Uint8Array(count).fill(SETTINGS.indexOf("original")),
    background: new Int16Array(count).fill(-1),
    donor: new Int32Array(count).fill(-1),
    sameField: new Uint8Array(count),
  };
}

/** Metadata of the cells; the verdicts on their masks as well where cells are there that failed. */
function withVerdicts({ cells, verdicts }: CellStore, all: boolean): Pick<Cells, "id" | "metadata"> {
  if (!all || verdicts === null) return cells;
  const columns = new Map(cells.metadata.columns).set("Metadata_Quality_Verdict", [...verdicts]);
  return { ...cells, metadata: { ...cells.metadata, columns } };
}
