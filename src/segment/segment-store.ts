import { join } from "node:path";
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
import { type SegmentChoices, segmentationOf } from "./choices.ts";
import type { ChunkContext } from "./chunk.ts";
import { makeChunks, runChunks } from "./chunks.ts";
import { contactSheet, sheetRows } from "./contact-sheet.ts";
import type { FieldScale } from "./field.ts";
import { removeUnfinished, UnfinishedMasks, unfinishedFiles } from "./unfinished.ts";

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

async function segmentLocked(path: string, options: SegmentOptions): Promise<SegmentSummary> {
  const store = await CellStore.open(path, [], {
    signal: options.signal,
    // Masks that are made anew may be damaged.
    masks: options.neighbors === true,
  });
  const { count, height, width, channels } = store;
  let masks: UnfinishedMasks | undefined;
  try {
    const { channel, nuclei, diameter, recipe } = segmentationOf(store, options);
    if (nuclei !== null && options.neighbors === true)
      throw new StudyError("--nuclei finds centers and neighbors anew; leave out --nuclei or --neighbors", {
        path,
      });
    const maskSource = sourceAfter(store, recipe, options);
    stageMasks(path);
    const key = sha256(`${storeHash(store.header)}\n${maskSource}`).slice(0, 16);
    removeUnfinished(path, key);
    const out = unfinishedFiles(path, key, store);
    masks = new UnfinishedMasks(out);
    const context: ChunkContext = {
      crops: join(path, "crops.npy"),
      centers: options.neighbors === true ? join(path, "masks.npy") : null,
      out,
      made: masks.verify(),
      channels,
      channel,
      nuclei,
      height,
      width,
      diameter,
    };
    const verdicts = new Array<string>(count);
    const measures = MEASURES.map(() => new Float64Array(count));
    const scales = new Map<string, FieldScale>();
    let done = 0;
    await runChunks(
      context,
      makeChunks(store.cells.field, height, width),
      options.workers ?? usableCores(),
      options.signal ?? new AbortController().signal,
      (result) => {
        result.rows.forEach((row, k) => {
          verdicts[row] = result.verdicts[k];
          for (let m = 0; m < measures.length; m++)
            measures[m][row] = result.measures[k * measures.length + m];
        });
        scales.set(store.cells.field[result.rows[0]], result.scale);
        done += result.rows.length;
        options.onProgress?.(done, count);
      },
    );
    const summary = summarize(path, verdicts, measures[0], channels[channel], diameter);
    if (!verdicts.some((v) => passes(v, acceptable(options))))
      throw new DataError(
        `no usable cell in channel ${summary.channel} (${count} cells: ${describe(summary.leftOut)}); choose another --channel of ${channels.join(", ")}, or the cells' --diameter in px`,
        { path },
      );
    const sheet = drawSheet(store, context, verdicts, scales, summary);
    const quality = new Map<string, Column>([["Metadata_Cell", [...store.cells.id]]]);
    for (const [m, name] of MEASURES.entries()) quality.set(name, measures[m]);
    const finished = masks;
    masks = undefined;
    finished.finish();
    replaceMasks(path, {
      quality: { verdict: verdicts, measures: quality },
      kind: "full",
      source: maskSource,
      diameter,
      contactSheet: sheet,
    });
    return summary;
  } finally {
    masks?.close();
    store.close();
    discardStaged(path);
  }
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

function summarize(
  path: string,
  verdicts: readonly string[],
  areas: Float64Array,
  channel: string,
  diameter: number,
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
    channel,
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
  context: ChunkContext,
  verdicts: readonly string[],
  scales: ReadonlyMap<string, FieldScale>,
  summary: SegmentSummary,
): Uint8Array {
  const { height, width } = store;
  const pixels = height * width;
  const crop = new Float32Array(store.channels.length * pixels);
  const masks = new NpyReader(context.out.masks.filling);
  const cells = sheetRows(verdicts, SHEET_SEED, height, width).map((row) => {
    store.readCrop(row, crop);
    const mask = new Uint8Array(pixels);
    masks.read(row, 1, mask);
    const { id, field } = store.cells;
    const channel = crop.slice(context.channel * pixels, (context.channel + 1) * pixels);
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
