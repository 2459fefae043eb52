import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { DataType, Array as ZarrArray } from "zarrita";
import { DataError, isCellswapError } from "../../errors.ts";
import { checkSize, FIELD } from "../../image/planes.ts";
import type { FieldImage } from "./field-image.ts";
import { boundCodecs } from "./zarr-codecs.ts";
import { fillOf, PlaneReader, TYPES } from "./zarr-planes.ts";
import { type ChunkFiles, chunkFiles, ZarrFiles } from "./zarr-store.ts";

type Json = { readonly [name: string]: unknown };

/** Axes before version 0.3, which names none. */
const OLD_AXES = ["t", "c", "z", "y", "x"];
const MOST_CHANNELS = 4096;
/** Values of a chunk within a shard. */
const MOST_IN_SHARD = 1 << 24;

/** True for a folder that is a Zarr group or array, of version 2 or 3. */
export function isZarr(path: string): boolean {
  return [".zgroup", ".zattrs", ".zarray", "zarr.json"].some((name) => existsSync(join(path, name)));
}

/**
 * Attributes of a group as OME-Zarr has them: of version 0.5 under `ome`, before that at the top.
 * @throws DataError where there is no readable group.
 */
export async function omeAttributes(path: string): Promise<Json> {
  const zarr = await import("zarrita");
  try {
    const { attrs } = await zarr.open(new ZarrFiles(path), { kind: "group" });
    return isJson(attrs.ome) ? attrs.ome : attrs;
  } catch (cause) {
    if (isCellswapError(cause)) throw cause;
    throw new DataError(
      `is no readable OME-Zarr group (${(cause as Error).message}); give the folder that holds multiscales`,
      {
        path,
        cause,
      },
    );
  }
}

/**
 * Opens an OME-Zarr image or label image (0.1 to 0.5) at full resolution; a chunk is read when a plane needs it.
 * @throws DataError where it has no multiscales, its axes do not fit, or a chunk is damaged or ends early.
 */
export async function openOmeZarr(path: string): Promise<FieldImage> {
  const attributes = await omeAttributes(path);
  const multiscale = (Array.isArray(attributes.multiscales) ? attributes.multiscales : [])[0];
  if (!isJson(multiscale))
    throw new DataError(
      attributes.plate !== undefined || attributes.well !== undefined
        ? "is a plate or well; give the plate itself, or list its images (PLATE.zarr/A/1/0) in a manifest"
        : "has no multiscales; give the folder of an OME-Zarr image",
      { path },
    );
  const dataset = (Array.isArray(multiscale.datasets) ? multiscale.datasets : [])[0];
  if (!isJson(dataset) || typeof dataset.path !== "string")
    throw new DataError("lists no data set in its multiscales; write it again with ome-zarr", { path });
  const { array, files, grid } = await openArray(path, within(path, dataset.path));
  const sizes: readonly unknown[] = [array.shape, array.chunks];
  const counts = sizes.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : [null]));
  if (
    !counts.every((n) => Number.isSafeInteger(n) && Number(n) >= 1) ||
    array.chunks.length !== array.shape.length
  )
    throw new DataError(
      `has an array of ${sizes.map((list) => (Array.isArray(list) ? list.join(" x ") : JSON.stringify(list))).join(" in chunks of ")}; write it again`,
      { path },
    );
  const { axes, units } = axesOf(multiscale.axes, array.shape, path);
  const size = (axis: string) => (axes.includes(axis) ? array.shape[axes.indexOf(axis)] : 1);
  const [height, width] = [size("y"), size("x")];
  checkSize(1, height, width, path, FIELD);
  const chunk = array.chunks.reduce((a, b) => a * b, 1);
  const sharded = array.chunks.some((n, axis) => n !== grid.shape[axis]);
  if (
    grid.shape.length !== array.shape.length ||
    grid.shape.some((n, axis) => !(n % array.chunks[axis] === 0))
  )
    throw new DataError(`has shards of ${grid.shape.join(" x ")} values; write it again`, { path });
  if (!(chunk >= 1 && chunk <= (sharded ? MOST_IN_SHARD : FIELD.values)))
    throw new DataError(
      `has chunks of ${array.chunks.join(" x ")} values; write it again with smaller ones`,
      { path },
    );
  if (size("c") > MOST_CHANNELS)
    throw new DataError(`has ${size("c")} channels; name its axes as they are`, { path });
  const names = channelNames(attributes, size("c"));
  const reader = new PlaneReader({ array, files, grid, axes, path });
  return {
    ...{ path, height, width, channels: names, slices: size("z"), times: size("t") },
    here: [...names.keys()],
    axesKnown: true,
    pixelSize: pixelSize(dataset.coordinateTransformations, axes.indexOf("x"), units),
    valueBytes: new TYPES[array.dtype](0).BYTES_PER_ELEMENT,
    read: async (c, z, t, rows) => {
      const plane = await reader.read({ c, z, t }, height, width);
      return rows === undefined ? plane : plane.subarray(rows.from * width, rows.to * width);
    },
    close: () => reader.close(),
  };
}

