import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import type { CropShape, MaskKind } from "../types.ts";

/** Version of the cell store's layout; a store of another version is refused. */
export const STORE_VERSION = 1;

/** `cells.json` of a cell store. */
export interface StoreHeader extends CropShape {
  readonly format: "cellswap-cells";
  readonly version: number;
  readonly count: number;
  readonly masks: MaskKind;
  /** Where the masks come from: the source's name, or the segmentation with its options. */
  readonly maskSource: string | null;
  /** Name of the importer that read the cells. */
  readonly source: string;
  /** SHA-256 of the store's files by file name. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Reads and checks `cells.json`. */
export function readHeader(path: string): StoreHeader {
  const file = join(path, "cells.json");
  let header: StoreHeader;
  try {
    header = JSON.parse(readFileSync(file, "utf8")) as StoreHeader;
  } catch (cause) {
    throw new DataError(
      "is not a cell store (no readable cells.json in it); make one with `cellswap import`",
      { path, cause },
    );
  }
  if (header.format !== "cellswap-cells")
    throw new DataError("is not the header of a cell store", { path: file });
  if (header.version !== STORE_VERSION)
    throw new DataError(
      `has version ${header.version}, this cellswap reads ${STORE_VERSION}; import the cells again`,
      { path: file },
    );
  const { diameter } = header;
  if (diameter !== undefined && !(typeof diameter === "number" && diameter > 0))
    throw new DataError(
      `has the diameter ${JSON.stringify(diameter)}, which is not a length in px; import the cells again`,
      { path: file },
    );
  return header;
}

/** True for a folder with the header of a cell store, of any version. */
export function isCellStore(path: string): boolean {
  try {
    return JSON.parse(readFileSync(join(path, "cells.json"), "utf8")).format === "cellswap-cells";
  } catch {
    return false;
  }
}

/** One hash that stands for everything in the store. */
export function storeHash(header: StoreHeader): string {
  return sha256(Object.entries(header.hashes).sort().join("\n"));
}
