import { existsSync } from "node:fs";
import { DataError, InterruptedError, StudyError } from "../../errors.ts";
import { FieldCutter, type FieldPixels, isWhole } from "../cut.ts";
import type { FieldEntry } from "../field-list.ts";
import type { CellSource } from "../importer.ts";
import type { Labels } from "../labels.ts";
import { LeftOut } from "../left-out.ts";
import { findWritten } from "../locate.ts";
import { joinTable } from "../locations/join.ts";
import type { ImageRow, LocationSet } from "../locations/location-set.ts";
import { withPlanes } from "../readers/field-planes.ts";
import { Sampler } from "../sample.ts";
import type { CellRecord } from "../store.ts";
import { cellMetadata, type TableOptions } from "./metadata.ts";

export interface LocationsOptions extends TableOptions {
  /** Side of the crops, px. */
  readonly size: number;
  /** Folder with the images, where they are not where the tables say. */
  readonly images?: string | undefined;
  /** Tables that are joined to the images by the columns that they share: platemaps, CellProfiler's load_data. */
  readonly metadata?: readonly string[] | undefined;
  /** Channels to take, in this order; all by default. */
  readonly channels?: readonly string[] | undefined;
  /** Cut cells near the edge of their field too: the field's outermost pixels are repeated outside of it. */
  readonly pad?: boolean | undefined;
  /** Most cells of a class, and of a field, drawn by `seed`. */
  readonly perClass?: number | undefined;
  readonly perField?: number | undefined;
  readonly seed?: number | undefined;
  /** Metadata column that is the class for `perClass`: Localization by default, where there is none Protein. */
  readonly classColumn?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every field whose cells were found. */
  readonly onField?: ((done: number, total: number) => void) | undefined;
}

interface Target {
  readonly field: number;
  readonly label: number;
  readonly row: number;
  readonly column: number;
}

/** Why a cell of a table gets no crop, as the summary says it. */
const REASONS: Readonly<Record<string, string>> = {
  "image-missing": "have images that are not there (--images says where they are)",
  "no-center": "have no center",
  "outside-field": "have their center outside of their image",
  "listed-twice": "are listed twice",
  "crop-beyond-field": "are nearer to the edge of their field than half a crop (--pad keeps them)",
};

/**
 * Plans the import of crops around the centers that tables list. Images are opened once to learn their size; pixels are
 * read field by field when the cells are cut, one field in memory at a time. There are no masks: `cellswap segment` finds
 * the cells. What gets no crop is counted in the summary and listed in the store's `left-out.csv`.
 * @throws DataError where no image is found, a channel is missing, two fields have one name, or no cell can be cut
 */
export async function locationsSource(
  source: string,
  set: LocationSet,
  options: LocationsOptions,
): Promise<CellSource> {
  const { size, seed = 0 } = options;
  const { path, images } = set;
  const notes = [...set.notes];
  for (const table of options.metadata ?? []) notes.push(...(await joinTable(images, table)));
  const channels = chooseChannels(set, options.channels);
  const { records, notes: asked } = fieldRecords(set, options);
  notes.push(...asked);
  const sampler = new Sampler<Target>({ perClass: options.perClass, perField: options.perField, seed });
  const leftOut = new LeftOut();
  const missing: string[] = [];
  const entries: FieldEntry[] = [];
  let field = 0;
  for (const cells of set.cells.byField(images.length)) {
    if (options.signal?.aborted) throw new InterruptedError("stopped; nothing was written", { path });
    const record = records[field];
    const name = String(record.Metadata_Field);
    const entry = fieldEntry(name, images[field], channels, options.images ?? set.base);
    entries.push(entry);
    const absent = entry.files.find((file) => !existsSync(file));
    if (absent !== undefined) missing.push(absent);
    const shape =
      absent !== undefined || cells.length === 0
        ? null
        : await withPlanes(entry, names(entry, channels), ({ height, width }) => ({ height, width }));
    const seen = new Set<number>();
    const targets: Target[] = [];
    for (const cell of cells) {
      const reason = shape === null ? "image-missing" : whyNot(cell, seen, shape, size, options.pad === true);
      seen.add(cell.label);
      if (reason === null) targets.push({ field, ...cell });
      else leftOut.add(reason, { field: name, ...cell });
    }
    sampler.add(name, classOf(record, options, path), targets);
    options.onField?.(field + 1, images.length);
    field++;
  }
  const targets = sampler.take().sort((a, b) => a.field - b.field || a.label - b.label);
  notes.unshift(...summarize(set, leftOut, missing, targets.length, options));
  if (targets.length === 0) throw nothingLeft(set, leftOut, missing, size);
  const cutter = new FieldCutter(size, (at) => loadField(entries[at], images[at], channels));
  return {
    ...{ source, path, channels, masks: "none", count: targets.length, notes, leftOut: leftOut.table() },
    record: (cell) => {
      const { field: at, label, row, column } = targets[cell];
      return {
        ...records[at],
        Metadata_Cell: `${records[at].Metadata_Field}_${label}`,
        Metadata_ObjectNumber: label,
        Metadata_X: column,
        Metadata_Y: row,
        Metadata_Image: entries[at].files[0],
      };
    },
    file: (cell, channel = 0) => {
      const { files } = entries[targets[cell].field];
      return files[channel] ?? files[0];
    },
    read: (cell) => cutter.cut(targets[cell].field, targets[cell]),
  };
}

