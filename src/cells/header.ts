import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../errors.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { readInput } from "../files/input.ts";
import { parseJson } from "../files/json.ts";
import { fileOf, type Staged } from "../files/replace.ts";
import { typicalDiameter } from "../masks/diameter.ts";
import type { CropShape, MaskKind } from "../types.ts";
import { CROP_TYPES, type CropType } from "./crop-type.ts";

/** Version of the cell store's layout. */
export const STORE_VERSION = 3;
/** Version of a store whose crops and masks are Zarr arrays in shards (`zarr/store.ts`). */
export const PACKED_VERSION = 4;
/** Versions that are read; crops of version 2 are float32 all of them. A store of another version is refused. */
const READ = [2, STORE_VERSION, PACKED_VERSION] as const;

/** `cells.json` of a cell store. */
export interface StoreHeader extends CropShape {
  readonly format: "cellswap-cells";
  readonly version: number;
  readonly count: number;
  /** Type of the values of `crops.npy`; float32 where it is not said. */
  readonly type?: CropType;
  readonly masks: MaskKind;
  /** Where the masks come from: the source's name, or the segmentation with its options. */
  readonly maskSource: string | null;
  /** Name of the importer that read the cells. */
  readonly source: string;
  /** SHA-256 of the store's files by file name. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Files of a replacement that was cut off after it was decided, see `files/replace.ts`. */
  readonly staged?: Staged;
  /** Check sum of all the above: SHA-256 of it as JSON without spaces, keys sorted. */
  readonly sum: string;
}

/** Bytes that a header has at most. */
export const LARGEST_HEADER = 1 << 24;
const SIDE = 8192;

const Hash = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 of 64 hexadecimal digits is needed");
const FileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a plain file name is needed");
const side = z.int().min(1).max(SIDE);

const Header = z.strictObject({
  format: z.literal("cellswap-cells"),
  version: z.literal(READ),
  count: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  type: z.enum(CROP_TYPES).optional(),
  channels: z.array(z.string()).min(1),
  height: side,
  width: side,
  diameter: z.number().positive().max(SIDE).optional(),
  masks: z.enum(["none", "center", "full"]),
  maskSource: z.string().nullable(),
  source: z.string(),
  hashes: z.record(FileName, Hash),
  staged: z.record(FileName, z.string().nullable()).optional(),
  sum: Hash,
});

/** Files that a store with such masks has in any case. */
function required(masks: MaskKind): string[] {
  return ["crops.npy", "metadata.parquet", ...(masks === "none" ? [] : ["masks.npy", "quality.csv"])];
}

/** Where the file `name` of a store is. */
export function storeFile(path: string, header: StoreHeader, name: string): string {
  return fileOf(path, header, name, "cells.json");
}

/** Whether a file of a store goes with its masks. */
export function isOfMasks(name: string): boolean {
  return name === "masks.npy" || name === "quality.csv";
}

/** The cell diameter as a header keeps it: not where it is the one that crops of this shape have anyway. */
export function unusualDiameter(
  { height, width }: Pick<CropShape, "height" | "width">,
  diameter: number | undefined,
): { diameter?: number } {
  return diameter === undefined || diameter === typicalDiameter(height, width) ? {} : { diameter };
}

/** A header with its check sum. */
export function sealed(header: Omit<StoreHeader, "sum">): StoreHeader {
  return { ...header, sum: sumOf(header) };
}

/** The text of `cells.json`. */
export function headerText(header: StoreHeader): string {
  return `${JSON.stringify(header, null, 2)}\n`;
}

function sumOf(header: object): string {
  const { sum: _, ...rest } = header as { sum?: string };
  return sha256(canonicalJson(rest));
}

/** Whether the arrays of a store are Zarr arrays in shards. */
export function isPacked({ version }: StoreHeader): boolean {
  return version === PACKED_VERSION;
}

