import { join } from "node:path";
import { HashedReader } from "../../files/hashed-stream.ts";
import { CROP_BYTES, type CropValues } from "../crop-type.ts";
import type { CellFacts } from "../facts.ts";
import { factsBytes, unpackFacts } from "./facts-rows.ts";
import { type PartCell, type PartFile, type PartHeader, parsePartCell } from "./part-header.ts";
import type { Part } from "./parts.ts";

/** What mends a shard that is damaged. */
export const REMEDY = "remove its folder and make the shard again";

/** A cell of a shard; its pixels hold until the next. */
export interface CellOfPart {
  readonly told: PartCell;
  readonly facts: CellFacts;
  readonly crop: CropValues;
  readonly mask: Uint8Array | null;
}

/** What is known of the cells of a shard besides their pixels, in their order. @throws DataError where it is damaged */
export function* factsOfPart({ path, header }: Part): Generator<CellFacts> {
  const facts = reader(path, header, "facts.bin");
  const bytes = factsBytes(header.channels.length);
  try {
    for (let cell = 0; cell < header.cells; cell++)
      yield unpackFacts(facts.read(bytes), header.channels.length);
    facts.finish();
  } finally {
    facts.close();
  }
}

/** The lines of the files that a shard was read from, see `stamps.ts`. @throws DataError where they are damaged */
export function* stampsOfPart({ path, header }: Part): Generator<string> {
  const lines = reader(path, header, "inputs.txt");
  try {
    for (let line = lines.line(); line !== null; line = lines.line()) yield line.toString("utf8");
    lines.finish();
  } finally {
    lines.close();
  }
}

/** The lines of a shard's cells. @throws DataError where they are damaged */
export function* linesOfPart({ path, header }: Part): Generator<PartCell> {
  const lines = reader(path, header, "cells.jsonl");
  try {
    for (let line = lines.line(); line !== null; line = lines.line()) yield parsePartCell(line);
    lines.finish();
  } finally {
    lines.close();
  }
}

/** All cells of a shard in their order; its files are held to their hashes. @throws DataError where one is damaged */
export function* cellsOfPart(part: Part): Generator<CellOfPart> {
  const { path, header } = part;
  const { height, width, channels } = header;
  const size = (height ?? 0) * (width ?? 0);
  const crops = reader(path, header, "crops.bin");
  const masks = reader(path, header, "masks.bin");
  const lines = linesOfPart(part);
  try {
    for (const facts of factsOfPart(part)) {
      const told = lines.next().value as PartCell;
      const bytes = crops.read(CROP_BYTES[facts.type] * channels.length * size);
      const crop = valuesOf(bytes, facts.type);
      yield { told, facts, crop, mask: facts.measures === null ? null : masks.read(size) };
    }
    lines.next();
    crops.finish();
    masks.finish();
  } finally {
    lines.return(undefined);
    crops.close();
    masks.close();
  }
}

/** Bytes as values of a type, copied where they do not lie as these have to. */
function valuesOf(bytes: Buffer, type: CellFacts["type"]): CropValues {
  if (type === "uint8") return bytes;
  const size = CROP_BYTES[type];
  const from = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
  return type === "float32"
    ? new Float32Array(from.buffer, from.byteOffset, bytes.length / size)
    : new Uint16Array(from.buffer, from.byteOffset, bytes.length / size);
}

function reader(path: string, header: PartHeader, name: PartFile): HashedReader {
  return new HashedReader(join(path, name), header.hashes[name], REMEDY);
}
