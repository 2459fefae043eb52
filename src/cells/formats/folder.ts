import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { readCsv } from "../../files/table.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { readChannels } from "../readers/read-channels.ts";
import { bare, cellMetadata, findColumn, requireValue } from "./metadata.ts";

export interface FolderOptions {
  /** CSV with one row per cell. */
  readonly manifest: string;
  /** Channels of the one file in column `File`, in the order of its planes. */
  readonly channels?: readonly string[] | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

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
  const missing = (what: string) =>
    new DataError(`has no column ${what} (its columns: ${names.join(", ")}); add it`, { path: manifest });
  const { channels, files } = fileColumns(names, table, options.channels, missing, manifest);
  const twin = channels.find((c, i) => channels.findIndex((d) => d.toLowerCase() === c.toLowerCase()) < i);
  if (twin !== undefined)
    throw new DataError(`names the channel ${twin} twice; rename one`, { path: manifest });
  const masks = findColumn(table, "Mask") ?? findColumn(table, "File_Mask");
  if (masks === undefined && options.masks !== undefined && options.masks !== "none") throw missing("Mask");
  const metadata = cellMetadata(table, {
    path: manifest,
    count,
    ids: (row) => files[0][row].replace(/\.[^./\\]+$/, ""),
    apart: (name) => /^file(_|$)/i.test(name) || bare(name).toLowerCase() === "mask",
  });
  for (let row = 0; row < count; row++) {
    for (const [c, file] of files.entries())
      requireValue(
        file[row],
        `no ${files.length === 1 ? "file" : `file of ${channels[c]}`} in row ${row + 2}`,
        manifest,
      );
    if (masks !== undefined) requireValue(masks[row], `no Mask in row ${row + 2}`, manifest);
  }
  const at = (file: string) => (isAbsolute(file) ? file : join(path, file));
  return {
    source: "folder",
    path: manifest,
    channels,
    masks: masks === undefined || options.masks === "none" ? "none" : (options.masks ?? "auto"),
    count,
    notes: metadata.notes,
    record: metadata.record,
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
