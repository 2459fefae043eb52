import { DataError, InterruptedError, InUseError } from "../errors.ts";
import { turn } from "../files/turn.ts";
import { checkDiameter, diameterOf, measuredDiameter } from "../masks/diameter.ts";
import {
  LIFTABLE,
  MEASURES,
  type Measures,
  measureMask,
  passes,
  verdictOf,
  worthLifting,
} from "../masks/verdict.ts";
import type { Column, MaskKind, Table } from "../types.ts";
import { checkCrop } from "./check-crop.ts";
import { type CropValues, convertCrop, cropTypeOf } from "./crop-type.ts";
import { importKey } from "./import-key.ts";
import type { Labels } from "./metadata/labels.ts";
import type { Quality } from "./quality.ts";
import { ReadAhead, type Room } from "./read-ahead.ts";
import { checkReplaceable } from "./replace.ts";
import { countReasons, type ImportSummary, Tally } from "./summary.ts";
import { cutOut, Surroundings } from "./surroundings.ts";
import { repeated, Twins } from "./twins.ts";
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
  /** Frees what the plan holds open. */
  close?(): void;
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
  const tally = new Tally(labels);
  const labelOf = ({ Metadata_Protein, Metadata_Localization }: CellRecord) =>
    labels?.get(String(Metadata_Protein)) ?? Metadata_Localization ?? null;
  const twins = new Twins({
    read: (cell) => (unfinished as UnfinishedStore).readCrop(cell),
    id: (cell) => String(plan.record(cell).Metadata_Cell),
    label: (cell) => String(labelOf(plan.record(cell)) ?? ""),
  });
  let surroundings: Surroundings | undefined;
  const ids = new Map<string, number>();
  const constant: boolean[] = [];
  const measures = MEASURES.map((): number[] => []);
  const { choices } = options;
  let writer: CellStoreWriter | undefined;
  let unfinished: UnfinishedStore | undefined;
  let shape: { height: number; width: number } | undefined;
  let neighbors = false;
  const reading: Promise<CellPixels>[] = [];
  let begun = 0;
  // How large crops are is known once the first is there.
  let ahead = 0;
  const room = new ReadAhead(AHEAD_BYTES / Float32Array.BYTES_PER_ELEMENT);
  const readUpTo = (cell: number) => {
    while (begun < Math.min(cell, plan.count)) {
      const next = begun++;
      const promise = unfinished?.has(next)
        ? Promise.resolve(unfinished.read(next))
        : plan.read(next, room.of(next));
      // A later cell may fail before its turn; it is reported when it is awaited.
      promise.catch(() => {});
      reading.push(promise);
    }
  };
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
      room.turn(cell);
      readUpTo(cell + 1);
      const pixels = await (reading.shift() as Promise<CellPixels>);
      if (cell === 0)
        ahead = Math.min(
          options.ahead ?? AHEAD,
          Math.floor(AHEAD_BYTES / (Float32Array.BYTES_PER_ELEMENT * pixels.crop.length)),
        );
      readUpTo(cell + 1 + ahead);
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
      const { height, width } = (shape ??= pixels);
      if (pixels.height !== height || pixels.width !== width)
        throw new DataError(
          `is ${pixels.height} x ${pixels.width} px, the crops before it are ${height} x ${width} px (first: ${plan.file(0)}); cut all cells at one size`,
          { path },
        );
      const record: CellRecord = { Metadata_Localization: null, ...plan.record(cell) };
      const id = String(record.Metadata_Cell);
      const twin = ids.get(id);
      if (twin !== undefined)
        throw new DataError(
          `has the cell id ${id}, and so has ${plan.file(twin)}; every cell needs its own`,
          { path },
        );
      ids.set(id, cell);
      if (labels !== undefined && record.Metadata_Protein === null)
        throw new DataError(
          `has no protein for the cell ${id}, and labels are joined by protein; add a column Protein`,
          { path: plan.path },
        );
      const flat = checkCrop(pixels, plan.channels, (c) => plan.file(cell, c));
      const whole: CellRecord = { ...record, Metadata_Localization: labelOf(record) };
      tally.add(whole, flat.length > 0);
      surroundings ??= new Surroundings({ channels: plan.channels, height, width });
      surroundings.add(pixels.crop, pixels.mask, pixels.half);
      if (pixels.mask !== null) {
        const found = measureMask(pixels.mask, pixels.height, pixels.width);
        MEASURES.forEach((name, m) => void measures[m].push(found[name]));
        constant.push(flat.length > 0);
        neighbors ||= pixels.mask.includes(2);
      }
      const before = unfinished.type;
      const own = cropTypeOf(pixels.crop, pixels.half);
      writer.append(pixels.crop, pixels.mask, whole, own);
      const { type } = unfinished;
      if (type !== before) twins.renew();
      twins.add(cell, convertCrop(pixels.crop, own, type));
      room.release(cell);
      options.onProgress?.(cell + 1, plan.count);
    }
    if (writer === undefined || shape === undefined)
      throw new DataError("holds no cells", { path: plan.path });
    const masked = plan.masks !== "none";
    const known =
      options.diameter ?? (masked ? measuredDiameter(shape.height, shape.width, measures[AREA]) : undefined);
    const diameter = diameterOf({ ...shape, diameter: known });
    const verdicts = constant.map((flat, cell) => judge(measures, cell, diameter, flat));
    const usable = verdicts.filter((v) => v === "ok").length;
    const reasons = countReasons(verdicts);
    if (masked && !verdicts.some((v) => passes(v, LIFTABLE)))
      throw new DataError(
        `has no cell with a usable mask (${reasons.map(([why, n]) => `${why}: ${n}`).join(", ")}); check what the mask files hold`,
        { path: plan.path },
      );
    const quality: Quality | null = masked
      ? {
          verdict: verdicts,
          measures: new Map<string, Column>(MEASURES.map((k, m) => [k, Float64Array.from(measures[m])])),
        }
      : null;
    const kind = plan.masks === "auto" ? (neighbors ? "full" : "center") : plan.masks;
    if (plan.leftOut !== undefined && plan.leftOut.rows > 0) writer.writeLeftOut(plan.leftOut);
    writer.finish(quality, kind, known);
    return {
      out,
      source: plan.source,
      cells: plan.count,
      ...tally.who(),
      channels: plan.channels,
      ...shape,
      diameter,
      masks: kind,
      usable: masked ? usable : null,
      reasons: Object.fromEntries(reasons),
      ...tally.what(),
      notes: [
        ...plan.notes,
        ...diameterNotes(known, options.diameter),
        ...limitNotes(verdicts),
        ...[
          surroundings === undefined ? null : cutOut(surroundings, plan.channels),
          repeated(twins, "localization"),
        ]
          .filter((flag) => flag !== null)
          .map(({ text }) => `Warning: ${text}.`),
      ],
    };
  } catch (error) {
    room.stop();
    await Promise.allSettled(reading);
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

/** Place of the center cells' areas among the measures. */
const AREA = MEASURES.indexOf("Quality_CenterArea");

/** Verdict on one mask of the import. */
function judge(measures: readonly number[][], cell: number, diameter: number, flat: boolean): string {
  const own = Object.fromEntries(MEASURES.map((name, m) => [name, measures[m][cell]])) as Measures;
  const verdict = verdictOf(own, diameter);
  return flat ? (verdict === "ok" ? "constant" : `${verdict};constant`) : verdict;
}

function diameterNotes(known: number | undefined, given: number | undefined): string[] {
  if (known === undefined || given !== undefined) return [];
  return [
    `Cells are ${known.toFixed(0)} px across (median of the masks): limits and fills go by it; --diameter says otherwise.`,
  ];
}

/** Says how a study takes cells that are left out by limits alone, where these are many. */
function limitNotes(verdicts: readonly string[]): string[] {
  const limits = worthLifting(verdicts);
  if (limits.length === 0) return [];
  const held = verdicts.filter((v) => v !== "ok" && passes(v, LIFTABLE)).length;
  return [
    `Warning: ${held} of ${verdicts.length} cells are left out by limits only; where their masks are right, "allow": ${JSON.stringify(limits).replaceAll(",", ", ")} in the study takes them, or --diameter says how large the cells are.`,
  ];
}

/** Cells that are read ahead at most, and bytes of their crops. */
const AHEAD = 16;
const AHEAD_BYTES = 2 ** 25;
