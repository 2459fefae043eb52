import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { deal } from "../../core/deal.ts";
import { DataError, StudyError } from "../../errors.ts";
import { exactJson } from "../../files/exact-json.ts";
import { sha256File } from "../../files/hash.ts";
import type { Shard } from "../../files/shards.ts";
import { checkStop } from "../../files/turn.ts";
import { FieldCutter, isWhole } from "../fields/cut.ts";
import { LeftOut } from "../fields/left-out.ts";
import { type DrawOptions, Sampler } from "../fields/sample.ts";
import type { CellSource, SourcePart } from "../importer.ts";
import {
  type FieldImages,
  fieldImages,
  fieldShape,
  guessedPlanes,
  openImages,
} from "../locations/field-images.ts";
import { joinTable, type ObjectColumns } from "../locations/join.ts";
import type { LocationSet } from "../locations/location-set.ts";
import {
  type ListedSet,
  type LocationsFound,
  locationNotes,
  MISSING_NAMED,
  nothingToCut,
} from "../locations/notes.ts";
import { cellMetadata, type TableOptions } from "../metadata/cells.ts";
import type { Ends } from "../metadata/locate.ts";
import type { ShardPlan } from "../shards/shard-plan.ts";
import type { CellRecord } from "../store.ts";

export interface LocationsOptions extends TableOptions, DrawOptions {
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
}

interface Target {
  readonly field: number;
  readonly label: number;
  readonly row: number;
  readonly column: number;
}

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
  const listed = await listLocations(source, set, options);
  const found = await locationsPart(listed, 0, set.images.length);
  const { set: about, found: of } = found.part.found;
  if (found.count === 0) throw nothingToCut(about, of);
  return found;
}

/** As {@link locationsSource}, of the images that one shard has: numbers of cells are as equal as whole images allow. */
export async function locationsShard(
  source: string,
  set: LocationSet,
  options: LocationsOptions,
  shard: Shard,
): Promise<ShardPlan> {
  const listed = await listLocations(source, set, options);
  const { images, cells, path } = set;
  const hash = createHash("sha256");
  hash.update(exactJson([source, listed.about, listed.channels]));
  for (const table of options.metadata ?? []) hash.update(sha256File(table));
  images.forEach(({ info, files, planes }, image) =>
    hash.update(exactJson([listed.records[image], [...info], [...files], [...planes]])),
  );
  const weights = new Float64Array(images.length);
  let image = 0;
  for (const own of cells.byField(images.length)) {
    hash.update(Float64Array.from(own.flatMap(({ label, row, column }) => [label, row, column])));
    // An image without cells has to be opened as well.
    weights[image++] = own.length + 1;
  }
  const bounds = deal(weights, shard.count);
  const [from, to] = [bounds[shard.index], bounds[shard.index + 1]];
  return {
    ...{ source, path, listing: hash.digest("hex") },
    inputs: inputsOf(listed, from, to),
    open: async () => ({ cells: await locationsPart(listed, from, to) }),
  };
}

/** Images and what tables say of them, before any is looked for. */
interface Listed {
  readonly source: string;
  readonly set: LocationSet;
  readonly options: LocationsOptions;
  readonly about: ListedSet;
  readonly channels: readonly string[];
  readonly records: readonly CellRecord[];
  readonly objects: readonly ObjectColumns[];
}

async function listLocations(source: string, set: LocationSet, options: LocationsOptions): Promise<Listed> {
  const { path, images } = set;
  const notes = [...set.notes];
  const objects: ObjectColumns[] = [];
  for (const table of options.metadata ?? []) {
    const joined = await joinTable(images, table, options);
    notes.push(...joined.notes);
    if (joined.objects !== null) objects.push(joined.objects);
  }
  const channels = chooseChannels(set, options.channels);
  const { records, notes: asked } = fieldRecords(set, options);
  notes.push(...asked);
  checkClass(records, objects, options, path);
  const { size, perClass, perField, seed } = options;
  const about = {
    ...{ path, size, perClass, perField, seed, notes },
    ...{ images: images.length, cells: set.cells.count, unknown: set.unknown },
  };
  return { source, set, options, about, channels, records, objects };
}

function imagesOf({ records, set, channels, options }: Listed, image: number, ends: Ends): FieldImages {
  const name = String(records[image].Metadata_Field);
  return fieldImages(name, set.images[image], channels, options.images ?? set.base, ends);
}

function* inputsOf(listed: Listed, from: number, to: number): Generator<string> {
  const ends: Ends = new Map();
  for (let image = from; image < to; image++) yield* imagesOf(listed, image, ends).files;
}

