import type { DataType, Array as ZarrArray } from "zarrita";
import { DataError, isCellswapError } from "../../errors.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { ChunkFiles, ZarrFiles } from "./zarr-store.ts";

/** Types of Zarr that are read, and how their planes are held. */
export const TYPES: Readonly<Record<string, new (length: number) => PlaneValues>> = {
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
/** Decoded chunks that hold more than one plane are kept up to this many bytes, for the planes that come next. */
const KEPT = 1 << 27;

/** Chunks that a plane may lie in: 65,536 x 65,536 pixels in chunks of 128 x 128. */
const MOST_CHUNKS = 1 << 18;
/** Bytes of a plane or chunk that is taken whatever its files hold: chunks of one value are left out, or pack well. */
const SMALL_PLANE = 1 << 26;
/** Bytes that one stored byte of a larger one stands for at most. */
const MOST_OF_ONE = 4096;

/** An array whose planes are read. */
export interface PlaneSource {
  readonly array: ZarrArray<DataType, ZarrFiles>;
  readonly files: ZarrFiles;
  readonly grid: ChunkFiles;
  readonly axes: readonly string[];
  readonly path: string;
}

/** What pixels are that no chunk holds; null where that is no value of the array's type. */
export function fillOf({
  fillValue,
  dtype,
}: Pick<PlaneSource["array"], "fillValue" | "dtype">): number | null {
  const given: unknown = fillValue ?? 0;
  if (typeof given !== "number" && typeof given !== "bigint" && typeof given !== "boolean") return null;
  const value = Number(given);
  const held = new TYPES[dtype](1);
  held[0] = value;
  const whole = !(held instanceof Float32Array || held instanceof Float64Array);
  return whole && held[0] !== value ? null : value;
}

/** A decoded chunk: values with a step per axis. */
interface Chunk {
  readonly data: ArrayLike<number | bigint>;
  readonly stride: readonly number[];
}

/** Reads planes of an array chunk by chunk; a chunk that is not there holds the array's fill value, as Zarr has it. */
export class PlaneReader {
  readonly #source: PlaneSource;
  readonly #kept = new Map<string, Chunk>();
  #bytes = 0;

  constructor(source: PlaneSource) {
    this.#source = source;
  }

  async read(at: Readonly<Record<string, number>>, height: number, width: number): Promise<PlaneValues> {
    const { array, axes, files, grid } = this.#source;
    const { chunks, dtype } = array;
    const y = axes.indexOf("y");
    const x = axes.indexOf("x");
    const fixed = axes.map((axis) => at[axis] ?? 0);
    this.#checkPlane(fixed, height, width);
    const out = new TYPES[dtype](height * width);
    const empty = fillOf(array)!;
    for (let top = 0; top < height; top += chunks[y])
      for (let left = 0; left < width; left += chunks[x]) {
        const place = fixed.map((value, axis) =>
          Math.floor((axis === y ? top : axis === x ? left : value) / chunks[axis]),
        );
        const high = Math.min(chunks[y], height - top);
        const wide = Math.min(chunks[x], width - left);
        const key = grid.key(place.map((n, axis) => Math.floor((n * chunks[axis]) / grid.shape[axis])));
        const stored = files.sizeOf(key);
        if (stored === 0 && !files.has(key)) {
          if (empty !== 0)
            for (let row = top; row < top + high; row++)
              out.fill(empty, row * width + left, row * width + left + wide);
          continue;
        }
        const { data, stride } = await this.#chunk(place, stored);
        const start = fixed.reduce(
          (sum, value, axis) =>
            axis === y || axis === x ? sum : sum + (value % chunks[axis]) * stride[axis],
          0,
        );
        for (let row = 0; row < high; row++)
          for (let column = 0; column < wide; column++)
            out[(top + row) * width + left + column] = Number(
              data[start + row * stride[y] + column * stride[x]],
            );
      }
    return out;
  }

  /** Refuses a plane in absurdly many chunks, and one that the files of its chunks are far too small for. */
  #checkPlane(fixed: readonly number[], height: number, width: number): void {
    const { array, axes, files, grid, path } = this.#source;
    const y = axes.indexOf("y");
    const x = axes.indexOf("x");
    const count = Math.ceil(height / array.chunks[y]) * Math.ceil(width / array.chunks[x]);
    if (count > MOST_CHUNKS)
      throw new DataError(
        `has planes in ${count} chunks of ${array.chunks.join(" x ")}, at most ${MOST_CHUNKS} are read; write it again with larger chunks`,
        { path },
      );
    const bytes = height * width * new TYPES[array.dtype](0).BYTES_PER_ELEMENT;
    if (bytes <= SMALL_PLANE) return;
    let stored = 0;
    for (let row = 0; row * grid.shape[y] < height; row++)
      for (let column = 0; column * grid.shape[x] < width; column++) {
        const place = fixed.map((v, axis) =>
          axis === y ? row : axis === x ? column : Math.floor(v / grid.shape[axis]),
        );
        stored += files.sizeOf(grid.key(place));
        if (bytes <= MOST_OF_ONE * stored) return;
      }
    throw new DataError(
      `has planes of ${height} x ${width}, and chunks of ${stored} bytes for one; check that its chunks were copied`,
      { path },
    );
  }

  async #chunk(place: number[], stored: number): Promise<Chunk> {
    const key = place.join();
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const { chunks, dtype } = this.#source.array;
    const values = chunks.reduce((a, b) => a * b, 1);
    const bytes = values * new TYPES[dtype](0).BYTES_PER_ELEMENT;
    let chunk: Chunk;
    try {
      if (bytes > SMALL_PLANE && bytes > MOST_OF_ONE * stored)
        throw new Error(`its ${stored} bytes say that they are ${bytes}`);
      const { data, stride } = await this.#source.array.getChunk(place);
      // Truth values come in a view of their own.
      const plain = dtype === "bool" ? Uint8Array.from(data as Iterable<boolean>, Number) : data;
      chunk = { data: plain as unknown as ArrayLike<number | bigint>, stride };
      if (chunk.data.length !== values) throw new Error(`it has ${chunk.data.length} of ${values} values`);
    } catch (cause) {
      if (isCellswapError(cause)) throw cause;
      const why =
        (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error) : (cause as Error);
      throw new DataError(
        `has a truncated or damaged chunk ${place.join("/")} (${why.message.replace(/^std::\w+,\s*/, "")}); copy or write it again`,
        { path: this.#source.path, cause },
      );
    }
    const planes = this.#source.axes.reduce(
      (n, axis, i) => (axis === "y" || axis === "x" ? n : n * chunks[i]),
      1,
    );
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
