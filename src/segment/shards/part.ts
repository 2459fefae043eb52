import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { isOfMasks, type StoreHeader } from "../../cells/header.ts";
import { type ShardStatus, statusOf } from "../../cells/shards/parts.ts";
import type { CellStore } from "../../cells/store.ts";
import { deal } from "../../core/deal.ts";
import { groupRows } from "../../core/group.ts";
import { DataError } from "../../errors.ts";
import { parseExact } from "../../files/exact-json.ts";
import { sha256 } from "../../files/hash.ts";
import { HashedReader } from "../../files/hashed-stream.ts";
import { readInput } from "../../files/input.ts";
import { npyHeader } from "../../files/npy.ts";
import { openSealed } from "../../files/sealed.ts";
import type { Shard } from "../../files/shards.ts";
import { MEASURES } from "../../masks/verdict.ts";
import type { FieldScale } from "../field.ts";
import type { SegmentOptions } from "../segment-store.ts";

/** Version of the layout of a segmented shard. */
export const MASKS_VERSION = 1;
export const MASKS_HEADER = "shard.json";
/** Files of a shard: its masks, a line per cell with verdict and measures, a line per field with its scale. */
export const MASKS_FILES = ["masks.npy", "verdicts.jsonl", "scales.jsonl"] as const;
export type MasksFile = (typeof MASKS_FILES)[number];

/** What the masks depend on besides the cells. */
export type ShardChoices = Pick<SegmentOptions, "channel" | "nuclei" | "diameter" | "neighbors" | "force">;

/** What a segmented shard says of itself. */
export interface MasksHeader extends Shard {
  readonly format: "cellswap-masks-shard";
  readonly version: number;
  /** Stands for the cells and all choices. */
  readonly key: string;
  readonly choices: ShardChoices;
  /** Hash of the store without its masks. */
  readonly crops: string;
  readonly cells: number;
  readonly hashes: Readonly<Record<MasksFile, string>>;
}

/** A hash that stands for a store without its masks. */
export function cropsHash(header: StoreHeader): string {
  return sha256(
    Object.entries(header.hashes)
      .filter(([name]) => !isOfMasks(name))
      .sort()
      .join("\n"),
  );
}

/** Where the segmented shards of the store at `path` stand. */
export function maskShards(path: string): string {
  return join(`${existsSync(path) ? realpathSync(path) : resolve(path)}.shards`, "segment");
}

/** What is there of a segmentation in shards, by the names alone. @throws DataError as `statusOf` */
export function segmentStatus(path: string): ShardStatus {
  return statusOf("segment", maskShards(path));
}

/** Rows of a store that each of `count` shards has: whole fields, numbers of cells as equal as these allow. */
export function dealRows(store: CellStore, count: number): Int32Array[] {
  const fields = [...groupRows(store.cells.field, (field) => field).values()];
  const bounds = deal(
    fields.map((rows) => rows.length),
    count,
  );
  return Array.from({ length: count }, (_, shard) =>
    Int32Array.from(fields.slice(bounds[shard], bounds[shard + 1]).flat()),
  );
}

const LARGEST = 1 << 20;
const REMEDY = "remove its folder and make the shard again";

/** Reads the header of a finished shard. @throws DataError where it is missing, damaged or of another version */
export function readMasksHeader(path: string): MasksHeader {
  const file = join(path, MASKS_HEADER);
  const bytes = readInput(file, { bytes: LARGEST, what: "the header of a shard" });
  const header = openSealed(bytes) as unknown as MasksHeader | null;
  if (header === null || header.format !== "cellswap-masks-shard")
    throw new DataError(`is damaged; ${REMEDY}`, { path: file });
  if (header.version !== MASKS_VERSION)
    throw new DataError(`has version ${header.version}, this cellswap reads ${MASKS_VERSION}; ${REMEDY}`, {
      path: file,
    });
  return header;
}

/** As {@link readMasksHeader}; null where there is none that can be read. */
export function masksHeaderOf(path: string): MasksHeader | null {
  try {
    return readMasksHeader(path);
  } catch {
    return null;
  }
}

/** A cell of a segmented shard; its mask holds until the next. */
export interface MaskOfPart {
  readonly mask: Uint8Array;
  readonly verdict: string;
  /** In the order of `MEASURES`. */
  readonly measures: readonly number[];
}

/** The cells of a shard in their order; its files are held to their hashes. @throws DataError where one is damaged */
export function* masksOfPart(
  path: string,
  header: MasksHeader,
  { height, width }: { readonly height: number; readonly width: number },
): Generator<MaskOfPart> {
  const masks = reader(path, header, "masks.npy");
  const lines = reader(path, header, "verdicts.jsonl");
  try {
    masks.read(npyHeader("uint8", [header.cells, height, width]).length);
    for (let cell = 0; cell < header.cells; cell++) {
      const [verdict, ...measures] = parseExact(lines.line()?.toString("utf8") ?? "[]") as [
        string,
        ...number[],
      ];
      if (measures.length !== MEASURES.length)
        throw new DataError(`is damaged (line ${cell + 1}); ${REMEDY}`, {
          path: join(path, "verdicts.jsonl"),
        });
      yield { mask: masks.read(height * width), verdict, measures };
    }
    masks.finish();
    lines.finish();
  } finally {
    masks.close();
    lines.close();
  }
}

/** Scales of the fields of a shard by their names. @throws DataError where they are damaged */
export function* scalesOfPart(path: string, header: MasksHeader): Generator<[string, FieldScale]> {
  const lines = reader(path, header, "scales.jsonl");
  try {
    for (let line = lines.line(); line !== null; line = lines.line())
      yield parseExact(line.toString("utf8")) as [string, FieldScale];
    lines.finish();
  } finally {
    lines.close();
  }
}

function reader(path: string, header: MasksHeader, name: MasksFile): HashedReader {
  return new HashedReader(join(path, name), header.hashes[name], REMEDY);
}
