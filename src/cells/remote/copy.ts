import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { commitFolder } from "../../files/atomic.ts";
import { isObjectPath, parsePlace } from "../../files/objects/place.ts";
import { sizeOf } from "../checked.ts";
import { readHeader } from "../header.ts";
import { fetchInto, readHeaderObject } from "./fetch.ts";
import { type SendOptions, sendStore } from "./send.ts";

/** A store that was copied. */
export interface Copied {
  readonly from: string;
  readonly to: string;
  readonly cells: number;
  /** Bytes that were copied. */
  readonly bytes: number;
}

/**
 * Copies a cell store from a folder to `s3://BUCKET/KEY`, or from there into a new folder.
 * @throws DataError where something else is at `to`, where a file is damaged, or what a server refuses
 */
export async function copyStore(from: string, to: string, options: SendOptions = {}): Promise<Copied> {
  if (isObjectPath(to)) {
    if (isObjectPath(from))
      throw new DataError("is in an object store, as the other is; copy it into a folder first", {
        path: from,
      });
    const bytes = await sendStore(from, to, options);
    return { from, to, cells: readHeader(from).count, bytes };
  }
  if (!isObjectPath(from))
    throw new DataError("is a folder, as the other is; copy it as any folder", { path: from });
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new DataError("is not empty; choose another folder, or remove it", { path: to });
  const place = parsePlace(from);
  // What a stopped copy has fetched is found there by the next.
  const unfinished = `${to}.unfinished`;
  await fetchInto(place, await readHeaderObject(place, options), unfinished, options);
  commitFolder(unfinished, to);
  const { hashes, count } = readHeader(to);
  const bytes = Object.keys(hashes).reduce((sum, name) => sum + sizeOf(join(to, name)), 0);
  return { from, to, cells: count, bytes };
}
