import { join } from "node:path";
import { z } from "zod";
import { DataError, StudyError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { isMissing, readInput } from "../../files/input.ts";
import { openSealed, sealJson } from "../../files/sealed.ts";
import { version } from "../../version.ts";
import { isOwnFile } from "../own-files.ts";

/** Raised whenever the file of shards gets another shape. */
const VERSION = 1;

const SHARDS = z.strictObject({
  format: z.literal("cellswap-shards"),
  version: z.literal(VERSION),
  cellswap: z.string(),
  /** Number of shards; they are numbered from 0. */
  shards: z.number().int().min(1),
  /** Hash of the swap plan. */
  plan: z.string(),
  /** Folder of the features, from the study folder. */
  features: z.string(),
  /** Object store that holds the features, where the folder is but what this machine needs of them. */
  remote: z.string().optional(),
  /** Features of each output of an encoder, or of features made elsewhere, by its name. */
  dimensions: z.record(z.string(), z.number().int().min(1)).readonly(),
  /** Pieces of the plan whose features were lacking, in the order in which they are made. */
  pieces: z.array(
    z.strictObject({
      shard: z.number().int().min(0),
      /** Position among the pieces of the plan. */
      piece: z.number().int().min(0),
      /** Parts of the features, paths in their folder without ending. */
      parts: z.array(z.string().refine((part) => isOwnFile(`features/${part}.npy`))).readonly(),
    }),
  ),
  /** Blocks of probes that were lacking. */
  blocks: z.array(
    z.strictObject({
      shard: z.number().int().min(0),
      /** Path in the study folder. */
      file: z.string().refine(isOwnFile),
      key: z.string(),
    }),
  ),
  sha256: z.string(),
});

/** Stages that are made in shards. */
export const STAGES = ["features", "probes"] as const;
export type Stage = (typeof STAGES)[number];

/** `shards.json` of a study folder: what each shard makes. */
export type Shards = Readonly<Omit<z.infer<typeof SHARDS>, "format" | "version" | "cellswap" | "sha256">>;

/** A file of more than this is none of ours. */
const SIZE = { bytes: 1 << 28, what: "a file of shards" };

/** Where the shards of a study folder are planned. */
export function shardsFile(study: string): string {
  return join(study, "shards.json");
}

/** Reads what the shards of a study make. @throws StudyError where none are planned, DataError where the file is damaged */
export function readShards(study: string): Shards {
  const path = shardsFile(study);
  const remedy = "run `cellswap plan STUDY --shards N` (docs/cluster.md)";
  let bytes: Buffer;
  try {
    bytes = readInput(path, SIZE);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new StudyError(`has no shards yet; ${remedy}`, { path: study, cause });
  }
  const read = SHARDS.safeParse(openSealed(bytes));
  if (!read.success) throw new DataError(`is damaged, or of another version; ${remedy}`, { path });
  return read.data;
}

/** Leaves what the shards of a study make in its folder. */
export function writeShards(study: string, shards: Shards): void {
  const head = { format: "cellswap-shards", version: VERSION, cellswap: version };
  writeFileAtomic(shardsFile(study), sealJson({ ...head, ...shards }));
}
