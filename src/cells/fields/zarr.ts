import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { isZarr, omeAttributes, omeZarrLabels, within } from "../readers/ome-zarr.ts";
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
  if (name !== undefined && !there.includes(name) && !isZarr(join(image, "labels", within(image, name))))
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
  const { plate } = await omeAttributes(path);
  const images: { place: string; metadata: Record<string, string> }[] = [];
  const called = (plate as { name?: unknown } | null)?.name;
  for (const well of listed(plate, "wells", path)) {
    const place = join(path, within(path, well));
    const { well: own } = await omeAttributes(place);
    for (const image of own === undefined ? [] : listed(own, "images", place))
      images.push({
        place: join(place, within(place, image)),
        metadata: {
          Metadata_Plate: typeof called === "string" ? called : name,
          Metadata_Well: well.replace(/[\\/]/g, ""),
          Metadata_Site: image,
        },
      });
  }
  if (images.length === 0)
    throw new DataError("is a plate without images; check that it was copied whole", { path });
  return images;
}

/** Paths of the wells of a plate, or of the images of a well. */
function listed(of: unknown, key: "wells" | "images", path: string): string[] {
  const list = (of as Readonly<Record<string, unknown>> | null)?.[key] ?? [];
  const paths = Array.isArray(list)
    ? list.map((entry) => (entry as { path?: unknown } | null)?.path)
    : [null];
  if (paths.some((p) => typeof p !== "string" && typeof p !== "number"))
    throw new DataError(`has ${key} without paths; write it again with ome-zarr`, { path });
  return paths.map(String);
}
