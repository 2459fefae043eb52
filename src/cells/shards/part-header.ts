import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { parseExact } from "../../files/exact-json.ts";
import { readInput } from "../../files/input.ts";
import { openSealed } from "../../files/sealed.ts";
import { type Shard, shardName } from "../../files/shards.ts";
import type { MaskKind } from "../../types.ts";

/** Version of the layout of an imported shard. */
export const PART_VERSION = 1;
export const PART_HEADER = "shard.json";
/** Files of a shard: pixels (each crop in its own type), masks, a line of JSON per cell, what was measured, the rest. */
export const PART_FILES = [
  "crops.bin",
  "masks.bin",
  "cells.jsonl",
  "facts.bin",
  "rest.json",
  "inputs.txt",
] as const;
export type PartFile = (typeof PART_FILES)[number];

/** What an imported shard says of itself. */
export interface PartHeader extends Shard {
  readonly format: "cellswap-import-shard";
  readonly version: number;
  /** Hash of the source's listing and all choices, the same in all shards. */
  readonly key: string;
  readonly listing: string;
  /** What the import was told, for messages. */
  readonly choices: Readonly<Record<string, unknown>>;
  readonly source: string;
  readonly path: string;
  readonly cells: number;
  /** Null where the shard has no cell. */
  readonly height: number | null;
  readonly width: number | null;
  readonly channels: readonly string[];
  readonly masks: MaskKind | "auto";
  readonly diameter: number | null;
  readonly perClass: number | null;
  readonly hashes: Readonly<Record<PartFile, string>>;
}

/** Where the imported shards of the store at `out` stand. */
export function importShards(out: string): string {
  return join(`${existsSync(out) ? realpathSync(out) : resolve(out)}.shards`, "import");
}

/** Where one of them stands. */
export function partPath(out: string, shard: Shard): string {
  return join(importShards(out), shardName(shard));
}

const LARGEST = 1 << 24;

/** Reads the header of a finished shard. @throws DataError where it is missing, damaged or of another version */
export function readPartHeader(path: string): PartHeader {
  const file = join(path, PART_HEADER);
  const text = readInput(file, { bytes: LARGEST, what: "the header of a shard" });
  const header = openSealed(text) as unknown as PartHeader | null;
  if (header === null || header.format !== "cellswap-import-shard")
    throw new DataError("is damaged; remove this folder and make the shard again", { path: file });
  if (header.version !== PART_VERSION)
    throw new DataError(
      `has version ${header.version}, this cellswap reads ${PART_VERSION}; remove this folder and make the shard again`,
      { path: file },
    );
  return header;
}

/** As {@link readPartHeader}; null where there is none that can be read. */
export function partHeaderOf(path: string): PartHeader | null {
  try {
    return readPartHeader(path);
  } catch {
    return null;
  }
}

/** A line of `cells.jsonl`. */
export type PartCell = readonly [
  file: string,
  record: Readonly<Record<string, string | number | null>>,
  name?: string,
  key?: number,
  turn?: number,
];

export function parsePartCell(line: Uint8Array): PartCell {
  return parseExact(Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8")) as PartCell;
}
