import { join } from "node:path";
import { storeFile } from "../cells/header.ts";
import { CONTACT_SHEET, discardStaged, replaceMasks, stageMasks } from "../cells/replace.ts";
import { CellStore, readHeader, storeHash } from "../cells/store.ts";
import { median } from "../core/statistics.ts";
import { DataError, SettingError, StudyError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import { takeLock } from "../files/lock.ts";
import { usableCores } from "../files/machine.ts";
import { NpyReader } from "../files/npy.ts";
import { equivalentDiameter } from "../masks/diameter.ts";
import { LIFTABLE, type Liftable, MEASURES, passes, worthLifting } from "../masks/verdict.ts";
import type { Column } from "../types.ts";
import { type Segmentation, type SegmentChoices, segmentationOf } from "./choices.ts";
import type { ChunkContext, ChunkResult } from "./chunk.ts";
import { makeChunks, runChunks } from "./chunks.ts";
import { contactSheet, sheetRows } from "./contact-sheet.ts";
import type { FieldScale } from "./field.ts";
import { removeUnfinished, type UnfinishedFiles, UnfinishedMasks, unfinishedFiles } from "./unfinished.ts";

export interface SegmentOptions extends SegmentChoices {
  /** Complete center masks with neighbors instead of searching for center cells. */
  readonly neighbors?: boolean;
  /** Replace masks that the store has from elsewhere. */
  readonly force?: boolean;
  /** Threads; the machine's cores where not given. The masks do not depend on it. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface SegmentSummary {
  readonly cells: number;
  readonly ok: number;
  /** Cells that are left out, by verdict, most frequent first. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly channel: string;
  /** Diameter that was assumed, px. */
  readonly diameter: number;
  /** Limits that would leave out fewer cells where a study lifted them, if these are many (`allow`). */
  readonly liftable: readonly Liftable[];
  /** Median equivalent diameter of the usable center cells, px; of all where none is. */
  readonly medianDiameter: number;
  readonly quality: string;
  readonly contactSheet: string;
}

/** Seed of the cells shown on the contact sheet. */
const SHEET_SEED = 1;

/**
 * Gives a cell store label masks by segmentation: `masks.npy`, `quality.csv`, `contact-sheet.png`. Memory holds a
 * few crops per thread, one field's sample and the verdicts. The store changes only at the end; a segmentation that was
 * killed goes on with the masks that it has made.
 * @throws StudyError for an unknown channel or an impossible diameter, SettingError where the masks that are there
 * forbid it, DataError for unusable cells, InUseError where another run has the store, InterruptedError on `signal`.
 */
export async function segmentStore(path: string, options: SegmentOptions = {}): Promise<SegmentSummary> {
  if (readHeader(path).count === 0)
    throw new DataError("has no cells; import some with `cellswap import`", { path });
  const lock = takeLock(path);
  try {
    return await segmentLocked(path, options);
  } finally {
    if (!lock.lost.aborted) removeUnfinished(path, null);
    lock.release();
  }
}

/** A segmentation of a whole store that may begin. */
export interface Prepared extends Segmentation {
  /** What the store says of where its masks come from, once it has them. */
  readonly maskSource: string;
  /** Stands for the cells and all choices. */
  readonly key: string;
}

/** Holds choices to a store. @throws as {@link segmentStore} */
export function prepare(store: CellStore, options: SegmentOptions): Prepared {
  const segmentation = segmentationOf(store, options);
  if (segmentation.nuclei !== null && options.neighbors === true)
    throw new StudyError("--nuclei finds centers and neighbors anew; leave out --nuclei or --neighbors", {
      path: store.path,
    });
  const maskSource = sourceAfter(store, segmentation.recipe, options);
  const key = sha256(`${storeHash(store.header)}\n${maskSource}`).slice(0, 16);
  return { ...segmentation, maskSource, key };
}

/** What chunks of a segmentation have in common, with masks made in `out`. */
export function contextOf(
  store: CellStore,
  { channel, nuclei, diameter }: Prepared,
  options: SegmentOptions,
  out: UnfinishedFiles,
  made: Uint8Array,
): ChunkContext {
  const { channels, height, width, path, header } = store;
  return {
    crops: storeFile(path, header, "crops.npy"),
    centers: options.neighbors === true ? storeFile(path, header, "masks.npy") : null,
    ...{ out, made, channels, channel, nuclei, height, width, diameter },
  };
}

async function segmentLocked(path: string, options: SegmentOptions): Promise<SegmentSummary> {
  const store = await CellStore.open(path, [], {
    signal: options.signal,
    // Masks that are made anew may be damaged.
    masks: options.neighbors === true,
  });
  const { count, height, width } = store;
  let masks: UnfinishedMasks | undefined;
  try {
    const prepared = prepare(store, options);
    stageMasks(path);
    removeUnfinished(path, prepared.key);
    const out = unfinishedFiles(path, prepared.key, store);
    masks = new UnfinishedMasks(out);
    const judged = new Judged(count);
    let done = 0;
    await runChunks(
      contextOf(store, prepared, options, out, masks.verify()),
      makeChunks(store.cells.field, height, width),
      options.workers ?? usableCores(),
      options.signal ?? new AbortController().signal,
      (result) => {
        judged.take(result, store.cells.field[result.rows[0]]);
        options.onProgress?.((done += result.rows.length), count);
      },
    );
    const finished = masks;
    return replaceAll(store, prepared, options, judged, out, () => {
      masks = undefined;
      finished.finish();
    });
  } finally {
    masks?.close();
    store.close();
    discardStaged(path);
  }
}

/** What was found of the masks of a store. */
export class Judged {
  readonly verdicts: string[];
  /** A column for each of the measures. */
  readonly measures: readonly Float64Array[];
  /** Scales of fields by their names. */
  readonly scales = new Map<string, FieldScale>();

  constructor(count: number) {
    this.verdicts = new Array<string>(count);
    this.measures = MEASURES.map(() => new Float64Array(count));
  }

  take({ places, verdicts, measures, scale }: ChunkResult, field: string): void {
    places.forEach((place, k) => {
      this.verdicts[place] = verdicts[k];
      this.measures.forEach((column, m) => {
        column[place] = measures[k * this.measures.length + m];
      });
    });
    this.scales.set(field, scale);
  }
}

/**
 * Gives a store the masks that are made in `out`, `finish` of which gives them their staged name.
 * @throws DataError where none of them is usable
 */
export function replaceAll(
  store: CellStore,
  prepared: Prepared,
  options: SegmentOptions,
  judged: Judged,
  out: UnfinishedFiles,
  finish: () => void,
): SegmentSummary {
  const { path, channels, count } = store;
  const { channel, diameter, maskSource } = prepared;
  const { verdicts, measures, scales } = judged;
  const summary = summarize(store, prepared, judged);
  if (!verdicts.some((v) => passes(v, acceptable(options))))
    throw new DataError(
      `no usable cell in channel ${summary.channel} (${count} cells: ${describe(summary.leftOut)}); choose another --channel of ${channels.join(", ")}, or the cells' --diameter in px`,
      { path },
    );
  const sheet = drawSheet(store, { channel, masks: out.masks.filling }, verdicts, scales, summary);
  const quality = new Map<string, Column>([["Metadata_Cell", [...store.cells.id]]]);
  for (const [m, name] of MEASURES.entries()) quality.set(name, measures[m]);
  finish();
  replaceMasks(path, {
    quality: { verdict: verdicts, measures: quality },
    kind: "full",
    source: maskSource,
    diameter,
    contactSheet: sheet,
  });
  return summary;
}

/**
 * Limits that every cell may be over without the masks being wrong: any where the center cells are given; that cells
 * reach the edge of their crops where each has its nucleus; none where cells are searched for.
 */
function acceptable({ neighbors, nuclei }: SegmentOptions): readonly Liftable[] {
  return neighbors === true ? LIFTABLE : nuclei === undefined ? [] : ["border"];
}

/** Checks that the masks that are there may be replaced, and says where the new ones come from. */
function sourceAfter(store: CellStore, recipe: string, options: SegmentOptions): string {
  const { masks, maskSource } = store.header;
  const { path } = store;
  if (options.neighbors === true) {
    if (masks === "none")
      throw new SettingError("has no center masks to complete; run without --neighbors", { path });
    const addition = `; neighbors: ${recipe}`;
    const centers = maskSource?.split("; neighbors: ")[0] ?? "unknown";
    if (masks === "full" && maskSource !== centers + addition && options.force !== true)
      throw new SettingError(
        `has neighbor labels already (${maskSource}); --force replaces them and keeps the center cells`,
        { path },
      );
    return centers + addition;
  }
  if (masks !== "none" && maskSource !== recipe && options.force !== true)
    throw new SettingError(
      masks === "center"
        ? `has center masks already (${maskSource}); --neighbors completes them, --force replaces them`
        : `has full masks already (${maskSource}); use them as they are, or --force replaces them`,
      { path },
    );
  return recipe;
}

/** What is said of masks that were judged. */
export function summarize(
  { path, channels }: CellStore,
  { channel, diameter }: Prepared,
  { verdicts, measures: [areas] }: Judged,
): SegmentSummary {
  const counts = new Map<string, number>();
  for (const verdict of verdicts) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const ok = counts.get("ok") ?? 0;
  counts.delete("ok");
  const order = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const usable = areas.filter((area, row) => (ok === 0 ? area > 0 : verdicts[row] === "ok"));
  return {
    cells: verdicts.length,
    ok,
    leftOut: Object.fromEntries(order),
    channel: channels[channel],
    diameter,
    liftable: worthLifting(verdicts),
    medianDiameter: usable.length === 0 ? 0 : equivalentDiameter(median(usable)),
    quality: join(path, "quality.csv"),
    contactSheet: join(path, CONTACT_SHEET),
  };
}

/** `3 off-center, 2 small;border`. */
export function describe(leftOut: Readonly<Record<string, number>>): string {
  return Object.entries(leftOut)
    .map(([verdict, n]) => `${n.toLocaleString("en-US")} ${verdict}`)
    .join(", ");
}

function drawSheet(
  store: CellStore,
  from: { readonly channel: number; readonly masks: string },
  verdicts: readonly string[],
  scales: ReadonlyMap<string, FieldScale>,
  summary: SegmentSummary,
): Uint8Array {
  const { height, width } = store;
  const pixels = height * width;
  const crop = new Float32Array(store.channels.length * pixels);
  const masks = new NpyReader(from.masks);
  const cells = sheetRows(verdicts, SHEET_SEED, height, width).map((row) => {
    store.readCrop(row, crop);
    const mask = new Uint8Array(pixels);
    masks.read(row, 1, mask);
    const { id, field } = store.cells;
    const channel = crop.slice(from.channel * pixels, (from.channel + 1) * pixels);
    return { id: id[row], verdict: verdicts[row], channel, scale: scales.get(field[row])!, mask };
  });
  masks.close();
  const n = (value: number) => value.toLocaleString("en-US");
  return contactSheet(
    cells,
    height,
    width,
    `Masks from channel ${summary.channel}: ${n(summary.ok)} of ${n(summary.cells)} cells ok`,
  );
}
