import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RemoteFeatures } from "../../features/remote.ts";
import { beginsKept } from "../kept.ts";
import { isOwnFeature } from "../own-files.ts";
import { readShards, type Shards, type Stage } from "./file.ts";
import { remoteBlocks } from "./remote-blocks.ts";

/** How far one stage of a study's shards is. */
export interface StageStatus {
  readonly stage: Stage;
  /** Parts of features or blocks of probes that are there, and all. */
  readonly made: number;
  readonly of: number;
  /** Numbers of the shards that lack something, ascending. */
  readonly missing: readonly number[];
}

/** How far the shards of a study are. */
export interface ShardStatus {
  readonly shards: number;
  readonly stages: readonly StageStatus[];
}

/**
 * Says which shards of a study are done, by the names of the files in its folder; nothing is opened but blocks of probes,
 * of which the key is read.
 * @param study study folder
 * @param elsewhere parts of the features, and blocks by their keys, that are there without being in the folder
 * @throws StudyError where no shards are planned
 */
export function shardStatus(
  study: string,
  shards: Shards = readShards(study),
  elsewhere: { readonly parts?: ReadonlySet<string>; readonly blocks?: ReadonlySet<string> } = {},
): ShardStatus {
  const there = names(resolve(study, shards.features), shards);
  const stage = <T extends { readonly shard: number }>(
    name: Stage,
    all: readonly T[],
    made: (own: T) => boolean,
  ): StageStatus => {
    const lacking = all.filter((own) => !made(own));
    const missing = [...new Set(lacking.map(({ shard }) => shard))].sort((a, b) => a - b);
    return { stage: name, made: all.length - lacking.length, of: all.length, missing };
  };
  const parts = shards.pieces.flatMap(({ shard, parts: own }) => own.map((part) => ({ shard, part })));
  return {
    shards: shards.shards,
    stages: [
      stage("features", parts, ({ part }) => there.has(part) || elsewhere.parts?.has(part) === true),
      stage(
        "probes",
        shards.blocks,
        ({ file, key }) => beginsKept(join(study, file), key) || elsewhere.blocks?.has(key) === true,
      ),
    ],
  };
}

/** As {@link shardStatus}, with what an object store holds of features and blocks, where they are in one; it is listed. */
export async function shardStatusEverywhere(study: string): Promise<ShardStatus> {
  const shards = readShards(study);
  const parts = await remoteFeatures(study, shards)?.complete();
  const blocks = await remoteBlocks(study, shards)?.complete();
  return shardStatus(study, shards, { ...(parts && { parts }), ...(blocks && { blocks }) });
}

/** The features of a study that are in an object store; null where they are in a folder. @param signal ends what they do */
export function remoteFeatures(
  study: string,
  { remote, features }: Shards,
  signal?: AbortSignal,
): RemoteFeatures | null {
  return remote === undefined
    ? null
    : new RemoteFeatures(remote, resolve(study, features), isOwnFeature, { signal });
}

/** Parts that are complete, as the plan of the shards names them. */
function names(features: string, { pieces }: Shards): Set<string> {
  const folders = new Set(pieces.flatMap(({ parts }) => parts.map((part) => dirname(part))));
  const complete = new Set<string>();
  for (const folder of folders) {
    let files: string[] = [];
    try {
      files = readdirSync(join(features, folder));
    } catch {
      // No shard has begun.
    }
    const all = new Set(files);
    for (const file of files) {
      const base = basename(file, ".rows.npy");
      if (base !== file && all.has(`${base}.npy`) && all.has(`${base}.sums.npy`))
        complete.add(`${folder}/${base}`);
    }
  }
  return complete;
}
