import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { readCsv } from "../../files/table.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { readChannels } from "../readers/read-channels.ts";
import type { CellRecord } from "../store.ts";

export interface FolderOptions {
  /** CSV with one row per cell. */
  readonly manifest: string;
  /** Channels of the one file in column `File`, in the order of its planes. */
  readonly channels?: readonly string[] | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

const OWN = ["Cell", "Protein", "Field", "Localization"];

/**
 * Plans the import of any TIFF or PNG crops by a CSV with one row per cell. Columns (case does not matter, a
 * `Metadata_` prefix may stand before all but the files): `File_CHANNEL` per channel, or `File` for one file with all
 * channels; `Mask`; `Protein` (required); `Cell`, `Field`, `Localization`, `Plate`, `Well`. Everything else is kept as
 * a `Metadata_` column. Paths are relative to `path`.
 *
 * A field is named by plate, well and field joined by `_`, as far as they are there; without any of them the protein
 * stands for it. Without `Cell` the file's name does.
 * @throws DataError where a column is missing, a required value is empty, or an id comes twice.
 */
export function folderSource(path: string, options: FolderOptions): CellSource {
  if (!existsSync(path)) throw new DataError("is not there; check the path", { path });
  const manifest = findManifest(path, options.manifest);
  const table = readCsv(manifest);
  const names = [...table.keys()];
  const count = table.get(names[0])?.length ?? 0;
  if (count === 0) throw new DataError("has a header but no rows; add one row per cell", { path: manifest });
  const column = (name: string): string[] | undefined => {
    const found = names.find((n) => bare(n).toLowerCase() === name.toLowerCase());
    return found === undefined ? undefined : table.get(found);
  };
  const missing = (what: string) =>
    new DataError(`has no column ${what} (its columns: ${names.join(", ")}); add it`, { path: manifest });
  const { channels, files } = fileColumns(names, table, options.channels, missing, manifest);
  const twin = channels.find((c, i) => channels.findIndex((d) => d.toLowerCase() === c.toLowerCase()) < i);
  if (twin !== undefined)
    throw new DataError(`names the channel ${twin} twice; rename one`, { path: manifest });
  const masks = column("Mask") ?? column("File_Mask");
  if (masks === undefined && options.masks !== undefined && options.masks !== "none") throw missing("Mask");
  const protein = column("Protein");
  if (protein === undefined) throw missing("Protein");
  const required = (values: string[], row: number, what: string) => {
    if (values[row] === "" || values[row] === undefined)
      throw new DataError(`has no ${what} in row ${row + 2}; fill it in or take the row out`, {
        path: manifest,
      });
  };
  for (let row = 0; row < count; row++) {
    required(protein, row, "Protein");
    for (const [c, file] of files.entries())
      required(file, row, files.length === 1 ? "file" : `file of ${channels[c]}`);
    if (masks !== undefined) required(masks, row, "Mask");
  }
  const parts = ["Plate", "Well", "Field"].map(column).filter((c) => c !== undefined);
  const field = (row: number) =>
    parts
      .map((p) => p[row])
      .filter((v) => v !== "")
      .join("_") || protein[row];
  const ids = cellIds(column("Cell"), files[0], count, manifest);
  const localization = column("Localization");
  const extras = extraColumns(names, table);
  const at = (file: string) => (isAbsolute(file) ? file : join(path, file));
  return {
    source: "folder",
    path: manifest,
    channels,
    masks: masks === undefined || options.masks === "none" ? "none" : (options.masks ?? "auto"),
    count,
    notes: fieldNotes(parts.length, field, protein),
    record: (row) => {
      const record: Record<string, string | number | null> = {
        Metadata_Cell: ids[row],
        Metadata_Protein: protein[row],
        Metadata_Field: field(row),
        Metadata_Localization: sortClasses(localization?.[row]),
      };
      for (const [name, values] of extras) record[name] = values[row];
      return record as CellRecord;
    },
    file: (row, c = 0) => at((files[c] ?? files[0])[row]),
    read: async (row) => {
      const mask = masks === undefined || options.masks === "none" ? null : at(masks[row]);
      const pixels = await readChannels(
        files.map((f) => at(f[row])),
        channels,
        mask,
      );
      // Asked for center masks: what the labels say of other cells is dropped.
      if (options.masks === "center" && pixels.mask !== null)
        for (let p = 0; p < pixels.mask.length; p++) if (pixels.mask[p] === 2) pixels.mask[p] = 0;
      return pixels;
    },
  };
}

function findManifest(path: string, manifest: string): string {
  if (existsSync(manifest) || isAbsolute(manifest)) return manifest;
  const beside = join(path, manifest);
  return existsSync(beside) ? beside : manifest;
}

const bare = (name: string) => name.replace(/^metadata_/i, "");

function fileColumns(
  names: readonly string[],
  table: ReadonlyMap<string, string[]>,
  given: readonly string[] | undefined,
  missing: (what: string) => DataError,
  manifest: string,
): { channels: readonly string[]; files: string[][] } {
  const single = names.find((n) => n.toLowerCase() === "file");
  const several = names.filter((n) => /^file_./i.test(n) && n.toLowerCase() !== "file_mask");
  if (single !== undefined && several.length > 0)
    throw new DataError(
      `has File and ${several[0]}; keep File (all channels in one file) or one File_ column per channel`,
      {
        path: manifest,
      },
    );
  if (single === undefined) {
    if (several.length === 0) throw missing("File or File_CHANNEL (for instance File_GFP)");
    if (given !== undefined)
      throw new StudyError(
        "--channels names the planes of the files in a column File; with File_CHANNEL columns leave it out",
      );
    return { channels: several.map((n) => n.slice(5)), files: several.map((n) => table.get(n) as string[]) };
  }
  if (given === undefined)
    throw new StudyError(
      "a manifest with a column File needs the names of the file's channels: --channels GFP,RFP",
    );
  return { channels: given, files: [table.get(single) as string[]] };
}

function cellIds(
  given: string[] | undefined,
  files: readonly string[],
  count: number,
  manifest: string,
): string[] {
  const ids = given ?? files.map((f) => f.replace(/\.[^./\\]+$/, ""));
  const rows = new Map<string, number>();
  for (let row = 0; row < count; row++) {
    const id = ids[row];
    if (id === "")
      throw new DataError(`has no Cell in row ${row + 2}; fill it in or leave the column out`, {
        path: manifest,
      });
    const twin = rows.get(id);
    if (twin !== undefined)
      throw new DataError(
        `has the cell id ${id} in rows ${twin + 2} and ${row + 2}; make ids unique (for instance PROTEIN_FIELD_CELL)${given === undefined ? "" : ", or leave the column Cell out, then file names are the ids"}`,
        { path: manifest },
      );
    rows.set(id, row);
  }
  return ids;
}

/** Columns that no rule uses, as `Metadata_` columns; numbers where every value is one written plainly. */
function extraColumns(
  names: readonly string[],
  table: ReadonlyMap<string, string[]>,
): [name: string, values: (string | number | null)[]][] {
  return names
    .filter((n) => !/^file(_|$)/i.test(n) && bare(n).toLowerCase() !== "mask")
    .filter((n) => !OWN.some((own) => own.toLowerCase() === bare(n).toLowerCase()))
    .map((name) => {
      const values = table.get(name) as string[];
      const known = ["Plate", "Well"].find((k) => k.toLowerCase() === bare(name).toLowerCase());
      const plain = known === undefined && values.every((v) => v !== "" && String(Number(v)) === v);
      return [
        `Metadata_${known ?? bare(name)}`,
        values.map((v) => (plain ? Number(v) : v === "" ? null : v)),
      ];
    });
}

function sortClasses(text: string | undefined): string | null {
  const classes = new Set(
    (text ?? "")
      .split("|")
      .map((c) => c.trim())
      .filter((c) => c !== ""),
  );
  return classes.size === 0 ? null : [...classes].sort().join("|");
}

function fieldNotes(parts: number, field: (row: number) => string, protein: readonly string[]): string[] {
  if (parts === 0)
    return [
      "No Plate, Well or Field column: the protein stands for the field, so cells of one protein count as one field.",
    ];
  const proteins = new Map<string, Set<string>>();
  for (let row = 0; row < protein.length; row++) {
    const key = field(row);
    const known = proteins.get(key) ?? new Set<string>();
    proteins.set(key, known.add(protein[row]));
  }
  const shared = [...proteins].filter(([, p]) => p.size > 1);
  if (shared.length === 0) return [];
  const [name, held] = shared[0];
  return [
    `${shared.length} field(s) hold cells of several proteins (field ${name}: ${held.size}); if these are different images, make Field unique, for instance PROTEIN_FIELD.`,
  ];
}
