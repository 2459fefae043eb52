import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DataType, Readable, Array as ZarrArray } from "zarrita";
import { DataError } from "../../errors.ts";
import { checkSize, FIELD, type PlaneValues } from "../../image/planes.ts";
import type { FieldImage } from "./field-image.ts";

type Json = { readonly [name: string]: unknown };

/** Types of Zarr that are read, and how their planes are held. */
const TYPES: Readonly<Record<string, new (length: number) => PlaneValues>> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  int64: Float64Array,
  uint64: Float64Array,
};
/** Axes before version 0.3, which names none. */
const OLD_AXES = ["t", "c", "z", "y", "x"];
const MOST_CHANNELS = 4096;
/** Decoded chunks that hold more than one plane are kept up to this many bytes, for the planes that come next. */
const KEPT = 1 << 27;

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
  const { default: FileSystemStore } = await import("@zarrita/storage/fs");
  try {
    const { attrs } = await zarr.open(new FileSystemStore(path), { kind: "group" });
    return isJson(attrs.ome) ? attrs.ome : attrs;
  } catch (cause) {
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
  const array = await openArray(path, dataset.path);
  const counts = [...array.shape, ...array.chunks];
  if (array.chunks.length !== array.shape.length || counts.some((n) => !Number.isSafeInteger(n) || n < 1))
    throw new DataError(
      `has an array of ${array.shape.join(" x ")} in chunks of ${array.chunks.join(" x ")}; write it again`,
      { path },
    );
  const { axes, units } = axesOf(multiscale.axes, array.shape, path);
  const size = (axis: string) => (axes.includes(axis) ? array.shape[axes.indexOf(axis)] : 1);
  const [height, width] = [size("y"), size("x")];
  checkSize(1, height, width, path, FIELD);
  const chunk = array.chunks.reduce((a, b) => a * b, 1);
  if (!(chunk >= 1 && chunk <= FIELD.values))
    throw new DataError(
      `has chunks of ${array.chunks.join(" x ")} values; write it again with smaller ones`,
      { path },
    );
  if (size("c") > MOST_CHANNELS)
    throw new DataError(`has ${size("c")} channels; name its axes as they are`, { path });
  const names = channelNames(attributes, size("c"));
  const reader = new PlaneReader(array, axes, path);
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
  return Array.isArray(labels) ? labels.map(String) : [];
}

async function openArray(path: string, dataset: string): Promise<ZarrArray<DataType, Readable>> {
  const zarr = await import("zarrita");
  const { default: FileSystemStore } = await import("@zarrita/storage/fs");
  const place = join(path, dataset);
  let array: ZarrArray<DataType, Readable>;
  try {
    array = await zarr.open(new FileSystemStore(place), { kind: "array" });
  } catch (cause) {
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
  return array;
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

/** A decoded chunk: values with a step per axis. */
interface Chunk {
  readonly data: ArrayLike<number | bigint>;
  readonly stride: readonly number[];
}

/** Reads planes of an array chunk by chunk. */
class PlaneReader {
  readonly #array: ZarrArray<DataType, Readable>;
  readonly #axes: readonly string[];
  readonly #path: string;
  readonly #kept = new Map<string, Chunk>();
  #bytes = 0;

  constructor(array: ZarrArray<DataType, Readable>, axes: readonly string[], path: string) {
    this.#array = array;
    this.#axes = axes;
    this.#path = path;
  }

  async read(at: Readonly<Record<string, number>>, height: number, width: number): Promise<PlaneValues> {
    const { chunks, dtype } = this.#array;
    const out = new TYPES[dtype](height * width);
    const y = this.#axes.indexOf("y");
    const x = this.#axes.indexOf("x");
    const fixed = this.#axes.map((axis) => at[axis] ?? 0);
    for (let top = 0; top < height; top += chunks[y])
      for (let left = 0; left < width; left += chunks[x]) {
        const place = fixed.map((value, axis) =>
          Math.floor((axis === y ? top : axis === x ? left : value) / chunks[axis]),
        );
        const { data, stride } = await this.#chunk(place);
        const start = fixed.reduce(
          (sum, value, axis) =>
            axis === y || axis === x ? sum : sum + (value % chunks[axis]) * stride[axis],
          0,
        );
        const high = Math.min(chunks[y], height - top);
        const wide = Math.min(chunks[x], width - left);
        for (let row = 0; row < high; row++)
          for (let column = 0; column < wide; column++)
            out[(top + row) * width + left + column] = Number(
              data[start + row * stride[y] + column * stride[x]],
            );
      }
    return out;
  }

  async #chunk(place: number[]): Promise<Chunk> {
    const key = place.join();
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const { chunks, dtype } = this.#array;
    const values = chunks.reduce((a, b) => a * b, 1);
    let chunk: Chunk;
    try {
      const { data, stride } = await this.#array.getChunk(place);
      // Truth values come in a view of their own.
      const plain = dtype === "bool" ? Uint8Array.from(data as Iterable<boolean>, Number) : data;
      chunk = { data: plain as unknown as ArrayLike<number | bigint>, stride };
      if (chunk.data.length < values) throw new Error(`it has ${chunk.data.length} of ${values} values`);
    } catch (cause) {
      const why =
        (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error) : (cause as Error);
      throw new DataError(
        `has a truncated or damaged chunk ${place.join("/")} (${why.message.replace(/^std::\w+,\s*/, "")}); copy or write it again`,
        { path: this.#path, cause },
      );
    }
    const planes = this.#axes.reduce((n, axis, i) => (axis === "y" || axis === "x" ? n : n * chunks[i]), 1);
    const bytes = values * new TYPES[dtype](0).BYTES_PER_ELEMENT;
    if (planes > 1 && bytes <= KEPT) {
      for (const old of this.#kept.keys()) {
        if (this.#bytes + bytes <= KEPT) break;
        this.#kept.delete(old);
        this.#bytes -= bytes;
      }
      this.#kept.set(key, chunk);
      this.#bytes += bytes;
    }
    return chunk;
  }

  close(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
