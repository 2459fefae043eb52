import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { isZarr, omeAttributes, omeZarrLabels } from "../readers/ome-zarr.ts";
import type { FieldEntry, FieldList, Slice } from "./field.ts";

export interface ZarrOptions {
  /** Name of the label image of cells, and of nuclei, under `labels/`; the only one by default. */
  readonly labelImages?: string | undefined;
  readonly nucleiImages?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly slice?: Slice | null | undefined;
  readonly time?: number | null | undefined;
}

/**
 * The fields of an OME-Zarr image (one) or plate (plate, wells and sites as it names them), with their label images.
 * @throws DataError where it is neither, or labels are missing or to be chosen.
 */
export async function zarrFields(path: string, options: ZarrOptions = {}): Promise<FieldList> {
  const attributes = await omeAttributes(path);
  if (attributes.well !== undefined)
    throw new DataError("is a well; give its plate, or list the well's images (0, 1, ...) in a manifest", {
      path,
    });
  const name = path
    .replace(/[\\/]+$/, "")
    .replace(/^.*[\\/]/, "")
    .replace(/(\.ome)?\.zarr$/i, "");
  const images =
    attributes.plate === undefined ? [{ place: path, metadata: {} }] : await plateImages(path, name);
  const fields: FieldEntry[] = [];
  for (const { place, metadata } of images) {
    const cells = await zarrLabels(place, options.labelImages, options.nucleiImages);
    const nuclei = options.nucleiImages === undefined ? null : await zarrLabels(place, options.nucleiImages);
    fields.push({
      name: Object.values(metadata).join("_") || name,
      files: [place],
      labels: cells ?? nuclei,
      nuclei: cells === null ? null : nuclei,
      slice: options.slice ?? null,
      time: options.time ?? null,
      metadata,
    });
  }
  return {
    ...{ path, base: path, channels: options.channels ?? null, fields, notes: [] },
    nucleiOnly: options.nucleiImages !== undefined && fields.every(({ nuclei }) => nuclei === null),
  };
}

/**
 * Place of a label image within an OME-Zarr image: the one of this `name`, or the only one besides `other`.
 * @throws DataError where it is not there or there are several.
 */
export async function zarrLabels(image: string, name?: string, other?: string): Promise<string | null> {
  const there = await omeZarrLabels(image);
  const left = there.filter((label) => label !== other);
  const listed = there.length === 0 ? "it has none" : `it has ${there.join(", ")}`;
  if (name !== undefined && !there.includes(name) && !isZarr(join(image, "labels", name)))
    throw new DataError(`has no labels ${name} (${listed}); name another`, { path: image });
  if (name === undefined && left.length > 1)
    throw new DataError(`has several label images (${listed}); choose one with --label-images`, {
      path: image,
    });
  if (name === undefined && left.length === 0) {
    if (other !== undefined) return null;
    throw new DataError(
      "has no label images (labels/); segment the field first, or list its label image in a manifest",
      {
        path: image,
      },
    );
  }
  return join(image, "labels", name ?? left[0]);
}

async function plateImages(path: string, name: string) {
  const { plate } = (await omeAttributes(path)) as { plate: { wells?: { path?: string }[]; name?: string } };
  const images: { place: string; metadata: Record<string, string> }[] = [];
  for (const well of plate.wells ?? []) {
    const place = join(path, String(well.path));
    const { well: own } = (await omeAttributes(place)) as { well?: { images?: { path?: string }[] } };
    for (const image of own?.images ?? [])
      images.push({
        place: join(place, String(image.path)),
        metadata: {
          Metadata_Plate: plate.name ?? name,
          Metadata_Well: String(well.path).replace(/[\\/]/g, ""),
          Metadata_Site: String(image.path),
        },
      });
  }
  if (images.length === 0)
    throw new DataError("is a plate without images; check that it was copied whole", { path });
  return images;
}
