import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { sha256File } from "../../files/hash.ts";
import { isNoObject } from "../../files/objects/faults.ts";
import { parsePlace, within } from "../../files/objects/place.ts";
import { objectState, readObject } from "../../files/objects/read.ts";
import { putFile, putObject } from "../../files/objects/write.ts";
import { type CheckOptions, checkFiles, sizeOf } from "../checked.ts";
import { headerText, isPacked, LARGEST_HEADER, readHeader, sealed, storeFile } from "../header.ts";
import { filesOf } from "../zarr/store.ts";

export interface SendOptions extends CheckOptions {
  /** Whether another store at that place is replaced. */
  readonly force?: boolean;
}

/**
 * Puts a cell store at `s3://BUCKET/KEY`: its files, held to their hashes, and last its header, which makes it one. Files
 * that are there already are not sent again.
 * @returns bytes that were sent @throws DataError where another store is there and `force` is not given, where a file is
 * damaged, or what a server refuses; InterruptedError after `signal`
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
  await putObject(within(place, "cells.json"), text, { replace: true, signal });
  return sent;
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
