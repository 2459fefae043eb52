import { DataError, isCellswapError, StudyError } from "../../errors.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { cellMetadata, type MetadataOptions, type TableOptions } from "../metadata/cells.ts";
import { csvOptions, joinCsv } from "../metadata/join.ts";
import { type AnnTable, readAnnTable } from "../readers/anndata-table.ts";
import { closeQuietly, damaged, findEntity, isDataset, openHdf5 } from "../readers/hdf5.ts";
import { openHdf5Array } from "../readers/hdf5-array.ts";
import { layoutOf, stackReader } from "./stack.ts";

const IMAGES = "single_cell_images";
/** Names of the cell's number in obs, newest first. */
const IDS = ["scportrait_cell_id", "cell_id"];

export interface H5scOptions extends TableOptions {
  /** CSV with a column `Cell` (scPortrait's cell ids) and the columns of a manifest, beside those of obs. */
  readonly manifest?: string | undefined;
  /** Name of the plane that is the center mask, or a part of it; by default the one of the whole cell. */
  readonly mask?: string | undefined;
  /** `none` leaves masks out. */
  readonly masks?: MaskKind | undefined;
}

/**
 * Plans the import of scPortrait's single-cell images (.h5sc, an AnnData file): `obsm/single_cell_images` (cells x
 * planes x height x width, float16 in 0..1; masks first, then channels), `var/channels` with `var/channel_mapping`
 * (`mask`, `image_channel`), the cell's number in `obs/scportrait_cell_id`; other columns of obs as in a manifest. The
 * mask of the whole cell (cytosol) is the center mask, or where there is none that of the nucleus. Pixels are read a
 * batch of cells at a time.
 * @throws DataError where it is no such file or its parts do not fit together; StudyError for a mask that is not there.
 */
export async function h5scSource(path: string, options: H5scOptions = {}): Promise<CellSource> {
  const { file, bytes } = await openHdf5(path);
  try {
    const set = findEntity(file, "obsm", IMAGES);
    if (!isDataset(set))
      throw new DataError(
        `has no obsm/${IMAGES} (it has: ${file.keys().slice(0, 8).join(", ") || "nothing"}); give the single_cells.h5sc of an extraction by scPortrait`,
        { path },
      );
    const crops = await openHdf5Array(set, `obsm/${IMAGES}`, bytes, path);
    const layout = layoutOf("NCHW", crops.shape, crops.path);
    const place = { file, bytes, path };
    const planes = planesOf(readAnnTable(place, "var"), layout.planes, path);
    const obs = readAnnTable(place, "obs");
    const count = crops.shape[0];
    if (count === 0) throw new DataError("holds no cells", { path });
    if (obs.rows !== count)
      throw new DataError(`obs has ${obs.rows} rows for ${count} images; extract the cells again`, { path });
    const mask = options.masks === "none" ? null : chooseMask(planes, options.mask, path);
    const channels = planes.filter((p) => p.kind !== "mask");
    if (channels.length === 0) throw new DataError("holds masks alone; extract image channels too", { path });
    const numbers = IDS.map((name) => obs.columns.get(name)).find((c) => c !== undefined);
    const ids = numbers ?? obs.index ?? Array.from({ length: count }, (_, row) => String(row));
    const joined =
      options.manifest === undefined
        ? null
        : joinCsv(
            options.manifest,
            ids.map((id) => [id]),
            "cell",
          );
    const from: Partial<MetadataOptions> =
      joined === null
        ? {
            row: (row: number) => `row ${row} of obs`,
            missing: options.missing,
            separator: options.separator,
          }
        : csvOptions(joined.csv, options, joined.lines);
    const kept = joined?.kept ?? ids.map((_, row) => row);
    const own = [...obs.columns].map(([name, values]) => [name, kept.map((row) => values[row])] as const);
    const metadata = cellMetadata(new Map([...own, ...(joined?.table ?? [])]), {
      ...from,
      path: options.manifest ?? path,
      count: kept.length,
      ids: (row) => ids[kept[row]],
      apart: (name) => IDS.includes(name) || from.apart?.(name) === true,
    });
    const used = [...channels, ...(mask === null ? [] : [mask])].map(({ plane }) => plane);
    const wanted = { from: Math.min(...used), to: Math.max(...used) + 1 };
    const read = stackReader({
      crops: await openHdf5Array(set, `obsm/${IMAGES}`, bytes, path, wanted),
      layout: { ...layout, planes: wanted.to - wanted.from },
      channelPlanes: channels.map((c) => c.plane - wanted.from),
      maskPlane: mask === null ? null : mask.plane - wanted.from,
    });
    return {
      source: "h5sc",
      path,
      channels: channels.map((c) => c.name),
      masks: mask === null ? "none" : "center",
      count: kept.length,
      notes: [...notesOn(planes, mask), ...(joined?.notes ?? []), ...metadata.notes],
      record: metadata.record,
      file: (row) => `${path}: cell ${String(metadata.record(row).Metadata_Cell)}`,
      read: async (row) => read(kept[row]),
      close: () => closeQuietly(file),
    };
  } catch (error) {
    closeQuietly(file);
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

interface Plane {
  readonly plane: number;
  readonly name: string;
  readonly kind: string;
}

function planesOf(table: AnnTable, count: number, path: string): Plane[] {
  const names = table.columns.get("channels");
  const kinds = table.columns.get("channel_mapping");
  if (names === undefined || kinds === undefined || names.length !== count)
    throw new DataError(
      `var has ${names === undefined || kinds === undefined ? "no columns channels and channel_mapping" : `${names.length} rows for ${count} planes`}; extract the cells again with a scPortrait that writes .h5sc`,
      { path },
    );
  const other = kinds.find((kind) => kind !== "mask" && kind !== "image_channel");
  if (other !== undefined)
    throw new DataError(`var/channel_mapping holds ${other}; mask and image_channel are known`, { path });
  return names.map((name, plane) => ({ plane, name, kind: kinds[plane] }));
}

function chooseMask(planes: readonly Plane[], wanted: string | undefined, path: string): Plane | null {
  const masks = planes.filter((p) => p.kind === "mask");
  const list = masks.map((m) => m.name).join(", ") || "none";
  if (wanted !== undefined) {
    const found = masks.filter((m) => m.name.toLowerCase().includes(wanted.toLowerCase()));
    if (found.length !== 1)
      throw new StudyError(
        `${path}: ${found.length === 0 ? "no mask" : "several masks"} of the name ${wanted}; its masks: ${list}`,
      );
    return found[0];
  }
  return masks.find((m) => /cyto|cell/i.test(m.name)) ?? masks.at(-1) ?? null;
}

function notesOn(planes: readonly Plane[], mask: Plane | null): string[] {
  const others = planes.filter((p) => p.kind === "mask" && p !== mask).map((p) => p.name);
  return [
    ...(mask === null
      ? []
      : [`Center mask: ${mask.name}${others.length === 0 ? "" : ` (not read: ${others.join(", ")})`}.`]),
    "scPortrait scales each channel of each crop to 0..1, and usually cuts it out along the cell's mask: such crops have no background to swap (a warning below says where that is so); cut the crops from the images then, with `cellswap import fields`.",
  ];
}
