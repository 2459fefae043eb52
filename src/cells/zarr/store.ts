import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError, InterruptedError } from "../../errors.ts";
import { commitFolder, makeFolder, namedAfter, writeError, writeFileAtomic } from "../../files/atomic.ts";
import { sha256 } from "../../files/hash.ts";
import { cacheFolder } from "../../files/objects/cache.ts";
import { type CheckOptions, checkFiles, sizeOf } from "../checked.ts";
import {
  headerText,
  isPacked,
  PACKED_VERSION,
  readHeader,
  type StoreHeader,
  sealed,
  storeFile,
  unpackedHeader,
} from "../header.ts";
import { admit, alone } from "../remote/admit.ts";
import { packArray, unpackArray } from "./array.ts";

/** Name of the Zarr array that stands for a `.npy` file of a store; null for another file. */
export function packedName(name: string): string | null {
  return name === "crops.npy" || name === "masks.npy" ? name.replace(/\.npy$/, ".zarr") : null;
}

/**
 * Writes a cell store whose crops and masks are Zarr 3 arrays in shards, `crops.zarr` and `masks.zarr`. Its header
 * keeps the hashes of the `.npy` files, so it is the same store to every study.
 * @throws DataError where something is at `out`, or a file is damaged
 */
export async function packStore(path: string, out: string, options: CheckOptions = {}): Promise<void> {
  const { onProgress, signal } = options;
  const header = readHeader(path);
  const names = Object.keys(header.hashes);
  await checkFiles(path, header, names, { signal });
  const total = names.reduce((sum, name) => sum + sizeOf(storeFile(path, header, name)), 0);
  const unfinished = `${out}.unfinished`;
  let done = 0;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    for (const name of names) {
      const packed = packedName(name);
      const file = storeFile(path, header, name);
      if (packed === null) copyFileSync(file, join(unfinished, name));
      else
        await packArray(file, join(unfinished, packed), (bytes) => {
          checkGoing(signal);
          onProgress?.((done += bytes), total);
        });
    }
    const { staged: _, sum: __, ...rest } = header;
    writeFileAtomic(join(unfinished, "cells.json"), headerText(sealed({ ...rest, version: PACKED_VERSION })));
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    throw writeError(out, namedAfter(cause, unfinished, out));
  }
  commitFolder(unfinished, out);
}

/**
 * Unpacks the arrays of a store that {@link packStore} wrote into the cache of this machine, every file held to its hash;
 * once, whatever is opened of it later.
 * @returns the folder of the unpacked store @throws DataError naming the shard or file that is damaged
 */
export async function unpackStore(path: string, options: UnpackOptions = {}): Promise<string> {
  const header = readHeader(path, true);
  const name = basename(resolve(path)).replace(/[^A-Za-z0-9._-]/g, "_");
  const folder = join(cacheFolder(), `${name}-${sha256(`${resolve(path)}\n${header.sum}`).slice(0, 16)}`);
  makeFolder(folder);
  await alone(folder, options.signal, () => unpackInto(path, header, folder, options));
  return folder;
}

export interface UnpackOptions extends CheckOptions {
  /** Names of the files that are wanted; all by default. */
  readonly names?: readonly string[];
  /** How the store is called in messages; its path by default. */
  readonly called?: string;
}

/** Unpacks a store into `folder`, which no other process does meanwhile. @throws DataError as {@link unpackStore} */
export async function unpackInto(
  path: string,
  packed: StoreHeader,
  folder: string,
  { names = Object.keys(packed.hashes), called = path, signal, onProgress }: UnpackOptions,
): Promise<void> {
  const header = unpackedHeader(packed);
  writeFileAtomic(join(folder, "cells.json"), headerText(header));
  const lacking = names.filter((name) => !existsSync(join(folder, name)));
  let done = 0;
  const sizes = lacking.map((name) => bytesOf(packed, name) ?? sizeOf(join(path, name)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (const name of lacking) {
    const array = packedName(name);
    const unchecked = join(folder, `${name}.unchecked`);
    try {
      if (array === null) copyFileSync(join(path, name), unchecked);
      else
        await unpackArray(join(path, array), unchecked, (bytes) => {
          checkGoing(signal);
          onProgress?.((done += bytes), total);
        });
    } catch (cause) {
      throw calledAs(cause instanceof DataError ? cause : writeError(folder, cause), path, called);
    }
    await admit(join(folder, name), header, name, `${called}/${array ?? name}`, signal);
  }
}

/** An error about something in `path` as one about the same in what a user knows it as. */
function calledAs(error: Error, path: string, called: string): Error {
  if (!(error instanceof DataError) || error.path?.startsWith(path) !== true) return error;
  return new DataError(error.reason, { path: `${called}${error.path.slice(path.length)}`, cause: error });
}

function checkGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InterruptedError("stopped while cells were copied");
}

/** Bytes of the values of an array of a store; null for another file. */
export function bytesOf({ count, channels, height, width, type }: StoreHeader, name: string): number | null {
  if (name === "masks.npy") return count * height * width;
  const value = type === "uint8" ? 1 : type === "float32" || type === undefined ? 4 : 2;
  return name === "crops.npy" ? count * channels.length * height * width * value : null;
}

/** Files of a store as it lies in its folder, below it. */
export function filesOf(path: string, header: StoreHeader): string[] {
  return Object.keys(header.hashes).flatMap((name) => {
    const packed = isPacked(header) ? packedName(name) : null;
    if (packed === null) return [name];
    return readdirSync(join(path, packed), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(path.length + 1)
          .replaceAll("\\", "/"),
      )
      .sort();
  });
}
