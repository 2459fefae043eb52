import { closeSync, fstatSync, readSync, type Stats, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import type { AsyncReadable, RangeQuery } from "@zarrita/storage";
import { DataError } from "../../errors.ts";
import { openInput, readError } from "../../files/input.ts";
import { parseJson } from "../../files/json.ts";

/** Keys and values of the metadata of an array, or of all arrays of a plate in one file. */
const MOST_VALUES = 1 << 22;

/** Most bytes of one chunk or shard that are read at once. */
const MOST = 2 ** 30;
const METADATA = /(^|\/)(\.zattrs|\.zarray|\.zgroup|zarr\.json)$/;
const MOST_METADATA = 1 << 24;

/**
 * The files of a Zarr folder, for the library: regular files within the folder alone (links within it are followed),
 * every read whole, metadata checked as JSON of users is.
 */
export class ZarrFiles implements AsyncReadable {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** Bytes of a file, 0 where there is none. */
  sizeOf(key: string): number {
    return this.#find(key)?.size ?? 0;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const metadata = METADATA.test(key);
    const bytes = this.#read(key, (size) => [0, size], metadata ? MOST_METADATA : MOST);
    if (metadata && bytes !== undefined)
      parseJson(bytes, this.#place(key), { remedy: "copy it again", values: MOST_VALUES });
    return bytes;
  }

  async getRange(key: string, range: RangeQuery): Promise<Uint8Array | undefined> {
    return this.#read(
      key,
      (size) =>
        "suffixLength" in range
          ? [size - range.suffixLength, range.suffixLength]
          : [range.offset, range.length],
      MOST,
    );
  }

  #read(key: string, part: (size: number) => [from: number, count: number], most: number) {
    if (this.#find(key) === undefined) return undefined;
    const path = this.#place(key);
    const file = openInput(path);
    try {
      const { size } = fstatSync(file);
      const [from, count] = part(size);
      if (!(from >= 0 && count >= 0 && from + count <= size && count <= most))
        throw new DataError(`is damaged (${count} bytes at ${from} of ${size}); copy it again`, { path });
      const bytes = new Uint8Array(count);
      for (let done = 0; done < count; ) {
        const got = readSync(file, bytes, done, count - done, from + done);
        if (got === 0) throw new DataError("ended while it was read; copy it again", { path });
        done += got;
      }
      return bytes;
    } catch (cause) {
      throw readError(path, cause);
    } finally {
      closeSync(file);
    }
  }

  #find(key: string): Stats | undefined {
    try {
      return statSync(this.#place(key), { throwIfNoEntry: false });
    } catch (cause) {
      // A part of the way is a file.
      if ((cause as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
      throw readError(this.#place(key), cause);
    }
  }

  #place(key: string): string {
    const place = join(this.root, key);
    if (place !== this.root && !place.startsWith(this.root + sep))
      throw new DataError(`names a file out of its folder (${key.slice(0, 100)}); write it again`, {
        path: this.root,
      });
    return place;
  }
}

/** What an array's metadata says of the files in which its values lie. */
export interface ChunkFiles {
  /** Values along each axis of what one file holds: a chunk or a shard of several. */
  readonly shape: readonly number[];
  /** The file of a place in the grid. */
  readonly key: (place: readonly number[]) => string;
}

type Json = { readonly [name: string]: unknown };

/** Reads which files an array has, of either version of Zarr. @throws Error where its metadata does not say. */
export async function chunkFiles(files: ZarrFiles): Promise<ChunkFiles> {
  const read = async (name: string) => {
    const bytes = await files.get(`/${name}`);
    return bytes === undefined
      ? null
      : (parseJson(bytes, join(files.root, name), { values: MOST_VALUES }) as Json);
  };
  const old = await read(".zarray");
  if (old !== null) {
    const separator = checkSeparator(old.dimension_separator ?? ".");
    return { shape: checkShape(old, old.chunks), key: (place) => `/${place.join(separator)}` };
  }
  const array = (await read("zarr.json")) ?? {};
  const grid = array.chunk_grid as { configuration?: { chunk_shape?: number[] } } | undefined;
  const encoding = array.chunk_key_encoding as { name?: string; configuration?: { separator?: string } };
  const wide = encoding?.name !== "v2";
  const separator = checkSeparator(encoding?.configuration?.separator ?? (wide ? "/" : "."));
  return {
    shape: checkShape(array, grid?.configuration?.chunk_shape),
    key: (place) => `/${(wide ? ["c", ...place] : place).join(separator)}`,
  };
}

function checkSeparator(separator: unknown): string {
  if (separator === "." || separator === "/") return separator;
  throw new Error(`its chunks are named by ${JSON.stringify(separator).slice(0, 60)} instead of . or /`);
}

/** The shape of the files of an array. @throws Error where that or the array's own is no list of whole numbers */
function checkShape({ shape }: Json, files: unknown): number[] {
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (whole(shape) && whole(files) && shape.length === files.length) return files;
  const said = JSON.stringify({ shape, chunks: files }).slice(0, 100);
  throw new Error(`its shape and chunks are ${said}`);
}
