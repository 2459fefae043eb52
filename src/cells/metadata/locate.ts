import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../../errors.ts";

const DRIVE = /^[A-Za-z]:[\\/]/;
const SHARE = /^\\\\[^\\]+/;
const WEB = /^(https?|s3|gs):/i;

const isForeign = (name: string) => DRIVE.test(name) || SHARE.test(name);

/** Joins a folder and a file name as one path, whichever system wrote them. */
export function joinWritten(folder: string, name: string): string {
  if (folder === "") return name;
  return /[\\/]$/.test(folder) ? folder + name : `${folder}${folder.includes("\\") ? "\\" : "/"}${name}`;
}

/** Files that were found by the end of their path, with how the table writes them. */
export type Ends = Map<string, string>;

/**
 * Finds the file that a table names: as it is written, relative paths under `base`; where that is not there, with
 * backslashes taken as separators; where that is not there either and the path is absolute (also of Windows, or an
 * address: file:, http:, s3:), by its last parts under `base`, as many as fit.
 * @param ends those found by their end before, in the same table
 * @returns the path, null where nothing is found
 * @throws DataError where the end of another path, of another file, led to the same one
 */
export function findWritten(base: string, written: string, ends: Ends): string | null {
  if (WEB.test(written)) return byEnd(base, written.slice(written.indexOf(":") + 1).split("/"), ends);
  const name = /^file:/i.test(written) ? fromUrl(written) : written;
  const plain = isAbsolute(name) ? name : join(base, name);
  if (existsSync(plain)) return plain;
  const slashed = name.replaceAll("\\", "/");
  if (isForeign(name) || isAbsolute(slashed)) return byEnd(base, slashed.split("/"), ends);
  const turned = join(base, slashed);
  return slashed !== name && existsSync(turned) ? turned : null;
}

/**
 * As {@link findWritten}; the path as it is written where nothing is found, so that reading it says that it is missing.
 * @throws DataError for an absolute path of Windows or an address on the web of which nothing is found, and as {@link findWritten}
 */
export function locate(base: string, written: string, ends: Ends): string {
  const found = findWritten(base, written, ends);
  if (found !== null) return found;
  if (WEB.test(written))
    throw new DataError(
      `is an address on the web, and nothing under ${base} ends like it; fetch the images and give the folder they are in`,
      { path: written },
    );
  const name = /^file:/i.test(written) ? fromUrl(written) : written;
  if (isForeign(name))
    throw new DataError(
      `is a path of Windows (${DRIVE.test(name) ? `drive ${name.slice(0, 2)}` : `share ${SHARE.exec(name)?.[0]}`}), and nothing under ${base} ends like it; write paths relative to that folder`,
      { path: name },
    );
  return isAbsolute(name) ? name : join(base, name);
}

/** The longest end of a path that is there under `base`. */
function byEnd(base: string, path: readonly string[], ends: Ends): string | null {
  const parts = path.filter((part) => part !== "" && !/^[A-Za-z]:$/.test(part));
  for (let from = 0; from < parts.length; from++) {
    const found = join(base, ...parts.slice(from));
    if (!existsSync(found)) continue;
    const [own, other] = [parts.join("/"), ends.get(found)];
    if (other !== undefined && other !== own)
      throw new DataError(
        `is found for two files, ${other} and ${own}; give the folder that holds the folders of both`,
        { path: found },
      );
    ends.set(found, own);
    return found;
  }
  return null;
}

/** A path from a file: address as CellProfiler writes it (`file:///C:/images/a.tif`, `file:/images/a.tif`). */
function fromUrl(address: string): string {
  try {
    const path = fileURLToPath(address.replace(/^file:\/+(?=[^/])/i, "file:///"), { windows: false });
    return path.replace(/^\/(?=[A-Za-z]:)/, "");
  } catch (cause) {
    throw new DataError("is no address of a file", { path: address, cause });
  }
}

/** The table that a person names: as given, else below the folder `path`; as given where neither is there. */
export function findManifest(path: string, manifest: string): string {
  if (existsSync(manifest) || isAbsolute(manifest)) return manifest;
  const beside = join(path, manifest);
  return existsSync(beside) ? beside : manifest;
}
