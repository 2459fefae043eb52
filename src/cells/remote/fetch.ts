import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { makeFolder, writeError, writeFileAtomic } from "../../files/atomic.ts";
import { sha256 } from "../../files/hash.ts";
import { cachedName, cacheFolder } from "../../files/objects/cache.ts";
import { bytesLeft, checkRoom, download } from "../../files/objects/download.ts";
import { isNoObject } from "../../files/objects/faults.ts";
import { isObjectPath, type Place, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { listObjects, type ObjectState, objectState, readObject } from "../../files/objects/read.ts";
import type { CheckOptions } from "../checked.ts";
import {
  headerText,
  isOfMasks,
  isPacked,
  isPackedStore,
  LARGEST_HEADER,
  parseHeader,
  type StoreHeader,
  unpackedHeader,
} from "../header.ts";
import { bytesOf, packedName, unpackInto, unpackStore } from "../zarr/store.ts";
import { admit, alone } from "./admit.ts";

/** What helps where cells do not fit. */
export const ROOM = "set CELLSWAP_CACHE to a folder on a larger disk";

export interface FetchOptions extends CheckOptions {
  /** Whether masks and their verdicts are wanted. */
  readonly masks?: boolean;
  /** Which files are wanted; all by default. */
  readonly only?: (name: string) => boolean;
}

/**
 * The folder with the `.npy` files of a cell store: its own, or, of one in an object store or of Zarr arrays, that of a
 * copy in the cache of this machine.
 * @throws DataError naming what is missing, damaged or refused; InterruptedError after `signal`
 */
export async function storeFolder(place: string, options: FetchOptions = {}): Promise<string> {
  if (isObjectPath(place)) return fetchStore(place, options);
  return isPackedStore(place) ? unpackStore(place, options) : place;
}

/**
 * Brings a cell store from `s3://BUCKET/KEY` into the cache of this machine, every file held to its hash; what is there
 * already is not fetched again. Processes of one machine wait for each other and fetch once.
 * @returns the folder of the copy, which is named after what the header says: another store at the same place has another
 */
async function fetchStore(url: string, options: FetchOptions): Promise<string> {
  const place = parsePlace(url);
  const bytes = await readHeaderObject(place, options);
  const folder = cachedStore(place, bytes);
  await fetchInto(place, bytes, folder, options);
  return folder;
}

/** Folder in the cache of the store at a place whose header has these bytes. */
export function cachedStore(place: Place, bytes: Uint8Array): string {
  return join(cacheFolder(), `${cachedName(place)}-${sha256(bytes).slice(0, 16)}`);
}

/** `cells.json` of a store at a place. @throws DataError where there is none */
export async function readHeaderObject(place: Place, { signal }: FetchOptions = {}): Promise<Uint8Array> {
  try {
    return await readObject(within(place, "cells.json"), LARGEST_HEADER, { signal, expected: isNoObject });
  } catch (error) {
    if (!isNoObject(error)) throw error;
    throw new DataError(
      "is not a cell store (no cells.json below it); put one there with `cellswap copy CELLS s3://BUCKET/KEY`",
      { path: placePath(place) },
    );
  }
}

/** Fetches the files of the store with this header into `folder`. @throws DataError, InterruptedError as {@link storeFolder} */
export async function fetchInto(
  place: Place,
  bytes: Uint8Array,
  folder: string,
  options: FetchOptions,
): Promise<void> {
  const { masks = true, only = () => true, signal } = options;
  const header = parseHeader(bytes, placePath(within(place, "cells.json")));
  const names = Object.keys(header.hashes).filter((name) => (masks || !isOfMasks(name)) && only(name));
  const lacking = () => names.filter((name) => !existsSync(join(folder, name)));
  try {
    makeFolder(folder);
    // What lies there is unpacked whenever it is seen.
    writeFileAtomic(
      join(folder, "cells.json"),
      isPacked(header) ? headerText(unpackedHeader(header)) : bytes,
    );
  } catch (cause) {
    throw writeError(folder, cause);
  }
  if (lacking().length === 0) return;
  await alone(folder, signal, async () => {
    const own = lacking();
    if (own.length === 0) return;
    if (isPacked(header)) await fetchPacked(place, header, own, folder, options);
    else await fetchFiles(place, header, own, folder, options);
  });
}

/** Fetches what packed files are unpacked from, and unpacks it. */
async function fetchPacked(
  place: Place,
  header: StoreHeader,
  names: readonly string[],
  folder: string,
  options: FetchOptions,
): Promise<void> {
  const packed = `${folder}.zarr`;
  const called = placePath(place);
  makeFolder(packed);
  await fetchArrays(place, header, names, packed, options);
  try {
    await unpackInto(packed, header, folder, { signal: options.signal, names, called });
  } catch (error) {
    // What is damaged there is fetched anew, once it was mended.
    if (error instanceof DataError && error.path?.startsWith(called) === true)
      rmSync(packed, { recursive: true, force: true });
    throw error;
  }
  rmSync(packed, { recursive: true, force: true });
}

async function fetchFiles(
  place: Place,
  header: StoreHeader,
  names: readonly string[],
  folder: string,
  { signal, onProgress }: FetchOptions,
): Promise<void> {
  const objects = await Promise.all(
    names.map(async (name) => ({ name, object: await objectOf(within(place, name), signal) })),
  );
  const total = sum(objects.map(({ object }) => object.size));
  let done = 0;
  const onBytes = (n: number) => onProgress?.((done += n), total);
  const rest = objects.map(({ name, object }) => bytesLeft(object, join(folder, `${name}.unchecked`)));
  checkRoom(folder, sum(rest), placePath(place), ROOM);
  for (const { name, object } of objects) {
    const path = join(folder, name);
    await download(object, `${path}.unchecked`, { signal, onBytes });
    await admit(path, header, name, placePath(object.place), signal);
  }
}

/** Fetches files, and of those that are Zarr arrays all objects. */
async function fetchArrays(
  place: Place,
  header: StoreHeader,
  names: readonly string[],
  folder: string,
  { signal, onProgress }: FetchOptions,
): Promise<void> {
  const objects: [string, ObjectState][] = [];
  for (const name of names) {
    const packed = packedName(name);
    if (packed === null) objects.push([name, await objectOf(within(place, name), signal)]);
    else
      for (const [own, object] of await listObjects(within(place, packed), { signal }))
        objects.push([`${packed}/${own}`, object]);
  }
  const total = sum(objects.map(([, object]) => object.size));
  const rest = objects.map(([name, object]) => bytesLeft(object, join(folder, name)));
  // And what it becomes beside it.
  const unpacked = names.map((name) => bytesOf(header, name) ?? 0);
  checkRoom(folder, sum(rest) + sum(unpacked), placePath(place), ROOM);
  let done = 0;
  const onBytes = (n: number) => onProgress?.((done += n), total);
  for (const [name, object] of objects) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (statSync(path, { throwIfNoEntry: false })?.size === object.size) onBytes(object.size);
    else await download(object, path, { signal, onBytes });
  }
}

const sum = (bytes: readonly number[]) => bytes.reduce((all, own) => all + own, 0);

async function objectOf(place: Place, signal: AbortSignal | undefined): Promise<ObjectState> {
  const object = await objectState(place, { signal });
  if (object !== null) return object;
  throw new DataError("is missing in the store; copy the store there again with --force", {
    path: placePath(place),
  });
}
