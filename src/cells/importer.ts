import { DataError, InterruptedError, InUseError } from "../errors.ts";
import { turn } from "../files/turn.ts";
import { checkDiameter } from "../masks/diameter.ts";
import type { MaskKind, Table } from "../types.ts";
import { type CropValues, convertCrop, cropTypeOf } from "./crop-type.ts";
import { factsOf } from "./facts.ts";
import type { Place } from "./fields/sample.ts";
import { Gathered, localizationOf } from "./gathered.ts";
import { importKey } from "./import-key.ts";
import type { Labels } from "./metadata/labels.ts";
import { OrderedReading } from "./ordered-reading.ts";
import type { Room } from "./read-ahead.ts";
import { checkReplaceable } from "./replace.ts";
import type { PartFound } from "./shards/found.ts";
import type { ImportSummary } from "./summary.ts";
import type { RimShape } from "./surroundings.ts";
import { UnfinishedStore } from "./unfinished.ts";
import { type CellRecord, CellStoreWriter } from "./writer.ts";

export type { ImportSummary } from "./summary.ts";

/** Pixels of one cell as an importer reads them. */
export interface CellPixels {
  readonly height: number;
  readonly width: number;
  /**
   * Channels x height x width: whole numbers of 8 or 16 bits and half-precision floats as the source has them, all else
   * as float32.
   */
  readonly crop: CropValues;
  /** Whether `crop` holds the bits of half-precision floats. */
  readonly half?: boolean;
  /** Height x width, labels 0, 1, 2; null where the source has no masks. */
  readonly mask: Uint8Array | null;
}

/** What an importer found: who the cells are, and how to get the pixels of each. */
export interface CellSource {
  /** Name of the importer, kept in the store. */
  readonly source: string;
  /** File or folder that was read, as the user gave it. */
  readonly path: string;
  readonly channels: readonly string[];
  /** `auto`: `full` where at least one mask names a neighbor, else `center`. */
  readonly masks: MaskKind | "auto";
  readonly count: number;
  /** What a person should know about this import, one sentence each. */
  readonly notes: readonly string[];
  /** Cells that the source holds and that are not imported, with a column Reason; kept as `left-out.csv`. */
  readonly leftOut?: Table;
  /** Columns of cell `cell`; Metadata_Localization may be left out. */
  record(cell: number): CellRecord;
  /** File that channel `channel` of cell `cell` is read from, for messages. */
  file(cell: number, channel?: number): string;
  /**
   * Every file, or folder of files, that the pixels of cell `cell` are read from: an import that was stopped is gone on
   * with where none of them changed. A source without it is always read from the start.
   */
  inputs?(cell: number): readonly string[];
  /** Reads the pixels of cell `cell`; where it may be large, once there is `room` for them. */
  read(cell: number, room?: Room): Promise<CellPixels>;
  /** Of a source that was planned for one shard: what joining the shards needs to know. */
  readonly part?: SourcePart;
  /** Frees what the plan holds open. */
  close?(): void;
}

/** What a source knows of the cells of one shard that only all shards together decide. */
export interface SourcePart {
  /** What was found, as plain data, for the summary of all and the list of what was left out. */
  readonly found: PartFound;
  /** Most cells of a class, where they are drawn. */
  readonly perClass: number | undefined;
  /** Class of a cell and its place in the draw. */
  drawn(cell: number): Place;
}

export interface ImportOptions {
  readonly labels?: Labels | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every cell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Typical diameter of a cell, px; from the masks where not given. */
  readonly diameter?: number | undefined;
  /**
   * Choices that the pixels depend on, plain data. Where they are given, an import that is stopped or killed is taken up
   * by the next of the same choices, source and `out`.
   */
  readonly choices?: unknown;
  /** Called with the number of cells that are taken from an import that was stopped, where there are any. */
  readonly onTaken?: ((cells: number) => void) | undefined;
  /** Cells that are read ahead while earlier ones are written, at most; up to 16 of small crops where not given. */
  readonly ahead?: number;
}

/**
 * Reads every cell of a plan (`pciSource`, `pifiaSource`, `deeplocSource`, `folderSource`, or one of your own) and
 * writes a cell store at `out`: crops in the units and the type of the files ({@link CellPixels}; the widest, where they differ), label masks, metadata and the quality of every
 * mask. A few cells are in memory at a time, besides the metadata. On any failure nothing is left, and what stood at
 * `out` stays; when `signal` aborts as well, unless `choices` are given: then the cells that were read are kept in
 * `OUT.unfinished` for the next import. The store has the same bytes either way.
 * @throws DataError where two channels have one name, a crop has another size than the first, is not finite, an id comes twice or no mask is usable,
 * where something else than a cell store stands at `out` or nothing can be written there; InterruptedError on `signal`.
 */