/** The cells of the images from number `from` up to before `to`; there may be none. */
async function locationsPart(
  listed: Listed,
  from: number,
  to: number,
): Promise<CellSource & { readonly part: SourcePart & { readonly found: { readonly kind: "locations" } } }> {
  const { source, set, options, about, channels, records, objects } = listed;
  const { path, images } = set;
  const { size, seed = 0 } = options;
  /** What tables say of a cell itself, besides what they say of its field. */
  const ownOf = (image: number, label: number): CellRecord =>
    Object.assign({}, ...objects.map((table) => table.of(image, label)));
  const sampler = new Sampler<Target>({ perClass: options.perClass, perField: options.perField, seed });
  const leftOut = new LeftOut();
  const missing = { fields: 0, first: [] as string[] };
  const entries = new Map<number, FieldImages>();
  const ends: Ends = new Map();
  let field = from;
  for (const cells of set.cells.byField(images.length, from, to)) {
    checkStop(options.signal, path);
    const record = records[field];
    const name = String(record.Metadata_Field);
    const entry = imagesOf(listed, field, ends);
    entries.set(field, entry);
    const absent = entry.files.find((file) => !existsSync(file));
    if (absent !== undefined) {
      missing.fields++;
      if (missing.first.length < MISSING_NAMED) missing.first.push(absent);
    }
    const shape = absent !== undefined || cells.length === 0 ? null : await fieldShape(entry);
    const seen = new Set<number>();
    const common = classOf(record, options);
    const targets: Target[] = [];
    const classes = new Map<Target, string>();
    for (const cell of cells) {
      const reason = shape === null ? "image-missing" : whyNot(cell, seen, shape, size, options.pad === true);
      seen.add(cell.label);
      const of = objects.length === 0 ? common : classOf({ ...record, ...ownOf(field, cell.label) }, options);
      const last = reason ?? (of === "" && options.perClass !== undefined ? "no-class" : null);
      if (last !== null) {
        leftOut.add(last, { field: name, ...cell });
        continue;
      }
      const target = { field, ...cell };
      targets.push(target);
      classes.set(target, of);
    }
    sampler.add(name, targets, (target) => classes.get(target) ?? "");
    field++;
    options.onField?.(field - from, to - from);
  }
  const drawn = sampler.drawn().sort((a, b) => a.item.field - b.item.field || a.item.label - b.item.label);
  const targets = drawn.map(({ item }) => item);
  const guessed = guessedPlanes([...entries.values()], images.slice(from, to));
  const found: LocationsFound = { leftOut: leftOut.list, missing, guessed };
  const imagesOfCell = (cell: number) => entries.get(targets[cell].field)!;
  const cutter = new FieldCutter(size, targets, (at) => openImages(entries.get(at)!));
  return {
    ...{ source, path, channels, masks: "none", count: targets.length, leftOut: leftOut.table() },
    notes: locationNotes(about, found, targets.length),
    part: {
      found: { kind: "locations", set: about, found },
      perClass: options.perClass,
      drawn: (cell) => drawn[cell],
    },
    record: (cell) => {
      const { field: at, label, row, column } = targets[cell];
      return {
        ...records[at],
        ...ownOf(at, label),
        Metadata_Cell: `${records[at].Metadata_Field}_${label}`,
        Metadata_ObjectNumber: label,
        Metadata_X: column,
        Metadata_Y: row,
        Metadata_Image: imagesOfCell(cell).files[0],
      };
    },
    file: (cell, channel = 0) => imagesOfCell(cell).files[channel],
    inputs: (cell) => imagesOfCell(cell).files,
    read: (cell) => cutter.cut(cell),
    close: () => cutter.close(),
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

/** Columns that name a field. */
const NAMING = ["Plate", "Well", "Site", "Field"];

/** Metadata of every field; its name is that of plate, well and site, with its number where these do not tell it apart. */
function fieldRecords(
  { images, path }: LocationSet,
  options: TableOptions,
): { records: CellRecord[]; notes: readonly string[] } {
  const names = [...new Set(images.flatMap(({ info }) => [...info.keys()]))];
  const columns = new Map(names.map((name) => [name, images.map(({ info }) => info.get(name) ?? "")]));
  const numbers = images.map(({ info }, i) =>
    [info.get("TableNumber") ?? "", info.get("ImageNumber") ?? String(i + 1)]
      .filter((v) => v !== "")
      .join("_"),
  );
  if (!names.some((name) => NAMING.some((n) => n.toLowerCase() === name.toLowerCase())))
    columns.set(
      "Field",
      numbers.map((n) => `image${n}`),
    );
  const { record, notes } = cellMetadata(columns, {
    ...options,
    path,
    count: images.length,
    ids: String,
    unit: "field",
    row: (row) => `image ${numbers[row]}`,
  });
  const known = (value: unknown) => value !== undefined && value !== null && !Number.isNaN(value);
  const records = images.map(({ info }, row) => {
    const own = record(row);
    const named = NAMING.some((n) => known(own[`Metadata_${n}`])) || (info.get("Field") ?? "") !== "";
    return named ? own : { ...own, Metadata_Field: `image${numbers[row]}` };
  });
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

/** Checks that there is a class to draw by, before images are opened. */
function checkClass(
  records: readonly CellRecord[],
  objects: readonly ObjectColumns[],
  { classColumn, perClass, labels }: LocationsOptions,
  path: string,
): void {
  const own = objects.flatMap(({ names }) => names);
  const has = (name: string) => own.includes(name) || records.some((r) => (r[name] ?? null) !== null);
  if (classColumn !== undefined && !has(`Metadata_${classColumn}`)) {
    const known = new Set([...records.flatMap((r) => Object.keys(r).filter(has)), ...own]);
    throw new StudyError(
      `--class names ${classColumn}; the cells of ${path} have ${[...known]
        .map((name) => name.replace(/^Metadata_/, ""))
        .filter((name) => name !== "Cell")
        .join(", ")}`,
    );
  }
  const classed = has("Metadata_Localization") || has("Metadata_Protein") || labels !== undefined;
  if (perClass !== undefined && classColumn === undefined && !classed)
    throw new StudyError(
      "--per-class needs to know the class; give --class COLUMN (a column of the images, or of a table given with --metadata)",
    );
}

/** Class of a cell for the draw, empty where it has none. */
function classOf(record: CellRecord, { classColumn, labels }: LocationsOptions): string {
  const { Metadata_Protein: protein, Metadata_Localization: localization } = record;
  const value =
    classColumn === undefined
      ? ((protein === null ? null : labels?.get(String(protein))) ?? localization ?? protein)
      : record[`Metadata_${classColumn}`];
  return value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
}
