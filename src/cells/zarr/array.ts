import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { readInput } from "../../files/input.ts";
import { readJson } from "../../files/json.ts";
import { NpyReader, NpyWriter, npyHeader } from "../../files/npy.ts";
import { turn } from "../../files/turn.ts";
import { loadZstd } from "../readers/zstd.ts";
import { ARRAY_TYPES, metadataText, readMetadata, type ShardedShape, shardedShape } from "./metadata.ts";
import { indexBytes, makeShard, readShard, ShardFault } from "./shard.ts";

/** Bytes that a packed shard may have more than its values. */
const SPARE = 1 << 20;

/** Called after every shard with the bytes of its values. */
type OnBytes = ((bytes: number) => void) | undefined;

/**
 * Writes a `.npy` array of a cell store as a Zarr 3 array in shards (`zarr.json`, `c/0/0/0/0`, ...), which zarr-python
 * reads. One shard is in memory at a time.
 * @throws DataError where it cannot be read or written
 */
export async function packArray(npy: string, folder: string, onBytes?: OnBytes): Promise<void> {
  const array = new NpyReader(npy);
  try {
    const type = ARRAY_TYPES.find((known) => known === array.type);
    if (type === undefined)
      throw new DataError(`holds ${array.type}, which no cell store has`, { path: npy });
    const sharded = shardedShape(type, array.shape);
    const { shape, shardRows, rowBytes, layout } = sharded;
    writeFileAtomic(join(folder, "zarr.json"), metadataText(sharded));
    for (let row = 0, shard = 0; row < shape[0]; row += shardRows, shard++) {
      await turn();
      const values = new Uint8Array(Math.min(shardRows, shape[0] - row) * rowBytes);
      array.read(row, values.length / rowBytes, values);
      const chunks = Array.from({ length: values.length / rowBytes }, (_, c) =>
        values.subarray(c * rowBytes, (c + 1) * rowBytes),
      );
      writeFileAtomic(join(folder, shardName(sharded, shard)), makeShard(chunks, layout));
      onBytes?.(values.length);
    }
  } finally {
    array.close();
  }
}

/** A Zarr 3 array in shards. @throws DataError where it is none */
export function openSharded(folder: string): ShardedShape {
  const file = join(folder, "zarr.json");
  return readMetadata(readJson(file, { what: "the metadata of a Zarr array" }), file);
}

/** SHA-256 (hex) of the `.npy` file that {@link unpackArray} writes. @throws DataError as it */
export async function hashArray(folder: string, onBytes?: OnBytes): Promise<string> {
  const sharded = openSharded(folder);
  if (sharded.layout.codecs.compressor === "zstd") await loadZstd();
  const hash = createHash("sha256").update(npyHeader(sharded.type, sharded.shape));
  for (const values of shardsOf(folder, sharded)) {
    await turn();
    hash.update(values);
    onBytes?.(values.length);
  }
  return hash.digest("hex");
}

/**
 * Writes the `.npy` array of a Zarr 3 array in shards; a chunk that is not there is zeros.
 * @throws DataError naming the shard that is damaged
 */
export async function unpackArray(folder: string, npy: string, onBytes?: OnBytes): Promise<void> {
  const sharded = openSharded(folder);
  const { type, shape } = sharded;
  if (sharded.layout.codecs.compressor === "zstd") await loadZstd();
  const writer = new NpyWriter(npy, type, shape.slice(1));
  try {
    for (const values of shardsOf(folder, sharded)) {
      await turn();
      writer.append(values);
      onBytes?.(values.length);
    }
  } finally {
    writer.close();
  }
}

/** Values of shard after shard. */
function* shardsOf(folder: string, sharded: ShardedShape): Generator<Uint8Array> {
  const { shape, shardRows, chunkRows, rowBytes, layout } = sharded;
  for (let row = 0, shard = 0; row < shape[0]; row += shardRows, shard++) {
    const rows = Math.min(shardRows, shape[0] - row);
    const values = new Uint8Array(rows * rowBytes);
    const path = join(folder, shardName(sharded, shard));
    if (existsSync(path)) {
      const most = shardRows * rowBytes + indexBytes(layout) + SPARE + 64 * layout.chunks;
      const bytes = readInput(path, { bytes: most, what: "a shard" });
      try {
        let c = 0;
        for (const chunk of readShard(bytes, layout, Math.ceil(rows / chunkRows))) {
          if (chunk !== null)
            values.set(chunk.subarray(0, values.length - c * layout.chunkBytes), c * layout.chunkBytes);
          c++;
        }
      } catch (error) {
        if (error instanceof ShardFault) throw damaged(path, error.message);
        throw error;
      }
    }
    yield values;
  }
}

const damaged = (path: string, why: string) =>
  new DataError(`is a damaged shard (${why}); restore it from a copy`, { path });

/** Path of a shard below its array. */
export function shardName({ shape }: ShardedShape, shard: number): string {
  return ["c", shard, ...shape.slice(1).map(() => 0)].join("/");
}
