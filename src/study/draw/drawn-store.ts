import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isCellStore, readHeader, type StoreHeader } from "../../cells/header.ts";
import { storeFolder } from "../../cells/remote/fetch.ts";
import { CellStore } from "../../cells/store.ts";
import { type CellRecord, CellStoreWriter } from "../../cells/writer.ts";
import { DataError, InUseError, isCellswapError, StudyError } from "../../errors.ts";
import { makeFolder, writeError } from "../../files/atomic.ts";
import { canonicalJson, sha256, sha256File } from "../../files/hash.ts";
import { takeLock } from "../../files/lock.ts";
import { passes } from "../../masks/verdict.ts";
import { type Segmentation, segmentationOf } from "../../segment/choices.ts";
import { type RowMasks, segmentRows } from "../../segment/rows.ts";
import type { Column, Flag } from "../../types.ts";
import type { Study } from "../schema.ts";
import { Draw } from "./draw.ts";

/** Version of how cells are drawn and segmented: part of the key of a drawn store. */
export const DRAW_VERSION = 1;

export interface DrawOptions {
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many cells are segmented of those that are drawn so far. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Bytes of the cells that were held to their hashes. */
  readonly onCheck?: ((done: number, total: number) => void) | undefined;
}

/** A study of cells that have masks. */
export interface DrawnStudy {
  readonly study: Study;
  /** What was drawn and segmented; null where the study segments nothing. */
  readonly note: Flag | null;
}

/**
 * Draws the cells of a study that says how to `segment` them, segments those only, and gives the study of the store that
 * holds them (`segment.cells`). What an earlier run drew by the same choices from the same cells is used; a run that was
 * killed goes on. Any other study is given back as it is.
 * @throws CellswapError where cells have masks already, or no draw is possible; InUseError where another run draws there
 */
export async function drawStudyCells(given: Study, options: DrawOptions = {}): Promise<DrawnStudy> {
  const { segment } = given;
  if (segment === undefined) return { study: given, note: null };
  const cells = await storeFolder(given.cells, { signal: options.signal, onProgress: options.onCheck });
  const study = { ...given, cells };
  const header = readHeader(cells);
  if (header.masks !== "none")
    throw new StudyError(
      `has masks already (${header.maskSource}); leave "segment" out of the study file${header.masks === "center" ? ", and add the neighbors with `cellswap segment --neighbors`" : ""}`,
      { path: cells },
    );
  const segmentation = segmentationOf({ ...header, path: cells }, segment, (choice) => `segment.${choice}`);
  const source = sourceOf(study, header, segmentation);
  const into = segment.cells;
  checkPlace(into, cells);
  const folder = `${into}.drawing`;
  if (!isDrawn(into, source) || !(await isWhole(into, options.signal))) {
    make(folder);
    await inDrawing(folder, async (lost) => {
      const signal = AbortSignal.any([lost, ...(options.signal === undefined ? [] : [options.signal])]);
      await draw(study, segmentation, { ...options, signal, folder, source });
    });
  } else if (existsSync(folder)) {
    // Of a run that was cut off when all was drawn.
    await inDrawing(folder, async () => {}).catch((error: unknown) => {
      if (!(error instanceof InUseError)) throw error;
    });
  }
  const drawn = await CellStore.open(into, study.allow);
  const failed = drawn.cells.usable.reduce((n, usable) => n + 1 - usable, 0);
  drawn.close();
  return { study: { ...study, cells: into }, note: noteOf(drawn.count, failed, header.count, study) };
}

