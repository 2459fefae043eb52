import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { makeFolder, writeError } from "../atomic.ts";
import { sha256 } from "../hash.ts";
import { type Place, placePath } from "./place.ts";

/**
 * The folder on this machine in which what was read of object stores is kept: `CELLSWAP_CACHE`, else one of this user
 * in the temporary folder. Made where it is not there.
 * @throws DataError where it cannot be made, or belongs to another user
 */
export function cacheFolder(): string {
  const { CELLSWAP_CACHE } = process.env;
  if (CELLSWAP_CACHE !== undefined && CELLSWAP_CACHE !== "") {
    const path = resolve(CELLSWAP_CACHE);
    try {
      makeFolder(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
    return path;
  }
  // A user of a container may have no name, and Windows has no numbers.
  const uid = process.getuid?.() ?? -1;
  const path = join(tmpdir(), `cellswap-cache-${uid}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw writeError(path, cause);
  }
  const there = lstatSync(path);
  if (!there.isDirectory() || (uid >= 0 && there.uid !== uid))
    throw new DataError("belongs to another user; set CELLSWAP_CACHE to a folder of your own", { path });
  return path;
}

/** Name of the folder of a place in the cache: its last part, and a hash of the server and the whole path. */
export function cachedName(place: Place): string {
  const server = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL ?? "";
  const last = (place.key.split("/").at(-1) || place.bucket).replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 60);
  return `${last}-${sha256(`${server}\n${placePath(place)}`).slice(0, 16)}`;
}