/** The channels that images have files of, or those that are asked for. */
function chooseChannels({ images, path }: LocationSet, asked: readonly string[] | undefined): string[] {
  const has = [...new Set(images.flatMap(({ files }) => [...files.keys()]))];
  if (has.length === 0)
    throw new DataError(
      "names no image files (columns FileName_CHANNEL, URL_CHANNEL); give the table that does with --metadata, for instance CellProfiler's load_data",
      { path },
    );
  const channels = asked === undefined ? has : [...asked];
  const unknown = channels.find((name) => !has.includes(name));
  if (unknown !== undefined)
    throw new StudyError(`--channels names ${unknown}; ${path} has images of ${has.join(", ")}`);
  return channels;
}

/** Metadata of every field; its name is that of plate, well and site, with its number where these do not tell it apart. */
function fieldRecords(
  { images, path }: LocationSet,
  options: TableOptions,
): { records: CellRecord[]; notes: readonly string[] } {
  const known = [...new Set(images.flatMap(({ info }) => [...info.keys()]))];
  const columns = new Map(known.map((name) => [name, images.map(({ info }) => info.get(name) ?? "")]));
  const naming = ["Plate", "Well", "Site", "Field"].some((n) =>
    known.some((name) => name.toLowerCase() === n.toLowerCase()),
  );
  const numbers = images.map(({ info }, i) =>
    [info.get("TableNumber") ?? "", info.get("ImageNumber") ?? String(i + 1)]
      .filter((v) => v !== "")
      .join("_"),
  );
  const { record, notes } = cellMetadata(
    naming ? columns : new Map([...columns, ["Field", numbers.map((n) => `image${n}`)]]),
    {
      ...options,
      path,
      count: images.length,
      ids: String,
      unit: "field",
      row: (row) => `image ${numbers[row]}`,
    },
  );
  const records = images.map((_, row) => record(row));
  const uses = new Map<unknown, number>();
  for (const { Metadata_Field: name } of records) uses.set(name, (uses.get(name) ?? 0) + 1);
  const told = records.map((r, row) =>
    (uses.get(r.Metadata_Field) ?? 0) > 1
      ? { ...r, Metadata_Field: `${r.Metadata_Field}_image${numbers[row]}` }
      : r,
  );
  const seen = new Set<unknown>();
  for (const { Metadata_Field: name } of told) {
    if (seen.has(name)) throw new DataError(`lists the image ${name} twice; take one out`, { path });
    seen.add(name);
  }
  return { records: told, notes };
}

function fieldEntry(name: string, image: ImageRow, channels: readonly string[], base: string): FieldEntry {
  const files = channels.map((channel) => {
    const written = image.files.get(channel);
    return written === undefined ? `${channel} of ${name}` : (findWritten(base, written) ?? written);
  });
  const one = channels.length > 1 && new Set(files).size === 1;
  return {
    name,
    files: one ? [files[0]] : files,
    labels: null,
    nuclei: null,
    slice: null,
    time: null,
    metadata: {},
  };
}

/** Names of the planes that are read: a file for all channels may hold more, in another order. */
const names = (entry: FieldEntry, channels: readonly string[]) =>
  entry.files.length === channels.length ? channels : null;

