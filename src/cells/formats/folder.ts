import { existsSync } from "node:fs";
import { DataError, StudyError } from "../../errors.ts";
import { type Csv, isRowIndex, readCsvFile } from "../../files/csv.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { bare, cellMetadata, findColumn, requireValue, type TableOptions } from "../metadata/cells.ts";
import { type ImageColumn, imageColumns, isImageColumn } from "../metadata/image-columns.ts";
import { type Ends, findManifest, locate } from "../metadata/locate.ts";
import { maybeMissing } from "../metadata/missing.ts";
import { readChannels } from "../readers/read-channels.ts";

export interface FolderOptions extends TableOptions {
  /** CSV with one row per cell. */
  readonly manifest: string;
  /** Channels of the one file in column `File`, in the order of its planes. */
  readonly channels?: readonly string[] | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

/**
 * Plans the import of any TIFF or PNG crops by a CSV with one row per cell (any dialect that `readCsvFile` reads).
 * Columns (case does not matter, a `Metadata_` prefix may stand before all but the files): per channel `File_CHANNEL`,
 * `FileName_CHANNEL` (with `PathName_CHANNEL`) or `URL_CHANNEL`, or `File` for one file with all channels; `Mask`; and
 * what `cellMetadata` says of the cells. Paths are relative to `path`; `locate` says how those of other machines are
 * found. Without `Cell` the file's name is the id.
 * @throws DataError where a column is missing, a required value is empty, or an id comes twice.
 */
export function folderSource(path: string, options: FolderOptions): CellSource {
  if (!existsSync(path)) throw new DataError("is not there; check the path", { path });
  const manifest = findManifest(path, options.manifest);
  const csv = readCsvFile(manifest);
  const { columns, lines } = csv;
  const count = lines.length;
  if (count === 0) throw new DataError("has a header but no rows; add one row per cell", { path: manifest });
  const missing = (what: string) =>
    new DataError(`has no column ${what} (its columns: ${[...columns.keys()].join(", ")}); add it`, {
      path: manifest,
    });
  const { channels, files } = fileColumns(columns, options.channels, missing, manifest);
  const masks = options.masks === "none" ? undefined : maskColumn(columns);
  if (masks === undefined && options.masks !== undefined && options.masks !== "none") throw missing("Mask");
  const row = (at: number) => `row ${lines[at]}`;
  for (let at = 0; at < count; at++) {
    const mask = masks?.written(at);
    if (mask !== undefined) requireValue(mask, `no Mask in ${row(at)}`, manifest);
    for (const [c, file] of files.entries()) {
      const written = file.written(at);
      requireValue(
        written,
        `no ${files.length === 1 ? "file" : `file of ${channels[c]}`} in ${row(at)}`,
        manifest,
      );
      if (mask === written)
        throw new DataError(
          `has ${written} as mask and as image in ${row(at)}; a mask holds 0 for background and a whole number per cell`,
          { path: manifest },
        );
    }
  }
  const metadata = cellMetadata(columns, {
    path: manifest,
    count,
    ids: (at) => files[0].written(at).replace(/\.[^./\\]+$/, ""),
    apart: (name) => isImageColumn(name) || bare(name).toLowerCase() === "mask" || isRowIndex(csv, name),
    row,
    comma: csv.separator !== ",",
    missing: options.missing,
    separator: options.separator,
  });
  const ends: Ends = new Map();
  const place = (column: ImageColumn, at: number) => locate(path, column.written(at), ends);
  return {
    source: "folder",
    path: manifest,
    channels,
    masks: masks === undefined ? "none" : (options.masks ?? "auto"),
    count,
    notes: metadata.notes,
    record: metadata.record,
    file: (at, c = 0) => place(files[c] ?? files[0], at),
    inputs: (at) => [...files, ...(masks === undefined ? [] : [masks])].map((f) => place(f, at)),
    read: async (at, room) => {
      const pixels = await readChannels(
        files.map((f) => place(f, at)),
        channels,
        masks === undefined ? null : place(masks, at),
        room,
      );
      // Asked for center masks: what the labels say of other cells is dropped.
      if (options.masks === "center" && pixels.mask !== null)
        for (let p = 0; p < pixels.mask.length; p++) if (pixels.mask[p] === 2) pixels.mask[p] = 0;
      return pixels;
    },
  };
}

const isMask = ({ channel }: ImageColumn) => channel.toLowerCase() === "mask";

function maskColumn(columns: Csv["columns"]): ImageColumn | undefined {
  const values = findColumn(columns, "Mask");
  return values === undefined
    ? imageColumns(columns, maybeMissing).find(isMask)
    : plainColumn("Mask", values);
}

/** A column of paths; `nan` and the like are none. */
const plainColumn = (name: string, values: readonly string[]): ImageColumn => ({
  channel: "",
  name,
  written: (row) => (maybeMissing(values[row]) ? "" : values[row]),
});

function fileColumns(
  columns: Csv["columns"],
  given: readonly string[] | undefined,
  missing: (what: string) => DataError,
  manifest: string,
): { channels: readonly string[]; files: readonly ImageColumn[] } {
  const single = [...columns.keys()].find((n) => /^file(name)?$/i.test(n));
  const several = imageColumns(columns, maybeMissing).filter((column) => !isMask(column));
  if (single !== undefined && several.length > 0)
    throw new DataError(
      `has ${single} and ${several[0].name}; keep ${single} (all channels in one file) or one File_ column per channel`,
      { path: manifest },
    );
  if (single !== undefined) {
    if (given === undefined)
      throw new StudyError(
        `a manifest with a column ${single} needs the names of the file's channels: --channels GFP,RFP`,
      );
    return { channels: given, files: [plainColumn(single, columns.get(single) as string[])] };
  }
  if (several.length === 0) throw missing("File or File_CHANNEL (for instance File_GFP)");
  if (given !== undefined)
    throw new StudyError(
      "--channels names the planes of the files in a column File; with File_CHANNEL columns leave it out",
    );
  const channels = several.map(({ channel }) => channel);
  const twin = channels.find((c, i) => channels.findIndex((d) => d.toLowerCase() === c.toLowerCase()) < i);
  if (twin !== undefined)
    throw new DataError(`names the channel ${twin} twice; rename one`, { path: manifest });
  return { channels, files: several };
}
