import { createHash } from "node:crypto";
import { basename, relative } from "node:path";
import { deal } from "../../core/deal.ts";
import { DataError, InterruptedError } from "../../errors.ts";
import { exactJson } from "../../files/exact-json.ts";
import { canonicalJson } from "../../files/hash.ts";
import type { Shard } from "../../files/shards.ts";
import type { PlaneValues } from "../../image/planes.ts";
import { FieldCutter, isWhole, type OpenField } from "../fields/cut.ts";
import type { FieldEntry, FieldList } from "../fields/field.ts";
import { findCells, readCellLabels } from "../fields/find.ts";
import { LeftOut } from "../fields/left-out.ts";
import { type FieldsFound, fieldSet, notesOf, nothingLeft, ODD_NAMED } from "../fields/notes.ts";
import type { LabeledObject } from "../fields/objects.ts";
import { type DrawOptions, Sampler } from "../fields/sample.ts";
import { type FittedSize, fitSize } from "../fields/size.ts";
import { type CellSource, checkDistinct, type SourcePart } from "../importer.ts";
import { type FieldPlanes, openPlanes, withPlanes } from "../readers/field-planes.ts";
import type { ShardPlan } from "../shards/shard-plan.ts";

export interface FieldsOptions extends DrawOptions {
  /** Side of the crops, px; fitted to the cells where not given. */
  readonly size?: number | undefined;
  /** Cut cells near the edge of their field too: the field's outermost pixels are repeated outside of it. */
  readonly pad?: boolean | undefined;
  /** Label images are masks of one value whose separate pieces are the cells. */
  readonly splitObjects?: boolean | undefined;
  /** Leave out cells that do not have exactly one nucleus. */
  readonly oneNucleus?: boolean | undefined;
  /** Leave out objects of fewer pixels. */
  readonly minArea?: number | undefined;
}

/** A cell that is to be cut. */
interface Target extends Pick<LabeledObject, "label" | "row" | "column"> {
  readonly field: number;
  readonly nuclei: number | null;
}

/** Names of the channels, and whether the user gives them (else the first field's file does). */
interface ChannelNames {
  readonly channels: readonly string[];
  readonly given: boolean;
}

/** Bytes of a label, as most programs write them. */
const LABEL_BYTES = 4;

/**
 * Plans the import of the cells of field images by their label images. Label images are read once to find the cells (and
 * up to 64 before that to fit the size of the crops); pixels are read field by field when the cells are cut, one field in
 * memory at a time. Cells that touch the edge of their field are left out, and those whose crop reaches beyond it unless
 * `pad` says otherwise; both are listed in the store's `left-out.csv`.
 * @throws DataError where an image is missing, of another size than its labels, or no cell can be cut.
 */
export async function fieldsSource(list: FieldList, options: FieldsOptions = {}): Promise<CellSource> {
  const source = await fieldsPart(list, options, 0, list.fields.length);
  const { set, found } = source.part.found;
  if (source.count === 0) throw nothingLeft(set, found);
  return source;
}

/** As {@link fieldsSource}, of the fields that one shard has. */
export function fieldsShard(list: FieldList, options: FieldsOptions, shard: Shard): ShardPlan {
  const bounds = deal(new Uint8Array(list.fields.length).fill(1), shard.count);
  const [from, to] = [bounds[shard.index], bounds[shard.index + 1]];
  const within = (file: string | null) => (file === null ? null : nameWithin(list.base, file));
  const hash = createHash("sha256");
  hash.update(canonicalJson([list.channels, list.nucleiOnly, list.notes]));
  for (const { files, labels, nuclei, ...entry } of list.fields)
    hash.update(exactJson([entry, files.map(within), within(labels), within(nuclei)]));
  return {
    source: "fields",
    path: list.path,
    listing: hash.digest("hex"),
    inputs: list.fields.slice(from, to).flatMap(inputsOf),
    open: async () => ({ cells: await fieldsPart(list, options, from, to) }),
  };
}

