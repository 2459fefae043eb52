import { join } from "node:path";
import { DataError } from "../errors.ts";
import { type CheckOptions, checkFile, sizeOf } from "./checked.ts";
import { isPacked, readHeader, type StoreHeader, storeFile } from "./header.ts";
import { hashArray } from "./zarr/array.ts";
import { packedName } from "./zarr/store.ts";

/** One file of what was verified. */
export interface VerifiedFile {
  /** Its path, below the folder as it was given. */
  readonly path: string;
  readonly bytes: number;
  /** What is wrong with it and what mends it, one line; null where it is right. */
  readonly fault: string | null;
}

/** What {@link verifyStore} and its like find. */
export interface Verification {
  readonly path: string;
  readonly kind: string;
  readonly files: readonly VerifiedFile[];
}

/**
 * Reads every file of a cell store and holds it to its hash; nothing that is remembered counts, and nothing is written.
 * @throws InterruptedError after `signal`; what is wrong with a file is told of it
 */
export async function verifyStore(path: string, options: CheckOptions = {}): Promise<Verification> {
  const kind = "cell store";
  const headerFile = join(path, "cells.json");
  const file = (of: string, fault: string | null): VerifiedFile => ({ path: of, bytes: sizeOf(of), fault });
  let header: StoreHeader;
  try {
    header = readHeader(path, true);
  } catch (error) {
    return { path, kind, files: [file(headerFile, faultOf(error, headerFile))] };
  }
  const files = [file(headerFile, null)];
  const names = Object.keys(header.hashes);
  const total = names.reduce((sum, name) => sum + sizeOf(storeFile(path, header, name)), 0);
  let done = 0;
  const onBytes = (bytes: number) => options.onProgress?.((done += bytes), total);
  for (const name of names) {
    const array = isPacked(header) ? packedName(name) : null;
    if (array !== null) {
      files.push(
        file(join(path, array), await faultOfArray(join(path, array), header.hashes[name], onBytes)),
      );
      continue;
    }
    const of = storeFile(path, header, name);
    try {
      await checkFile(path, header, name, { onBytes, signal: options.signal });
      files.push(file(of, null));
    } catch (error) {
      files.push(file(of, faultOf(error, of)));
    }
  }
  return { path, kind, files };
}

/** What is wrong with a Zarr array that stands for a `.npy` file with this hash; null where nothing is. */
async function faultOfArray(
  folder: string,
  wanted: string,
  onBytes: (bytes: number) => void,
): Promise<string | null> {
  try {
    const right = (await hashArray(folder, onBytes)) === wanted;
    return right
      ? null
      : "holds other values than cells.json says; restore it from a copy, or import the cells again";
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return error.message.replaceAll(`${folder}/`, "");
  }
}

/** What an error says of the file at `path`. @throws any that is not of data */
export function faultOf(error: unknown, path: string): string {
  if (!(error instanceof DataError)) throw error;
  return error.message.startsWith(`${path}: `) ? error.message.slice(path.length + 2) : error.message;
}
