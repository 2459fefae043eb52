import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { sha256File } from "../../files/hash.ts";
import { isNoObject } from "../../files/objects/faults.ts";
import { type Place, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { listObjects, objectState, readObject, together } from "../../files/objects/read.ts";
import { putFile, putObject, removeObject } from "../../files/objects/write.ts";
import { type CheckOptions, checkFiles, sizeOf } from "../checked.ts";
import { headerText, isPacked, LARGEST_HEADER, readHeader, sealed, storeFile } from "../header.ts";
import { filesOf, packedName } from "../zarr/store.ts";

export interface SendOptions extends CheckOptions {
  /** Whether another store at that place is replaced. */
  readonly force?: boolean;
}

/**
 * Puts a cell store at `s3://BUCKET/KEY`: its files, held to their hashes, and last its header, which makes it one. Files
 * that are there already are not sent again; of Zarr arrays what others left there is removed, as a shard that an array lacks
 * is zeros.
 * @returns bytes that were sent @throws DataError where another store is there, or some of its shards, and `force` is not
 * given, where a file is damaged, or what a server refuses; InterruptedError after `signal`
 */
export async function sendStore(path: string, url: string, options: SendOptions = {}): Promise<number> {
  const { force = false, signal, onProgress } = options;
  const place = parsePlace(url);
  const { staged: _, sum: __, ...rest } = readHeader(path, true);
  const header = sealed(rest);
  const text = Buffer.from(headerText(header));
  const before = await headerAt(url, signal);
  if (before !== null && !before.equals(text) && !force)
    throw new DataError(
      "is there already and holds other cells; choose another place, or replace it with --force",
      {
        path: url,
      },
    );
  if (!isPacked(header)) await checkFiles(path, readHeader(path), Object.keys(header.hashes), { signal });
  const files = filesOf(path, header).map((name) => ({
    name,
    file:
      header.hashes[name] === undefined ? join(path, name) : storeFile(path, readHeader(path, true), name),
  }));
  const others = isPacked(header)
    ? await othersAt(place, new Set(files.map(({ name }) => name)), signal)
    : [];
  if (others.length > 0 && !force)
    throw new DataError(
      "is there already and is none of these cells; choose another place, or have it removed with --force",
      { path: placePath(others[0]) },
    );
  const total = files.reduce((sum, { file }) => sum + sizeOf(file), 0);
  let [done, sent] = [0, 0];
  for (const { name, file } of files) {
    const to = within(place, name);
    const hash = header.hashes[name] ?? sha256File(file);
    const there = await objectState(to, { signal });
    if (there?.sha256 === hash && there.size === sizeOf(file)) {
      onProgress?.((done += sizeOf(file)), total);
      continue;
    }
    const onBytes = (bytes: number) => {
      sent += bytes;
      onProgress?.((done += bytes), total);
    };
    await putFile(to, file, { replace: true, sha256: hash, signal, onBytes });
  }
  await together(others, (other) => removeObject(other, { signal }));
  await putObject(within(place, "cells.json"), text, { replace: true, signal });
  return sent;
}

/** Objects below the arrays at a place that are none of `own`. */
async function othersAt(place: Place, own: ReadonlySet<string>, signal: AbortSignal | undefined) {
  const others: Place[] = [];
  for (const array of ["crops.npy", "masks.npy"].map((name) => packedName(name)!))
    for (const [name, object] of await listObjects(within(place, array), { signal }))
      if (!own.has(`${array}/${name}`)) others.push(object.place);
  return others;
}

/** Bytes of the header at a place; null where none is there. */
async function headerAt(url: string, signal: AbortSignal | undefined): Promise<Buffer | null> {
  try {
    const place = within(parsePlace(url), "cells.json");
    return Buffer.from(await readObject(place, LARGEST_HEADER, { signal, expected: isNoObject }));
  } catch (error) {
    if (isNoObject(error)) return null;
    throw error;
  }
}
