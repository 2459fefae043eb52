import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DataError } from "../../errors.ts";
import { readCsv } from "../../files/table.ts";
import type { FieldEntry, FieldList, Slice } from "../field-list.ts";

/** Columns that say where things are; everything else is metadata. */
const PLACES = /^(file|file_.+|labels|labels_(cells?|nuclei|nucleus)|z|t)$/i;

/**
 * Reads the fields of a set from a CSV with one row per field: `File_CHANNEL` per channel or `File` for one file with
 * all; `Labels` (or `Labels_Cells`) and `Labels_Nuclei`; `Plate`, `Well`, `Site` (or `Field`) name the field; `Z` and `T`
 * choose a slice and a time of this field; all other columns are kept for every cell of the field. Paths are relative
 * to `path`.
 * @throws DataError where a column or a required value is missing, or two fields have one name.
 */
export function manifestFields(
  path: string,
  manifest: string,
  options: {
    readonly channels?: readonly string[];
    readonly slice?: Slice | null;
    readonly time?: number | null;
  },
): FieldList {
  const file = existsSync(manifest) || isAbsolute(manifest) ? manifest : join(path, manifest);
  const table = readCsv(file);
  const names = [...table.keys()];
  const rows = table.get(names[0])?.length ?? 0;
  if (rows === 0) throw new DataError("has a header but no rows; add one row per field", { path: file });
  const column = (...wanted: string[]) => {
    const found = names.find((n) => wanted.includes(bare(n).toLowerCase()));
    return found === undefined ? undefined : table.get(found);
  };
  const single = column("file");
  const several = names.filter((n) => /^file_./i.test(n));
  if (single === undefined && several.length === 0)
    throw new DataError(
      `has no column File or File_CHANNEL (for instance File_DNA; its columns: ${names.join(", ")}); add it`,
      { path: file },
    );
  const cells = column("labels", "labels_cells", "labels_cell");
  const nuclei = column("labels_nuclei", "labels_nucleus");
  const at = (value: string) => (isAbsolute(value) ? value : join(path, value));
  const optional = (values: string[] | undefined, row: number) => {
    const value = values?.[row] ?? "";
    return value === "" ? null : at(value);
  };
  const metadata = names
    .filter((n) => !PLACES.test(bare(n)))
    .map((n): [string, string[]] => [`Metadata_${bare(n)}`, table.get(n) as string[]]);
  const images = single === undefined ? several.map((n) => table.get(n) as string[]) : [single];
  const fields = Array.from({ length: rows }, (_, row): FieldEntry => {
    const files = images.map((values) => values[row]);
    const missing = files.findIndex((f) => f === "" || f === undefined);
    if (missing >= 0)
      throw new DataError(
        `has no file in column ${single === undefined ? several[missing] : "File"} of row ${row + 2}; fill it in or take the row out`,
        { path: file },
      );
    const known = new Map(metadata.map(([name, values]) => [name, values[row]]));
    return {
      name: "",
      files: files.map(at),
      labels: optional(cells, row) ?? optional(nuclei, row),
      nuclei: cells === undefined ? null : optional(nuclei, row),
      slice: options.slice ?? null,
      time: options.time ?? null,
      metadata: Object.fromEntries([...known].map(([name, value]) => [name, value === "" ? null : value])),
    };
  });
  return {
    path: file,
    channels: single === undefined ? several.map((n) => n.slice(5)) : (options.channels ?? null),
    fields: named(fields),
    notes: [],
  };
}

const bare = (name: string) => name.replace(/^metadata_/i, "");

function named(fields: readonly FieldEntry[]): FieldEntry[] {
  return fields.map((field) => {
    const parts = ["Plate", "Well", "Site", "Field"]
      .map((name) => field.metadata[`Metadata_${name}`])
      .filter((v) => v !== null && v !== undefined);
    const stem = field.files[0].replace(/^.*[\\/]/, "").replace(/(\.ome)?\.[^.]+$/, "");
    return { ...field, name: parts.join("_") || stem };
  });
}
