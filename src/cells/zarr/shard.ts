import { gunzipSync, gzipSync } from "node:zlib";
import { crc32c } from "../../files/crc32c.ts";
import { unpackZstd } from "../readers/zstd.ts";

/** How the chunks in a shard are packed, from the values on. */
export interface ChunkCodecs {
  readonly compressor: "gzip" | "zstd" | null;
  /** Whether each ends with a CRC-32C. */
  readonly summed: boolean;
}

/** How one shard is laid out: chunks one behind the other, and an index of where each begins and how long it is. */
export interface ShardLayout {
  readonly codecs: ChunkCodecs;
  /** Chunks of a whole shard. */
  readonly chunks: number;
  /** Bytes of the values of a chunk. */
  readonly chunkBytes: number;
  readonly indexAt: "start" | "end";
  /** Whether the index ends with a CRC-32C. */
  readonly indexSummed: boolean;
}

/** Offset and length of a chunk that is not there. */
const ABSENT = 0xffff_ffff_ffff_ffffn;
/** Level of gzip: crops hardly shrink further. */
const LEVEL = 1;
const SUM = 4;

/** What is wrong with a shard, in a few words. */
export class ShardFault extends Error {}

/** Bytes of a shard with these chunks (values, little-endian), as {@link readShard} reads it; those behind are not there. */
export function makeShard(chunks: readonly Uint8Array[], layout: ShardLayout): Uint8Array {
  const packed = chunks.map((values) => {
    const bytes = layout.codecs.compressor === "gzip" ? gzipSync(values, { level: LEVEL }) : values;
    return layout.codecs.summed ? withSum(bytes) : bytes;
  });
  const index = Buffer.alloc(16 * layout.chunks);
  const length = indexBytes(layout);
  let at = layout.indexAt === "start" ? length : 0;
  for (let c = 0; c < layout.chunks; c++) {
    index.writeBigUInt64LE(c < packed.length ? BigInt(at) : ABSENT, 16 * c);
    index.writeBigUInt64LE(c < packed.length ? BigInt(packed[c].length) : ABSENT, 16 * c + 8);
    at += packed[c]?.length ?? 0;
  }
  const whole = layout.indexSummed ? withSum(index) : index;
  return Buffer.concat(layout.indexAt === "start" ? [whole, ...packed] : [...packed, whole]);
}

/** Bytes of the index of a shard. */
export function indexBytes({ chunks, indexSummed }: ShardLayout): number {
  return 16 * chunks + (indexSummed ? SUM : 0);
}

/** Where a chunk lies in its shard, bytes. */
export interface ChunkPlace {
  readonly start: number;
  readonly end: number;
}

/** Where the index lies in a shard of `size` bytes. @throws ShardFault where the shard is shorter */
export function indexAt(layout: ShardLayout, size: number): ChunkPlace {
  const length = indexBytes(layout);
  if (size < length) throw new ShardFault(`it has ${size} bytes, its index alone has ${length}`);
  const start = layout.indexAt === "start" ? 0 : size - length;
  return { start, end: start + length };
}

/**
 * Where the chunks of a shard of `size` bytes lie, by its index, which is held to its check sum; null for one that is not
 * there. @throws ShardFault where the index is damaged
 */
export function readIndex(bytes: Uint8Array, { chunks, indexSummed }: ShardLayout, size: number) {
  const index = unsummed(bytes, indexSummed, "its index");
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  return Array.from({ length: chunks }, (_, c): ChunkPlace | null => {
    const [offset, length] = [view.getBigUint64(16 * c, true), view.getBigUint64(16 * c + 8, true)];
    if (offset === ABSENT && length === ABSENT) return null;
    if (offset + length > BigInt(size)) throw new ShardFault(`chunk ${c} would end behind its end`);
    return { start: Number(offset), end: Number(offset + length) };
  });
}

/**
 * Values of the first `count` chunks of a shard, each held to its check sum; null for one that is not there.
 * @throws ShardFault where the shard is damaged
 */
export function* readShard(
  bytes: Uint8Array,
  layout: ShardLayout,
  count: number,
): Generator<Uint8Array | null> {
  const { start, end } = indexAt(layout, bytes.length);
  const index = readIndex(bytes.subarray(start, end), layout, bytes.length);
  for (const [c, at] of index.slice(0, count).entries())
    yield at === null ? null : readChunk(bytes.subarray(at.start, at.end), layout, c);
}

/** Values of chunk `c`, held to its check sum. @throws ShardFault where it is damaged */
export function readChunk(bytes: Uint8Array, { codecs, chunkBytes }: ShardLayout, c: number): Uint8Array {
  const packed = unsummed(bytes, codecs.summed, `chunk ${c}`);
  let values: Uint8Array;
  try {
    if (codecs.compressor === "gzip") values = gunzipSync(packed, { maxOutputLength: chunkBytes });
    else values = codecs.compressor === "zstd" ? unpackZstd(packed, chunkBytes) : packed;
  } catch {
    throw new ShardFault(`chunk ${c} cannot be unpacked to ${chunkBytes} bytes`);
  }
  if (values.length !== chunkBytes)
    throw new ShardFault(`chunk ${c} has ${values.length} bytes of values, ${chunkBytes} expected`);
  return values;
}

function withSum(bytes: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(bytes.length + SUM);
  whole.set(bytes);
  whole.writeUInt32LE(crc32c(bytes), bytes.length);
  return whole;
}

function unsummed(bytes: Uint8Array, summed: boolean, what: string): Uint8Array {
  if (!summed) return bytes;
  const end = bytes.length - SUM;
  if (end < 0) throw new ShardFault(`${what} is cut off`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(end, true) !== crc32c(bytes.subarray(0, end)))
    throw new ShardFault(`the check sum of ${what} does not fit`);
  return bytes.subarray(0, end);
}