/** True for a folder with the header of a cell store whose arrays are Zarr arrays in shards. */
export function isPackedStore(path: string): boolean {
  try {
    return (readJson(path, join(path, "cells.json")) as { version?: unknown }).version === PACKED_VERSION;
  } catch {
    return false;
  }
}

/**
 * Reads and checks `cells.json`: every key, and its check sum.
 * @param packed whether Zarr arrays may stand for the `.npy` files of the store
 * @throws DataError where it is missing, of another version or damaged
 */
export function readHeader(path: string, packed = false): StoreHeader {
  const file = join(path, "cells.json");
  const header = checkHeader(readJson(path, file), file);
  if (isPacked(header) && !packed)
    throw new DataError(
      "keeps its crops as Zarr arrays, which only studies read; copy it into a folder with `cellswap copy` and use the copy",
      { path },
    );
  return header;
}

/** As {@link readHeader}, of bytes that were read already, packed ones included; `file` names them in errors. */
export function parseHeader(bytes: Uint8Array, file: string): StoreHeader {
  return checkHeader(parseJson(bytes, file, { remedy: REMEDY }), file);
}

/** The header of a packed store as that of its unpacked files; others as they are. */
export function unpackedHeader(header: StoreHeader): StoreHeader {
  if (!isPacked(header)) return header;
  const { staged: _, sum: __, ...rest } = header;
  return sealed({ ...rest, version: STORE_VERSION });
}

function checkHeader(json: unknown, file: string): StoreHeader {
  const fail = (what: string): never => {
    throw new DataError(`${what}; ${REMEDY}`, { path: file });
  };
  const { format, version } = (json ?? {}) as Record<string, unknown>;
  if (format !== "cellswap-cells")
    throw new DataError("is not the header of a cell store; make one with `cellswap import`", { path: file });
  if (typeof version === "number" && !READ.some((known) => known === version))
    throw new DataError(
      `has version ${version}, this cellswap reads ${READ.join(", ")}; import the cells again`,
      { path: file },
    );
  const { success, data, error } = Header.safeParse(json, { reportInput: true });
  if (!success) return fail(`is damaged (${issueOf(error)})`);
  const lacks = required(data.masks).find((name) => !Object.hasOwn(data.hashes, name));
  if (lacks !== undefined) return fail(`is damaged (it has no hash of ${lacks})`);
  if (sumOf(data) !== data.sum) return fail("was changed after it was written (its check sum does not fit)");
  return data as StoreHeader;
}

const REMEDY = "restore it from a copy, or import the cells again";

/** The JSON of a header. @throws DataError where there is no such file or it is no JSON */
function readJson(path: string, file: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readInput(file, { bytes: LARGEST_HEADER, what: "the header of a cell store" });
  } catch (cause) {
    throw new DataError(
      "is not a cell store (no readable cells.json in it); make one with `cellswap import`",
      { path, cause },
    );
  }
  return parseJson(bytes, file, { remedy: REMEDY });
}

/** The first thing that is wrong with a header, in a few words. */
function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue.code === "unrecognized_keys") return `unknown key ${short(issue.keys[0])}`;
  const value = JSON.stringify(issue.input);
  const at = issue.path.map((part) => short(String(part))).join(".");
  if (value === undefined) return `key ${at} is missing`;
  return at === "" ? "it is not an object" : `${at} is ${short(value)}`;
}

/** As much of a text as a message takes, control characters escaped. */
function short(text: string): string {
  const plain = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return plain.length > 60 ? `${plain.slice(0, 57)}...` : plain;
}

/** True for a folder with the header of a cell store, of any version. */
export function isCellStore(path: string): boolean {
  try {
    const file = join(path, "cells.json");
    return (readJson(path, file) as { format?: unknown } | null)?.format === "cellswap-cells";
  } catch {
    return false;
  }
}

/** One hash that stands for everything in the store. */
export function storeHash(header: StoreHeader): string {
  return sha256(Object.entries(header.hashes).sort().join("\n"));
}
