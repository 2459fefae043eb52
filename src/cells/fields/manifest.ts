import { existsSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { type Csv, readCsvFile } from "../../files/csv.ts";
import { bare, cellMetadata, findColumn, type TableOptions } from "../metadata/cells.ts";
import { type ImageColumn, imageColumns, isImageColumn } from "../metadata/image-columns.ts";
import { type Ends, findManifest, locate } from "../metadata/locate.ts";
import { maybeMissing } from "../metadata/missing.ts";
import { isZarr } from "../readers/ome-zarr.ts";
import type { FieldEntry, FieldList, Slice } from "./field.ts";
import { zarrLabels } from "./zarr.ts";

export interface ManifestOptions extends TableOptions {
  /** CSV with one row per field. */
  readonly manifest: string;
  /** Channels of the files in a column File, in the order of their planes; the names in the files by default. */
  readonly channels?: readonly string[] | undefined;
  readonly slice?: Slice | null | undefined;
  readonly time?: number | null | undefined;
}

/** Columns with label images of cells and of nuclei, and those that choose a plane. */
const CELLS = ["labels", "labels_cells", "labels_cell", "mask"];
const NUCLEI = ["labels_nuclei", "labels_nucleus"];
const CHOICES = ["z", "t"];
/** Columns that name a field. */
const NAMES = ["Plate", "Well", "Site", "Field"];

/**
 * Reads the fields of a set from a CSV (any that `readCsvFile` reads) with one row per field: image columns as
 * `imageColumns` finds them, or `File` for one file with all channels; `Labels` (or `Labels_Cells`) and `Labels_Nuclei`,
 * for OME-Zarr also the name of its labels; `Plate`, `Well`, `Site`, `Field` name the field, without them the first file
 * does; `Z` and `T` choose a slice and a time of this field; all other columns are kept for every cell of the field as
 * `cellMetadata` says. Paths are relative to `path`; `locate` says how those of other machines are found.
 * @throws DataError where a column or a required value is missing, or two fields have one name.
 */
export async function manifestFields(path: string, options: ManifestOptions): Promise<FieldList> {
  const { manifest } = options;
  const file = findManifest(path, manifest);
  const csv = readCsvFile(file);
  const { columns, lines } = csv;
  if (lines.length === 0)
    throw new DataError("has a header but no rows; add one row per field", { path: file });
  const images = imageFiles(columns, file);
  const cells = labelColumn(columns, CELLS);
  const nuclei = labelColumn(columns, NUCLEI);
  const ends: Ends = new Map();
  const files = lines.map((line, row) =>
    images.map((column) => {
      const written = column.written(row);
      if (written === "")
        throw new DataError(
          `has no file in column ${column.name} of row ${line}; fill it in or take the row out`,
          {
            path: file,
          },
        );
      return locate(path, written, ends);
    }),
  );
  const stems = files.map(([first]) => first.replace(/^.*[\\/]/, "").replace(/(\.ome)?\.[^.]+$/, ""));
  const table = NAMES.some((name) => findColumn(columns, name) !== undefined)
    ? columns
    : new Map([...columns, ["Field", stems]]);
  const apart = [...CELLS, ...NUCLEI, ...CHOICES, "file"];
  const metadata = cellMetadata(table, {
    path: file,
    count: lines.length,
    ids: String,
    apart: (name) => isImageColumn(name) || apart.includes(bare(name).toLowerCase()),
    row: (row) => `row ${lines[row]}`,
    comma: csv.separator !== ",",
    missing: options.missing,
    separator: options.separator,
  });
  const fields: FieldEntry[] = [];
  const named = new Map<string, number>();
  for (const [row, line] of lines.entries()) {
    const { Metadata_Cell: _, Metadata_Field: field, ...known } = metadata.record(row);
    const own = findColumn(table, "Field")?.[row];
    const slice = choice(columns, "Z", row, line, file);
    const time = choice(columns, "T", row, line, file);
    const name = `${field}${slice === null ? "" : `_z${slice}`}${time === null ? "" : `_t${time}`}`;
    const twin = named.get(name);
    if (twin !== undefined)
      throw new DataError(
        `has the field ${name} in rows ${twin} and ${line}; make Plate, Well and Site tell fields apart`,
        { path: file },
      );
    named.set(name, line);
    const [ofCells, ofNuclei] = [cells?.written(row) ?? "", nuclei?.written(row) ?? ""];
    const labels = await labelImage(path, files[row], ofCells, ofNuclei === "", ends);
    const ownNuclei = await labelImage(path, files[row], ofNuclei, false, ends);
    fields.push({
      ...{ name, files: files[row] },
      metadata: own === undefined ? known : { ...known, Metadata_Field: own },
      labels: labels ?? ownNuclei,
      nuclei: labels === null ? null : ownNuclei,
      slice: slice ?? options.slice ?? null,
      time: time ?? options.time ?? null,
    });
  }
  return {
    path: file,
    base: path,
    channels: images[0].channel === "" ? (options.channels ?? null) : images.map(({ channel }) => channel),
    fields,
    notes: metadata.notes,
    nucleiOnly: nuclei !== null && fields.every((field) => field.nuclei === null),
  };
}

/** Columns of the channels' files, or the one column File (without a channel's name). */
function imageFiles(columns: Csv["columns"], path: string): ImageColumn[] {
  const name = [...columns.keys()].find((n) => /^file(name)?$/i.test(n));
  if (name !== undefined) return [{ channel: "", name, written: (row) => columns.get(name)?.[row] ?? "" }];
  const found = imageColumns(columns, maybeMissing).filter(
    ({ channel }) => ![...CELLS, ...NUCLEI].includes(channel.toLowerCase()),
  );
  if (found.length === 0)
    throw new DataError(
      `has no column File or File_CHANNEL (for instance File_DNA; its columns: ${[...columns.keys()].join(", ")}); add it`,
      { path },
    );
  return found;
}

/** `Labels` and the like, also written as `File_Labels`. */
function labelColumn(columns: Csv["columns"], names: readonly string[]): ImageColumn | null {
  for (const name of names) {
    const values = findColumn(columns, name);
    if (values !== undefined)
      return { channel: name, name, written: (row) => (maybeMissing(values[row]) ? "" : values[row]) };
  }
  return (
    imageColumns(columns, maybeMissing).find(({ channel }) => names.includes(channel.toLowerCase())) ?? null
  );
}

/** A label image by its file, or by its name within the OME-Zarr image; the only one of that image where `any` will do. */
async function labelImage(
  path: string,
  files: readonly string[],
  written: string,
  any: boolean,
  ends: Ends,
): Promise<string | null> {
  const zarr = files.length === 1 && isZarr(files[0]);
  if (written === "") return zarr && any ? zarrLabels(files[0]) : null;
  const file = locate(path, written, ends);
  return zarr && !existsSync(file) ? zarrLabels(files[0], written) : file;
}

function choice(
  columns: Csv["columns"],
  name: "Z" | "T",
  row: number,
  line: number,
  path: string,
): number | null {
  const text = findColumn(columns, name)?.[row] ?? "";
  if (text === "") return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new DataError(`has ${name} ${text} in row ${line}; slices and times are counted from 0`, { path });
  return value;
}