/** Names of the label images that stand in an OME-Zarr image. */
export async function omeZarrLabels(path: string): Promise<string[]> {
  if (!isZarr(join(path, "labels"))) return [];
  const { labels } = await omeAttributes(join(path, "labels"));
  return Array.isArray(labels) ? labels.map((name) => within(join(path, "labels"), String(name))) : [];
}

/** A path that metadata give, below the folder that they are of. @throws DataError where it leads out of it */
export function within(folder: string, path: string): string {
  if (isAbsolute(path) || /^[A-Za-z]:|\0/.test(path) || path.split(/[\\/]/).includes(".."))
    throw new DataError(
      `names ${JSON.stringify(path.slice(0, 100))}, which is not in this folder; write it again`,
      {
        path: folder,
      },
    );
  return path;
}

interface OpenArray {
  readonly array: ZarrArray<DataType, ZarrFiles>;
  readonly files: ZarrFiles;
  readonly grid: ChunkFiles;
}

async function openArray(path: string, dataset: string): Promise<OpenArray> {
  const zarr = await import("zarrita");
  boundCodecs(zarr.registry);
  const place = join(path, dataset);
  const files = new ZarrFiles(place);
  let array: ZarrArray<DataType, ZarrFiles>;
  let grid: ChunkFiles;
  try {
    grid = await chunkFiles(files);
    array = await zarr.open(files, { kind: "array" });
  } catch (cause) {
    if (isCellswapError(cause)) throw cause;
    throw new DataError(`is no readable Zarr array (${(cause as Error).message}); write or copy it again`, {
      path: place,
      cause,
    });
  }
  if (TYPES[array.dtype] === undefined)
    throw new DataError(
      `has values of the type ${array.dtype}, which is not read; write it as integers or as 32- or 64-bit floats`,
      { path: place },
    );
  if (fillOf(array) === null)
    throw new DataError(
      `has the fill value ${JSON.stringify(array.fillValue)}, which is no ${array.dtype}; write it again, or correct "fill_value" in its metadata`,
      { path: place },
    );
  return { array, files, grid };
}

function axesOf(listed: unknown, shape: readonly number[], path: string) {
  const given = Array.isArray(listed) ? listed : OLD_AXES;
  const axes = given.map((axis) => String(isJson(axis) ? axis.name : axis).toLowerCase());
  const units = given.map((axis) => (isJson(axis) && axis.unit !== undefined ? String(axis.unit) : null));
  const known = axes.every((a, i) => OLD_AXES.includes(a) && axes.indexOf(a) === i);
  if (!known || !axes.includes("y") || !axes.includes("x") || axes.length !== shape.length)
    throw new DataError(
      `has the axes ${axes.join(", ")} for an array of ${shape.join(" x ")}; an OME-Zarr image has y and x and each of t, c, z at most once, one per dimension`,
      { path },
    );
  return { axes, units };
}

function channelNames(attributes: Json, count: number): (string | null)[] {
  const omero = isJson(attributes.omero) ? attributes.omero : {};
  const channels = Array.isArray(omero.channels) ? omero.channels : [];
  return Array.from({ length: count }, (_, c) => {
    const label = isJson(channels[c]) ? channels[c].label : undefined;
    return label === undefined || label === null || label === "" ? null : String(label);
  });
}

function pixelSize(transformations: unknown, x: number, units: readonly (string | null)[]): number | null {
  const scale = (Array.isArray(transformations) ? transformations : []).find(
    (t) => isJson(t) && t.type === "scale",
  );
  const size = Number((scale?.scale as unknown[] | undefined)?.[x]);
  const unit = { micrometer: 1, nanometer: 1e-3, millimeter: 1e3 }[units[x] ?? ""];
  return size > 0 && unit !== undefined ? size * unit : null;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
