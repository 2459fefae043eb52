import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";
import { Damage } from "./thrift.ts";

/** Decompresses a page whose header says how many bytes it has. */
export type Codec = (packed: Uint8Array, size: number) => Uint8Array;

/** Bytes that a page may have whatever its packed size, and how many for each packed byte. */
const FREE = 1 << 26;
const RATIO = 32;

/** The codecs of Parquet by name; those of WebAssembly are loaded on the first call. */
export async function loadCodecs(): Promise<Readonly<Record<string, Codec>>> {
  const { compressors, decompressLz4, decompressLz4Raw } = await import("hyparquet-compressors");
  const snappy = compressors.SNAPPY as Codec;
  return {
    UNCOMPRESSED: (packed) => packed,
    SNAPPY: (packed, size) => {
      const said = snappySize(packed);
      if (said !== size) throw new Damage(`a page holds ${said} bytes, its header says ${size}`);
      return snappy(packed, size);
    },
    GZIP: (packed, size) => gunzipSync(packed, { maxOutputLength: Math.max(1, size) }),
    BROTLI: (packed, size) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) }),
    ZSTD: unpackZstd,
    LZ4_RAW: (packed, size) => {
      checkLz4(packed, size);
      return decompressLz4Raw(packed, size);
    },
    LZ4: (packed, size) => {
      if (!inFrames(packed, size)) checkLz4(packed, size);
      return decompressLz4(packed, size);
    },
  };
}

/**
 * A page, decompressed.
 * @throws Damage where it does not have the bytes that its header says, or so many that no page is packed so well
 */
export function unpackPage(codec: Codec, packed: Uint8Array, size: number): Uint8Array {
  if (size > FREE + RATIO * packed.length)
    throw new Damage(`a page of ${packed.length} bytes is said to hold ${size}`);
  if (size === 0) return new Uint8Array(0);
  let page: Uint8Array;
  try {
    page = codec(packed, size);
  } catch (cause) {
    if (cause instanceof Damage) throw cause;
    throw new Damage("a page cannot be decompressed", { cause });
  }
  if (page.length !== size) throw new Damage(`a page holds ${page.length} bytes, its header says ${size}`);
  return page;
}

/** The length at the start of what Snappy packed. */
function snappySize(packed: Uint8Array): number {
  let size = 0;
  for (let i = 0; i < Math.min(5, packed.length); i++) {
    size += (packed[i] & 127) * 2 ** (7 * i);
    if (packed[i] < 128) return size;
  }
  throw new Damage("a page packed with Snappy does not say its length");
}

function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  checkWindow(packed, size);
  const page = new Uint8Array(size);
  let at = 0;
  const stream = new Decompress((piece) => {
    if (piece.length > size - at) throw new Damage(`a page holds more than the ${size} bytes of its header`);
    page.set(piece, at);
    at += piece.length;
  });
  stream.push(packed, true);
  return page.subarray(0, at);
}

/** Largest window of a frame that does not say its length: what `zstd` reads without being told to. */
const MOST_WINDOW = 1 << 27;

/** Refuses a frame (RFC 8878, 3.1.1.1) that would have more memory set aside than a page of `size` bytes needs. */
function checkWindow(packed: Uint8Array, size: number): void {
  const flags = packed[4];
  const single = (flags >> 5) & 1;
  const length = flags >> 6;
  const at = 6 - single + [0, 1, 2, 4][flags & 3];
  const bytes = length > 0 ? 1 << length : single;
  let content = length === 1 ? 256 : 0;
  for (let i = 0; i < bytes; i++) content += (packed[at + i] ?? 0) * 2 ** (8 * i);
  if (bytes > 0 && content !== size)
    throw new Damage(`a page holds ${content} bytes, its header says ${size}`);
  const base = 2 ** (10 + (packed[5] >> 3));
  if (single === 0 && base + (base / 8) * (packed[5] & 7) > MOST_WINDOW)
    throw new Damage("a page packed with Zstandard asks for a window of more than 128 MiB");
}

/** Refuses an LZ4 block that does not hold `size` bytes exactly: the decoder would leave zeros or cut it. */
function checkLz4(packed: Uint8Array, size: number): void {
  const held = lz4Size(packed);
  if (held !== size) throw new Damage(`a page holds ${held} bytes, its header says ${size}`);
}

/** Bytes that an LZ4 block holds, by the lengths of its sequences. */
function lz4Size(packed: Uint8Array): number {
  let at = 0;
  let size = 0;
  const more = (nibble: number) => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      if (at >= packed.length) throw new Damage("a page packed with LZ4 breaks off");
      length += packed[at];
      if (packed[at++] < 255) return length;
    }
  };
  while (at < packed.length) {
    const token = packed[at++];
    const literals = more(token >> 4);
    if (literals > packed.length - at) throw new Damage("a page packed with LZ4 breaks off");
    at += literals;
    size += literals;
    if (at === packed.length) return size;
    if (packed.length - at < 2) throw new Damage("a page packed with LZ4 breaks off");
    at += 2;
    size += more(token & 15) + 4;
  }
  return size;
}

/** True for LZ4 blocks with two lengths before each, as Hadoop writes them, that hold `size` bytes together. */
function inFrames(packed: Uint8Array, size: number): boolean {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let held = 0;
  let at = 0;
  while (at < packed.length) {
    if (packed.length - at < 8) return false;
    const [out, length] = [view.getUint32(at), view.getUint32(at + 4)];
    at += 8;
    if (length > packed.length - at) return false;
    try {
      if (lz4Size(packed.subarray(at, at + length)) !== out) return false;
    } catch {
      return false;
    }
    at += length;
    held += out;
  }
  return held === size;
}
