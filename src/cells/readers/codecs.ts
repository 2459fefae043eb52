import { inflateSync } from "node:zlib";
import { unpackLzw } from "./lzw.ts";
import { loadZstd, unpackZstd } from "./zstd.ts";

const LZW = 5;
const PACKBITS = 32773;
const ZSTANDARD = 50000;

/** Loads what unpacks blocks of this method, where it must be loaded. */
export async function loadCodec(compression: number): Promise<void> {
  if (compression === ZSTANDARD) await loadZstd();
}

/**
 * Unpacks one strip or tile of `size` bytes of pixels. A last strip may hold rows beyond the image, up to `most` bytes in
 * all; they are dropped. {@link loadCodec} must have ended.
 * @throws Error where the block is damaged (wrong checksums too), ends early or holds more
 */
export function unpackBlock(compression: number, bytes: Uint8Array, size: number, most = size): Uint8Array {
  if (compression === LZW) return unpackLzw(bytes, size, most);
  if (compression === PACKBITS) return unpackPackBits(bytes, size, most);
  const unpacked = compression === ZSTANDARD ? unpackZstd(bytes, most) : inflateWithin(bytes, most);
  if (unpacked.length < size) throw ends(unpacked.length, size);
  return unpacked.subarray(0, size);
}

/** Inflates zlib data to at most `most` bytes. @throws Error where it is damaged, cut off or holds more. */
export function inflateWithin(bytes: Uint8Array, most: number): Uint8Array {
  try {
    // One piece, so that the result is not held twice.
    return inflateSync(bytes, { maxOutputLength: most, chunkSize: Math.max(64, most + 1) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
    throw new Error(`it unpacks to more than ${most} bytes`);
  }
}

const ends = (at: number, size: number) => new Error(`a block ends after ${at} of ${size} bytes`);

/** PackBits as in TIFF 6.0, section 9: all of it, as what follows the pixels may show that they are damaged. */
function unpackPackBits(bytes: Uint8Array, size: number, most: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (let read = 0; read < bytes.length; ) {
    const n = (bytes[read++] << 24) >> 24;
    if (n === -128) continue;
    const length = n < 0 ? 1 - n : n + 1;
    const packed = n < 0 ? 1 : length;
    if (read + packed > bytes.length) throw ends(at, size);
    if (at + length > most) throw new Error(`it unpacks to more than ${most} bytes`);
    if (n < 0) out.fill(bytes[read], at, at + length);
    else if (at < size) out.set(bytes.subarray(read, read + Math.min(length, size - at)), at);
    at += length;
    read += packed;
  }
  if (at < size) throw ends(at, size);
  return out;
}