/** Runs `work` with the lock of the folder in which cells are drawn, and removes what is there afterwards. */
async function inDrawing(folder: string, work: (lost: AbortSignal) => Promise<void>): Promise<void> {
  const lock = takeLock(folder);
  try {
    await work(lock.lost);
    if (!lock.lost.aborted) clear(folder, null);
  } finally {
    lock.release();
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

/** Whether the cells that a study draws are there, so that {@link drawStudyCells} writes nothing; true for other studies. */
export async function hasDrawnCells(
  study: Study,
  { signal, onCheck }: Pick<DrawOptions, "signal" | "onCheck"> = {},
): Promise<boolean> {
  const { segment } = study;
  if (segment === undefined) return true;
  const cells = await storeFolder(study.cells, { signal, onProgress: onCheck });
  const header = readHeader(cells);
  const segmentation = segmentationOf({ ...header, path: cells }, segment, (choice) => `segment.${choice}`);
  return isDrawn(segment.cells, sourceOf({ ...study, cells }, header, segmentation));
}

function noteOf(segmented: number, failed: number, all: number, study: Study): Flag {
  const n = (value: number) => value.toLocaleString("en-US");
  const stand =
    study.cellList === undefined && !study.keepRejected
      ? ", for which others of their classes stand in where there are any"
      : "";
  return {
    id: "drawn-cells",
    severity: "note",
    encoder: null,
    text: `of ${n(all)} cells ${n(segmented)} were drawn and segmented${failed === 0 ? "" : `; the masks of ${n(failed)} failed${stand}`}. Levels of a field are measured on its drawn cells`,
  };
}

/** What the drawn cells and their masks depend on. */
function keyOf(study: Study, { hashes }: StoreHeader, { recipe }: Segmentation): string {
  const { class: column, classes, cellsPerClass, pick, cellList, allow = [], keepRejected } = study;
  const list = cellList === undefined ? null : sha256File(cellList);
  const picked = pick === "fields" ? [pick, study.seed] : pick;
  return sha256(
    canonicalJson([
      DRAW_VERSION,
      [hashes["crops.npy"], hashes["metadata.parquet"], recipe],
      [column, classes ?? null, cellsPerClass, picked, list, [...allow].sort(), keepRejected],
    ]),
  );
}

const DRAWN = "; drawn for a study, ";

function sourceOf(study: Study, header: StoreHeader, segmentation: Segmentation): string {
  return `${DRAWN}${keyOf(study, header, segmentation).slice(0, 16)}`;
}

/** Refuses to replace what no run has drawn. */
function checkPlace(into: string, cells: string): void {
  if (!existsSync(into)) return;
  if (into !== cells && (!isCellStore(into) || readHeader(into).maskSource?.includes(DRAWN) === true)) return;
  throw new StudyError(
    'is a cell store that was not drawn for a study; name another folder as "cells" of "segment"',
    { path: into },
  );
}

function isDrawn(into: string, source: string): boolean {
  return isCellStore(into) && readHeader(into).maskSource?.endsWith(source) === true;
}

/** Whether every file of a drawn store is as it was written: one that is not is drawn again. */
async function isWhole(into: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    (await CellStore.open(into, [], { signal })).close();
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

interface Drawing extends DrawOptions {
  readonly signal: AbortSignal;
  /** Where masks are kept until all are made. */
  readonly folder: string;
  /** What the store says of its masks, behind their recipe. */
  readonly source: string;
}

async function draw(study: Study, segmentation: Segmentation, drawing: Drawing): Promise<void> {
  const { folder, source, signal, workers } = drawing;
  const { into, key } = { into: study.segment!.cells, key: source.slice(-16) };
  const store = await CellStore.open(study.cells, [], { signal, onProgress: drawing.onCheck });
  const made = new Map<number, { masks: RowMasks; k: number }>();
  const rounds: RowMasks[] = [];
  try {
    clear(folder, key);
    const cells = new Draw(store.cells, study);
    for (let rows = cells.rows; rows.length > 0; rows = cells.rows) {
      const done = made.size;
      const masks = await segmentRows(store, rows, segmentation, {
        folder: join(folder, `${key}-${rounds.length}`),
        key,
        workers,
        signal,
        onProgress: (now) => drawing.onProgress?.(done + now, done + rows.length),
      });
      rounds.push(masks);
      rows.forEach((row, k) => made.set(row, { masks, k }));
      cells.take((row) => {
        const { masks, k } = made.get(row)!;
        return study.keepRejected || passes(masks.verdicts[k], study.allow);
      });
    }
    store.checkUnchanged();
    write(into, store, made, segmentation, source);
  } catch (error) {
    throw isCellswapError(error) && error.path?.startsWith(folder) === true && error.cause !== undefined
      ? writeError(into, error.cause)
      : error;
  } finally {
    for (const masks of rounds) masks.close();
    store.close();
  }
}

/** Writes the drawn cells, in the order of the store that they are of. */
function write(
  into: string,
  store: CellStore,
  made: ReadonlyMap<number, { masks: RowMasks; k: number }>,
  segmentation: Segmentation,
  source: string,
): void {
  const { channels, height, width } = store;
  const { source: cells, type } = store.header;
  const writer = new CellStoreWriter(into, { channels, height, width }, "full", cells, type);
  try {
    const crop = new Float32Array(channels.length * height * width);
    const mask = new Uint8Array(height * width);
    const rows = [...made.keys()].sort((a, b) => a - b);
    for (const row of rows) {
      const { masks, k } = made.get(row)!;
      store.readCrop(row, crop);
      masks.read(k, mask);
      writer.append(crop, mask, recordOf(store, row));
    }
    const of = (row: number) => made.get(row)!;
    const measures = new Map<string, Column>([["Metadata_Cell", rows.map((row) => store.cells.id[row])]]);
    for (const name of rows.length === 0 ? [] : of(rows[0]).masks.measures.keys())
      measures.set(
        name,
        Float64Array.from(rows, (row) => of(row).masks.measures.get(name)![of(row).k]),
      );
    const verdict = rows.map((row) => of(row).masks.verdicts[of(row).k]);
    writer.finish({ verdict, measures }, "full", segmentation.diameter, `${segmentation.recipe}${source}`);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** All metadata of a cell. */
function recordOf({ cells }: CellStore, row: number): CellRecord {
  return Object.fromEntries(
    [...cells.metadata.columns].map(([name, column]) => {
      const value = column[row];
      return [name, typeof value === "number" && Number.isNaN(value) ? null : value];
    }),
  );
}

function make(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw writeError(folder, cause);
  }
}

/** Removes what runs kept there of draws, but those with `key`. */
function clear(folder: string, key: string | null): void {
  for (const name of readdirSync(folder))
    if (/^[0-9a-f]{16}-\d+$/.test(name) && (key === null || !name.startsWith(key)))
      rmSync(join(folder, name), { recursive: true, force: true });
}
