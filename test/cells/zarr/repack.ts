import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shardName } from "../../../src/cells/zarr/array.ts";
import { readMetadata } from "../../../src/cells/zarr/metadata.ts";
import { makeShard } from "../../../src/cells/zarr/shard.ts";
import { NpyReader } from "../../../src/files/npy.ts";

/** Writes an array that `cellswap copy` packed anew, of the values of `npy`, in shards and chunks of so many cells. */
export function repack(
  npy: string,
  folder: string,
  { shardRows, chunkRows }: { readonly shardRows: number; readonly chunkRows: number },
): void {
  const file = join(folder, "zarr.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  json.chunk_grid.configuration.chunk_shape[0] = shardRows;
  json.codecs[0].configuration.chunk_shape[0] = chunkRows;
  json.codecs[0].configuration.index_location = "start";
  writeFileSync(file, JSON.stringify(json));
  const sharded = readMetadata(json, file);
  const { shape, layout, rowBytes } = sharded;
  rmSync(join(folder, "c"), { recursive: true });
  const values = new NpyReader(npy);
  for (let shard = 0; shard * shardRows < shape[0]; shard++) {
    const chunks = Array.from({ length: layout.chunks }, (_, c) => {
      const chunk = new Uint8Array(layout.chunkBytes);
      const row = shard * shardRows + c * chunkRows;
      const rows = Math.min(chunkRows, shape[0] - row);
      if (rows > 0) values.read(row, rows, chunk.subarray(0, rows * rowBytes));
      return chunk;
    });
    const path = join(folder, shardName(sharded, shard));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, makeShard(chunks, layout));
  }
  values.close();
}
