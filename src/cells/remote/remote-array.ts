import { DataError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import { type Place, placePath, within } from "../../files/objects/place.ts";
import { type ObjectState, objectState, readObject, readRange, together } from "../../files/objects/read.ts";
import { loadZstd } from "../readers/zstd.ts";
import { shardName } from "../zarr/array.ts";
import { readMetadata, type ShardedShape } from "../zarr/metadata.ts";
import { type ChunkPlace, indexAt, readChunk, readIndex, ShardFault } from "../zarr/shard.ts";
import { NPY_START } from "./held-rows.ts";
import { bytesToRead, joined, REQUEST, type Span, spansOf } from "./spans.ts";

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that came since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** An array of a cell store in an object store, of which rows can be read. */
export interface RemoteArray {
  /** Bytes that it takes there. */
  readonly bytes: number;
  /** What reading rows that are `wanted` (1) takes: bytes that are read, about, and rows that are given. */
  reach(wanted: Uint8Array): { readonly bytes: number; readonly rows: number };
  /**
   * Reads the rows that are `wanted` (1), and what is read along with them. @param take is given values from a row on
   * @throws DataError where an object was changed or is damaged, or as `ask`
   */
  read(
    wanted: Uint8Array,
    take: (row: number, values: Uint8Array) => void,
    options: ReadOptions,
  ): Promise<void>;
}

/**
 * A `.npy` array that `cellswap copy` put there: its SHA-256, noted beside it, is that of the header; null for another.
 * Ranges are read of the object that had that note.
 */
export async function openNpy(
  place: Place,
  { rowBytes, count, sha256 }: { readonly rowBytes: number; readonly count: number; readonly sha256: string },
  signal: AbortSignal | undefined,
): Promise<RemoteArray | null> {
  const object = await objectState(place, { signal });
  if (object?.sha256 !== sha256 || object.size !== NPY_START + count * rowBytes) return null;
  return {
    bytes: count * rowBytes,
    reach(wanted) {
      const bytes = bytesToRead(wanted, rowBytes);
      return { bytes, rows: bytes / rowBytes };
    },
    read: (wanted, take, { onBytes, ...options }) =>
      together(joined(spansOf(wanted, rowBytes)), async ({ start, end }) => {
        take(start / rowBytes, await readRange(object, NPY_START + start, NPY_START + end, options));
        onBytes?.(end - start);
      }),
  };
}

/** Bytes that a packed chunk may have more than its values. */
const SPARE = 1 << 16;
/** Bytes that `zarr.json` has at most. */
const METADATA = 1 << 20;

/**
 * A Zarr array in shards, of which every chunk and every index has a check sum, and no chunk more bytes than a request;
 * null for another.
 * @param objects what the store holds, by name @param name of the array among them
 */
export async function openZarr(
  place: Place,
  objects: ReadonlyMap<string, ObjectState>,
  name: string,
  { type, shape }: { readonly type: string; readonly shape: readonly number[] },
  signal: AbortSignal | undefined,
): Promise<RemoteArray | null> {
  const metadata = within(place, `${name}/zarr.json`);
  const path = placePath(metadata);
  const sharded = readMetadata(parseJson(await readObject(metadata, METADATA, { signal }), path), path);
  const { layout } = sharded;
  if (sharded.type !== type || sharded.shape.join() !== shape.join()) return null;
  if (!layout.codecs.summed || !layout.indexSummed || layout.chunkBytes > REQUEST) return null;
  if (layout.codecs.compressor === "zstd") await loadZstd();
  const bytes = [...objects].reduce(
    (sum, [own, { size }]) => sum + (own.startsWith(`${name}/c/`) ? size : 0),
    0,
  );
  return {
    bytes,
    reach(wanted) {
      const given = wholeChunks(wanted, sharded.chunkRows);
      return {
        bytes: bytesToRead(given, bytes / shape[0]),
        rows: given.reduce((sum, one) => sum + one, 0),
      };
    },
    async read(wanted, take, options) {
      await together(shardsOf(sharded, wanted), async (shard) => {
        const object = objects.get(`${name}/${shardName(sharded, shard)}`);
        await readShardRows(object, sharded, shard, wanted, take, options);
      });
    },
  };
}

/** Rows of the chunks with rows that are wanted. */
function wholeChunks(wanted: Uint8Array, chunkRows: number): Uint8Array {
  const all = new Uint8Array(wanted.length);
  for (let row = wanted.indexOf(1); row >= 0; ) {
    const end = row - (row % chunkRows) + chunkRows;
    all.fill(1, end - chunkRows, end);
    row = wanted.indexOf(1, end);
  }
  return all;
}

/** Shards with rows that are wanted. */
function* shardsOf({ shape, shardRows }: ShardedShape, wanted: Uint8Array): Generator<number> {
  for (let shard = 0; shard * shardRows < shape[0]; shard++)
    if (wanted.subarray(shard * shardRows, (shard + 1) * shardRows).includes(1)) yield shard;
}

async function readShardRows(
  object: ObjectState | undefined,
  { shape, shardRows, chunkRows, rowBytes, layout }: ShardedShape,
  shard: number,
  wanted: Uint8Array,
  take: (row: number, values: Uint8Array) => void,
  { onBytes, ...options }: ReadOptions,
): Promise<void> {
  const first = shard * shardRows;
  /** Gives the values of a chunk, without the rows behind the end of the array. */
  const give = (chunk: number, values: Uint8Array | null) => {
    const row = first + chunk * chunkRows;
    const bytes = Math.min(chunkRows, shape[0] - row) * rowBytes;
    take(row, values === null ? new Uint8Array(bytes) : values.subarray(0, bytes));
  };
  const chunks = Array.from({ length: layout.chunks }, (_, c) => c).filter((c) =>
    wanted.subarray(first + c * chunkRows, first + (c + 1) * chunkRows).includes(1),
  );
  if (object === undefined) {
    for (const chunk of chunks) give(chunk, null);
    return;
  }
  try {
    const { start, end } = indexAt(layout, object.size);
    const index = readIndex(await readRange(object, start, end, options), layout, object.size);
    onBytes?.(end - start);
    const places = chunks.flatMap((chunk): (Span & { readonly chunk: number })[] => {
      const at: ChunkPlace | null = index[chunk];
      if (at !== null && at.end - at.start > layout.chunkBytes + SPARE)
        throw new ShardFault(
          `chunk ${chunk} has ${at.end - at.start} bytes for ${layout.chunkBytes} of values`,
        );
      if (at !== null) return [{ ...at, chunk }];
      give(chunk, null);
      return [];
    });
    for (const span of joined(places.sort((a, b) => a.start - b.start))) {
      const bytes = await readRange(object, span.start, span.end, options);
      for (const { chunk, ...own } of span.of)
        give(chunk, readChunk(bytes.subarray(own.start - span.start, own.end - span.start), layout, chunk));
      onBytes?.(bytes.length);
    }
  } catch (error) {
    if (!(error instanceof ShardFault)) throw error;
    throw new DataError(`is a damaged shard (${error.message}); copy the store there again with --force`, {
      path: placePath(object.place),
    });
  }
}
