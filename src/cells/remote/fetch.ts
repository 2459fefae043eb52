import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError, InUseError } from "../../errors.ts";
import { namedAfter, writeFileAtomic } from "../../files/atomic.ts";
import { sha256 } from "../../files/hash.ts";
import { takeLock } from "../../files/lock.ts";
import { cachedName, cacheFolder } from "../../files/objects/cache.ts";
import { checkRoom, download } from "../../files/objects/download.ts";
import { isNoObject } from "../../files/objects/faults.ts";
import { type Place, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { objectState, readObject } from "../../files/objects/read.ts";
import { hashFile } from "../../files/state.ts";
import { type CheckOptions, type States, writeIndex } from "../checked.ts";
import { isOfMasks, LARGEST_HEADER, readHeader, type StoreHeader } from "../header.ts";

export interface FetchOptions extends CheckOptions {
  /** Whether masks and their verdicts are wanted. */
  readonly masks?: boolean;
}

/**
 * Brings a cell store from `s3://BUCKET/KEY` into the cache of this machine, every file held to its hash; what is there
 * already is not fetched again. Processes of one machine wait for each other and fetch once.
 * @returns the folder of the copy, which is named after what the header says: another store at the same place has another
 * @throws DataError naming the object that is missing, damaged or refused; InterruptedError after `signal`
 */
export async function fetchStore(url: string, options: FetchOptions = {}): Promise<string> {
  const place = parsePlace(url);
  const bytes = await readHeaderObject(place, options);
  const folder = join(cacheFolder(), `${cachedName(place)}-${sha256(bytes).slice(0, 16)}`);
  await fetchInto(place, bytes, folder, options);
  return folder;
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

/** Fetches the files of the store with this header into `folder`. @throws DataError, InterruptedError as {@link fetchStore} */
export async function fetchInto(
  place: Place,
  bytes: Uint8Array,
  folder: string,
  { masks = true, signal, onProgress }: FetchOptions,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const header = headerOf(place, bytes, folder);
  const names = Object.keys(header.hashes).filter((name) => masks || !isOfMasks(name));
  const lacking = () => names.filter((name) => !existsSync(join(folder, name)));
  if (lacking().length === 0) return;
  const lock = await waitFor(folder, signal);
  try {
    const missing = lacking();
    const objects = await Promise.all(
      missing.map(async (name) => {
        const object = await objectState(within(place, name), { signal });
        if (object === null)
          throw new DataError("is missing in the store; copy the store there again with --force", {
            path: placePath(within(place, name)),
          });
        return { name, object };
      }),
    );
    const total = objects.reduce((sum, { object }) => sum + object.size, 0);
    let done = 0;
    const states: Record<string, string> = {};
    for (const { name, object } of objects) {
      checkRoom(object, folder);
      const path = join(folder, name);
      await download(object, `${path}.unchecked`, {
        signal,
        onBytes: (n) => onProgress?.((done += n), total),
      });
      states[name] = await admit(path, header, name, placePath(object.place), signal);
    }
    writeIndex(folder, header, states satisfies States);
  } finally {
    lock.release();
  }
}

/** Holds a fetched file to its hash and gives it its name. */
async function admit(
  path: string,
  header: StoreHeader,
  name: string,
  url: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const unchecked = `${path}.unchecked`;
  if ((await hashFile(unchecked, { signal })).sha256 !== header.hashes[name]) {
    rmSync(unchecked);
    throw new DataError(
      "is damaged or was changed (its SHA-256 is not that of cells.json); copy the store there again with --force",
      { path: url },
    );
  }
  renameSync(unchecked, path);
  return (await hashFile(path, { signal })).state;
}

function headerOf(place: Place, bytes: Uint8Array, folder: string): StoreHeader {
  writeFileAtomic(join(folder, "cells.json"), bytes);
  try {
    return readHeader(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw namedAfter(error, folder, placePath(within(place, "cells.json")));
  }
}

/** The lock of a folder, once nobody else on this machine fetches into it. */
async function waitFor(folder: string, signal: AbortSignal | undefined) {
  for (;;)
    try {
      return takeLock(folder);
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      await sleep(500, undefined, { signal });
    }
}