async function loadField(
  entry: FieldEntry,
  image: ImageRow,
  channels: readonly string[],
): Promise<FieldPixels> {
  return withPlanes(entry, names(entry, channels), async ({ height, width, read }) => {
    const planes = await read();
    const picked = channels.map((channel, c) => {
      if (entry.files.length === channels.length) return planes[c];
      const at = Number(image.planes.get(channel) ?? [...image.files.keys()].indexOf(channel));
      if (planes[at] !== undefined) return planes[at];
      throw new DataError(`has ${planes.length} planes, and ${channel} is number ${at} (from 0)`, {
        path: entry.files[0],
      });
    });
    return { height, width, planes: picked, labels: null };
  });
}

function whyNot(
  cell: Omit<Target, "field">,
  seen: ReadonlySet<number>,
  { height, width }: { readonly height: number; readonly width: number },
  size: number,
  pad: boolean,
): string | null {
  const { row, column, label } = cell;
  if (Number.isNaN(row + column)) return "no-center";
  if (row < -0.5 || column < -0.5 || row > height - 0.5 || column > width - 0.5) return "outside-field";
  if (seen.has(label)) return "listed-twice";
  return pad || isWhole(cell, size, height, width) ? null : "crop-beyond-field";
}

function classOf(record: CellRecord, options: LocationsOptions, path: string): string {
  const { classColumn, labels, perClass } = options;
  if (classColumn !== undefined) {
    if (!(`Metadata_${classColumn}` in record))
      throw new StudyError(
        `--class names ${classColumn}; the fields of ${path} have ${Object.keys(record)
          .map((name) => name.replace(/^Metadata_/, ""))
          .filter((name) => name !== "Cell")
          .join(", ")}`,
      );
    return String(record[`Metadata_${classColumn}`] ?? "");
  }
  const { Metadata_Protein: protein, Metadata_Localization: localization } = record;
  const found = (protein === null ? null : labels?.get(String(protein))) ?? localization ?? protein;
  if (perClass !== undefined && found === null)
    throw new StudyError(
      "--per-class needs to know the class; give --class COLUMN (a column of the images, or of a table given with --metadata)",
    );
  return String(found ?? "");
}

const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string) => `${number.format(n)} ${one}${n === 1 ? "" : "s"}`;

function summarize(
  { cells, images, unknown }: LocationSet,
  leftOut: LeftOut,
  missing: readonly string[],
  cut: number,
  options: LocationsOptions,
): string[] {
  const notes = [`${count(cells.count, "cell")} listed in ${count(images.length, "field")}.`];
  if (unknown.cells > 0)
    notes.push(
      `${count(unknown.cells, "cell")} of images that no table lists (image ${unknown.images.join(", ")}${unknown.images.length > 2 ? ", ..." : ""}) left out.`,
    );
  const left = Object.entries(REASONS)
    .filter(([reason]) => leftOut.counts.has(reason))
    .map(([reason, what]) => `${leftOut.say(reason)} ${what}`);
  if (left.length > 0) notes.push(`Left out, listed in left-out.csv: ${left.join("; ")}.`);
  if (missing.length > 0)
    notes.push(
      `Images of ${count(missing.length, "field")} are missing: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", ..." : ""}.`,
    );
  if (options.perClass === undefined && options.perField === undefined) return notes;
  const most = [
    options.perClass === undefined ? null : `${number.format(options.perClass)} a class`,
    options.perField === undefined ? null : `${number.format(options.perField)} a field`,
  ].filter((text) => text !== null);
  const of = cells.count - [...leftOut.counts.values()].reduce((a, b) => a + b, 0);
  notes.push(
    `Drawn with seed ${options.seed ?? 0}, at most ${most.join(" and ")}: ${number.format(cut)} of ${count(of, "cell")}.`,
  );
  return notes;
}

function nothingLeft(
  { path, cells, images }: LocationSet,
  leftOut: LeftOut,
  missing: readonly string[],
  size: number,
): DataError {
  if (cells.count === 0)
    return new DataError(
      `lists no cells for its ${count(images.length, "image")}; check its tables of objects`,
      {
        path,
      },
    );
  if ((leftOut.counts.get("image-missing") ?? 0) === cells.count)
    return new DataError(
      `names images that are not there (${missing[0]}); give the folder they are in with --images`,
      { path },
    );
  const why = [...leftOut.counts].map(([reason, n]) => `${reason} ${number.format(n)}`);
  return new DataError(
    `has no cell that can be cut at ${size} px: of ${count(cells.count, "cell")} ${why.join(", ")}; give a smaller --size, or --pad`,
    { path },
  );
}