/** The cells of the fields from number `from` up to before `to`; there may be none. */
async function fieldsPart(
  list: FieldList,
  options: FieldsOptions,
  from: number,
  to: number,
): Promise<CellSource & { readonly part: SourcePart & { readonly found: { readonly kind: "fields" } } }> {
  const split = options.splitObjects === true;
  const seed = options.seed ?? 0;
  const fitted = options.size === undefined ? await fitSize(list, split, seed, options.minArea) : null;
  const size = options.size ?? (fitted as FittedSize).size;
  const channels = await withPlanes(list.fields[0], list.channels, (planes) => planes.channels);
  checkDistinct(channels, list.fields[0].files[0]);
  const given = list.channels !== null;
  const sampler = new Sampler<Target>({ perClass: options.perClass, perField: options.perField, seed });
  const leftOut = new LeftOut();
  const odd = { several: [] as string[], none: [] as string[] };
  const counts = { several: 0, none: 0 };
  /** Of every field, null where its file does not say. */
  const sizes = new Map<number, number | null>();
  let cells = 0;
  let empty = 0;
  let outside: number | null = null;
  for (let field = from; field < to; field++) {
    const entry = list.fields[field];
    if (options.signal?.aborted)
      throw new InterruptedError("stopped; nothing was written", { path: list.path });
    const { objects, height, width, nuclei } = await findCells(entry, split, list.path);
    sizes.set(field, await checkPlanes(entry, { channels, given }, height, width));
    cells += objects.length;
    if (objects.length === 0) empty++;
    if (nuclei !== null) outside = (outside ?? 0) + nuclei.outside;
    const targets: Target[] = [];
    for (const object of objects) {
      const { label, row, column } = object;
      const own = nuclei === null ? null : (nuclei.perCell.get(label) ?? 0);
      if (own !== null && own !== 1) {
        const kind = own === 0 ? "none" : "several";
        counts[kind]++;
        if (odd[kind].length < ODD_NAMED) odd[kind].push(`${entry.name}_${label}`);
      }
      const reason =
        object.area < (options.minArea ?? 0)
          ? "small"
          : object.atEdge
            ? "field-edge"
            : !options.pad && !isWhole(object, size, height, width)
              ? "crop-beyond-field"
              : options.oneNucleus && own !== null && own !== 1
                ? "nuclei"
                : null;
      if (reason !== null) leftOut.add(reason, { field: entry.name, label, row, column });
      else targets.push({ field, label, row, column, nuclei: own });
    }
    const name = classOf(entry, options, list.path);
    sampler.add(entry.name, targets, () => name);
    options.onField?.(field - from + 1, to - from);
  }
  const drawn = sampler.drawn().sort((a, b) => a.item.field - b.item.field || a.item.label - b.item.label);
  const targets = drawn.map(({ item }) => item);
  const set = fieldSet(list, options);
  const pixelSizes = [...new Set(sizes.values())].filter((size) => size !== null);
  const found: FieldsFound = {
    ...{ fitted, size, cells, empty, leftOut: leftOut.list, nucleiOutside: outside, odd, counts, pixelSizes },
  };
  const cutter = new FieldCutter(size, targets, (field) =>
    openField(list, list.fields[field], { channels, given }, split),
  );
  return {
    source: "fields",
    path: list.path,
    channels,
    masks: "full",
    count: targets.length,
    notes: notesOf(set, found, targets.length),
    leftOut: leftOut.table(),
    record: (cell) => {
      const { field, label, row, column, nuclei } = targets[cell];
      const { name, metadata, files } = list.fields[field];
      return {
        Metadata_Protein: null,
        ...metadata,
        Metadata_Cell: `${name}_${label}`,
        Metadata_Field: name,
        Metadata_ObjectNumber: label,
        Metadata_X: column,
        Metadata_Y: row,
        ...(nuclei === null ? {} : { Metadata_Nuclei: nuclei }),
        ...(sizes.get(field) === null ? {} : { Metadata_PixelSize: sizes.get(field) as number }),
        Metadata_Image: nameWithin(list.base, files[0]),
      };
    },
    file: (cell, channel = 0) => {
      const { files } = list.fields[targets[cell].field];
      return files[channel] ?? files[0];
    },
    inputs: (cell) => inputsOf(list.fields[targets[cell].field]),
    part: {
      found: { kind: "fields", set, found },
      perClass: options.perClass,
      drawn: (cell) => drawn[cell],
    },
    read: (cell) => cutter.cut(cell),
    close: () => cutter.close(),
  };
}

/** Files and folders that the cells of a field are read from. */
function inputsOf({ files, labels, nuclei }: FieldEntry): string[] {
  return [...files, labels, nuclei].filter((file) => file !== null);
}

/** Path of a file within a folder; as it is where it lies elsewhere. */
function nameWithin(folder: string, file: string): string {
  const name = relative(folder, file);
  return name === "" ? basename(file) : name.startsWith("..") ? file : name;
}

/** Size and channels of a field's images against its labels, before anything is cut. */
async function checkPlanes(
  entry: FieldEntry,
  { channels, given }: ChannelNames,
  height: number,
  width: number,
): Promise<number | null> {
  const check = (planes: FieldPlanes) => {
    if (planes.height !== height || planes.width !== width)
      throw new DataError(
        `is ${height} x ${width} px, its field ${entry.files[0]} is ${planes.height} x ${planes.width} px; a label image needs the size of its field`,
        { path: entry.labels ?? entry.files[0] },
      );
    return planes.pixelSize;
  };
  return withPlanes(entry, channels, check, given);
}

async function openField(
  list: FieldList,
  entry: FieldEntry,
  { channels, given }: ChannelNames,
  split: boolean,
): Promise<OpenField> {
  const planes = await openPlanes(entry, channels, given);
  const { height, width } = planes;
  /** Labels that are made of a mask need all of it. */
  let divided: PlaneValues | undefined;
  return {
    ...{ height, width, channels: channels.length },
    bytes: planes.bytes + LABEL_BYTES * height * width,
    plane: planes.read,
    labels: async (rows) => {
      if (!split) return (await readCellLabels(entry, split, list.path, rows)).labels;
      divided ??= (await readCellLabels(entry, split, list.path)).labels;
      return divided.subarray(rows.from * width, rows.to * width);
    },
    close: planes.close,
  };
}

function classOf(entry: FieldEntry, { classColumn, labels, perClass }: FieldsOptions, path: string): string {
  const value = (name: string) => {
    const known = entry.metadata[`Metadata_${name}`] ?? null;
    return Number.isNaN(known) ? null : known;
  };
  if (classColumn !== undefined) {
    const found = value(classColumn);
    if (found === null)
      throw new DataError(
        `has no ${classColumn} for the field ${entry.name} (its columns: ${Object.keys(entry.metadata).join(", ")}); choose another --class or fill it in`,
        { path },
      );
    return String(found);
  }
  const protein = value("Protein");
  const found = (protein === null ? null : labels?.get(String(protein))) ?? value("Localization") ?? protein;
  if (perClass !== undefined && found === null)
    throw new DataError(
      `has neither Localization nor Protein for the field ${entry.name}, so --per-class knows no class; give --class COLUMN or --labels`,
      { path },
    );
  return String(found ?? "");
}
