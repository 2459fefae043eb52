import { storeFile } from "../cells/header.ts";
import type { CellStore } from "../cells/store.ts";
import { usableCores } from "../files/machine.ts";
import { NpyReader } from "../files/npy.ts";
import { MEASURES } from "../masks/verdict.ts";
import type { Segmentation } from "./choices.ts";
import type { ChunkContext } from "./chunk.ts";
import { makeChunks, runChunks } from "./chunks.ts";
import { UnfinishedMasks, unfinishedFiles } from "./unfinished.ts";

/** Masks of some cells of a store, in the order in which the cells were asked for. */
export interface RowMasks {
  readonly verdicts: readonly string[];
  /** By the names of {@link MEASURES}. */
  readonly measures: ReadonlyMap<string, Float64Array>;
  /** Copies the mask of the k-th cell. */
  readonly read: (k: number, out: Uint8Array) => void;
  close(): void;
}

export interface RowsOptions {
  /** Folder for what is made, and a name for it: what another process made under both is used. */
  readonly folder: string;
  readonly key: string;
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Segments some cells of a store, which stays as it is: the same masks as a segmentation of all of its cells gives, as
 * scales of fields are those of all of their cells.
 * @throws InterruptedError on `signal`, DataError for crops that are damaged or where nothing can be written
 */
export async function segmentRows(
  store: CellStore,
  rows: Int32Array,
  { channel, nuclei, diameter }: Segmentation,
  { folder, key, workers, signal, onProgress }: RowsOptions,
): Promise<RowMasks> {
  const { path, channels, height, width } = store;
  const out = unfinishedFiles(folder, key, { count: rows.length, height, width });
  const masks = new UnfinishedMasks(out);
  const verdicts = new Array<string>(rows.length);
  const measures = new Map(MEASURES.map((name) => [name, new Float64Array(rows.length)]));
  try {
    const crops = storeFile(path, store.header, "crops.npy");
    const context: ChunkContext = {
      ...{ crops, centers: null, out, made: masks.verify() },
      ...{ channels, channel, nuclei, height, width, diameter },
    };
    let done = 0;
    await runChunks(
      context,
      makeChunks(store.cells.field, height, width, rows),
      workers ?? usableCores(),
      signal ?? new AbortController().signal,
      (result) => {
        result.places.forEach((place, k) => {
          verdicts[place] = result.verdicts[k];
          MEASURES.forEach((name, m) => {
            measures.get(name)![place] = result.measures[k * MEASURES.length + m];
          });
        });
        onProgress?.((done += result.rows.length), rows.length);
      },
    );
  } finally {
    masks.close();
  }
  const reader = new NpyReader(out.masks.filling);
  return { verdicts, measures, read: (k, mask) => reader.read(k, 1, mask), close: () => reader.close() };
}