export async function importCells(
  plan: CellSource,
  out: string,
  options: ImportOptions = {},
): Promise<ImportSummary> {
  const { labels, signal } = options;
  checkDistinct(plan.channels, plan.path);
  const gathered = new Gathered(
    {
      ...{ path: plan.path, source: plan.source, channels: plan.channels, masks: plan.masks, labels },
      file: (cell) => plan.file(cell),
    },
    {
      read: (cell) => (unfinished as UnfinishedStore).readCrop(cell),
      id: (cell) => String(plan.record(cell).Metadata_Cell),
      label: (cell) => String(localizationOf(plan.record(cell), labels) ?? ""),
    },
  );
  const { choices } = options;
  let writer: CellStoreWriter | undefined;
  let unfinished: UnfinishedStore | undefined;
  let shape: { height: number; width: number } | undefined;
  let rim: RimShape | undefined;
  const reading = new OrderedReading(plan, { most: options.ahead }, (cell) =>
    unfinished?.has(cell) === true ? unfinished.read(cell) : null,
  );
  try {
    checkReplaceable(out);
    unfinished = new UnfinishedStore(
      out,
      importKey(plan, choices),
      plan.count,
      plan.channels.length,
      plan.masks !== "none",
    );
    shape = unfinished.shape;
    if (unfinished.taken > 0) options.onTaken?.(unfinished.taken);
    for (let cell = 0; cell < plan.count; cell++) {
      await turn();
      if (signal?.aborted) throw stopped(out, cell, plan.count, choices === undefined ? null : unfinished);
      if (unfinished.lost)
        throw new InUseError("was taken over by another import, as this one had not answered for minutes", {
          path: out,
        });
      const pixels = await reading.next();
      const path = plan.file(cell);
      if (writer === undefined) {
        shape ??= { height: pixels.height, width: pixels.width };
        if (options.diameter !== undefined) checkDiameter(options.diameter, shape.height, shape.width);
        unfinished.begin(shape, cropTypeOf(pixels.crop, pixels.half));
        writer = new CellStoreWriter(
          out,
          { channels: plan.channels, ...shape },
          plan.masks === "auto" ? "full" : plan.masks,
          plan.source,
          unfinished,
        );
      }
      checkSize(pixels, (shape ??= pixels), path, plan.file(0));
      const record: CellRecord = { Metadata_Localization: null, ...plan.record(cell) };
      gathered.check(record);
      rim ??= { channels: plan.channels, height: shape.height, width: shape.width };
      const facts = factsOf(pixels, rim, (c) => plan.file(cell, c));
      const whole: CellRecord = { ...record, Metadata_Localization: localizationOf(record, labels) };
      gathered.add(whole, facts, rim);
      const before = unfinished.type;
      writer.append(pixels.crop, pixels.mask, whole, facts.type);
      const { type } = unfinished;
      if (type !== before) gathered.renew();
      gathered.compare(convertCrop(pixels.crop, facts.type, type));
      reading.release();
      options.onProgress?.(cell + 1, plan.count);
    }
    if (writer === undefined || shape === undefined)
      throw new DataError("holds no cells", { path: plan.path });
    const found = gathered.finish(shape, options.diameter, plan.notes);
    if (plan.leftOut !== undefined && plan.leftOut.rows > 0) writer.writeLeftOut(plan.leftOut);
    writer.finish(found.quality, found.masks, found.diameter);
    return { out, ...found.summary };
  } catch (error) {
    await reading.stop();
    const begun = writer !== undefined || (unfinished?.taken ?? 0) > 0;
    const later = error instanceof InterruptedError || error instanceof InUseError;
    const kept = later && choices !== undefined && begun;
    if (kept) unfinished?.keep();
    else unfinished?.abandon();
    throw error;
  } finally {
    plan.close?.();
  }
}

/** What an import says that was stopped. */
function stopped(out: string, cell: number, count: number, kept: UnfinishedStore | null | undefined): Error {
  const path = out;
  const done = Math.max(cell, kept?.taken ?? 0);
  if (kept == null || done === 0)
    return new InterruptedError("stopped; nothing was written, what stood there before is kept", { path });
  return new InterruptedError(
    `stopped after ${done} of ${count} cells, which are kept in ${kept.path}; run the same command again to go on, or remove that folder`,
    { path },
  );
}

/** @throws DataError where two channels have one name: planes are found by it */
export function checkDistinct(channels: readonly string[], path: string): void {
  const seen = new Set<string>();
  const twice = channels.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined)
    throw new DataError(`has two channels named ${twice}; give each a name of its own with --channels`, {
      path,
    });
}

/** @throws DataError where a crop has another size than the first, of the file `first` */
export function checkSize({ height, width }: Size, wanted: Size, path: string, first: string): void {
  if (height !== wanted.height || width !== wanted.width)
    throw new DataError(
      `is ${height} x ${width} px, the crops before it are ${wanted.height} x ${wanted.width} px (first: ${first}); cut all cells at one size`,
      { path },
    );
}

type Size = Pick<CellPixels, "height" | "width">;
