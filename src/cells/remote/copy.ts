import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { commitFolder, makeFolder } from "../../files/atomic.ts";
import { isObjectPath, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { sizeOf } from "../checked.ts";
import {
  headerText,
  isPacked,
  parseHeader,
  readHeader,
  type StoreHeader,
  unpackedHeader,
} from "../header.ts";
import { filesOf, packStore, unpackInto } from "../zarr/store.ts";
import { alone } from "./admit.ts";
import { fetchInto, readHeaderObject, storeFolder } from "./fetch.ts";
import { type SendOptions, sendStore } from "./send.ts";

/** A store that was copied. */
export interface Copied {
  readonly from: string;
  readonly to: string;
  readonly cells: number;
  /** Bytes that were copied. */
  readonly bytes: number;
}

/** How the arrays of a store are kept: one file each, or Zarr 3 arrays in shards. */
export const FORMS = ["npy", "zarr"] as const;

export interface CopyOptions extends SendOptions {
  /** How the arrays of the copy are kept; as those of the store where they are sent, else `npy`, by default. */
  readonly form?: (typeof FORMS)[number] | undefined;
}

/**
 * Copies a cell store between a folder and `s3://BUCKET/KEY`, or into a folder in another form.
 * @throws DataError where something else is at `to`, where a file is damaged, or what a server refuses
 */
export async function copyStore(from: string, to: string, options: CopyOptions = {}): Promise<Copied> {
  const { form } = options;
  // Before any message shows them.
  for (const path of [from, to]) if (isObjectPath(path)) parsePlace(path);
  if (isObjectPath(to)) {
    if (isObjectPath(from))
      throw new DataError("is in an object store, as the other is; copy it into a folder first", {
        path: from,
      });
    const own = readHeader(from, true);
    if (form !== undefined && isPacked(own) !== (form === "zarr"))
      throw new DataError(`is kept otherwise; copy it into a folder with --store ${form}, and send that`, {
        path: from,
      });
    return { from, to, cells: own.count, bytes: await sendStore(from, to, options) };
  }
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new DataError("is not empty; choose another folder, or remove it", { path: to });
  if (form === "zarr") await packStore(await storeFolder(from, options), to, options);
  else await unpacked(from, to, options);
  const header = readHeader(to, true);
  const bytes = filesOf(to, header).reduce((sum, name) => sum + sizeOf(join(to, name)), 0);
  return { from, to, cells: header.count, bytes };
}

/** Copies a store into a folder of `.npy` files. */
async function unpacked(from: string, to: string, options: CopyOptions): Promise<void> {
  // What a stopped copy has fetched is found there by the next.
  const unfinished = `${to}.unfinished`;
  if (isObjectPath(from)) {
    const place = parsePlace(from);
    const bytes = await readHeaderObject(place, options);
    removeOthers(unfinished, parseHeader(bytes, placePath(within(place, "cells.json"))));
    await fetchInto(place, bytes, unfinished, options);
  } else {
    const header = readHeader(from, true);
    if (!isPacked(header))
      throw new DataError("is a folder, as the other is; copy it as any folder, or give --store zarr", {
        path: from,
      });
    removeOthers(unfinished, header);
    makeFolder(unfinished);
    await alone(unfinished, options.signal, () => unpackInto(from, header, unfinished, options));
  }
  commitFolder(unfinished, to);
}

/** Removes what a stopped copy of other cells left. */
function removeOthers(unfinished: string, header: StoreHeader): void {
  const file = join(unfinished, "cells.json");
  if (!existsSync(file) || readFileSync(file, "utf8") === headerText(unpackedHeader(header))) return;
  for (const folder of [unfinished, `${unfinished}.zarr`]) rmSync(folder, { recursive: true, force: true });
}
