import { inflateSync } from "node:zlib";
import { decompress } from "fzstd";

/**
 * Unpacks one strip or tile into `out`, whose length is that of its pixels; what a block holds beyond that is dropped,
 * so that no input makes more than it should.
 * @throws Error where the block is damaged or ends early.
 */
export function unpackBlock(compression: number, bytes: Uint8Array, out: Uint8Array): void {
  if (compression === 1) out.set(bytes.subarray(0, out.length));
  else if (compression === 5) unpackLzw(bytes, out);
  else if (compression === 32773) unpackPackBits(bytes, out);
  else if (compression === 50000) unpackZstd(bytes, out);
  else {
    const inflated = inflateWithin(bytes, 2 * out.length + 65536);
    if (inflated.length < out.length)
      throw new Error(`a block has ${inflated.length} of ${out.length} bytes`);
    out.set(inflated.subarray(0, out.length));
  }
}

/** Inflates zlib data to at most `most` bytes. @throws Error where it is damaged, cut off or holds more. */
export function inflateWithin(bytes: Uint8Array, most: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
    throw new Error(`it unpacks to more than ${most} bytes`);
  }
}

const CLEAR = 256;
const END = 257;

/** LZW as in TIFF 6.0, section 13: codes from the most significant bit, 9 to 12 bits, one code early. */
function unpackLzw(bytes: Uint8Array, out: Uint8Array): void {
  const prefix = new Uint16Array(4096);
  const last = new Uint8Array(4096);
  const length = new Uint16Array(4096);
  for (let i = 0; i < 256; i++) {
    last[i] = i;
    length[i] = 1;
  }
  let next = 258;
  let bits = 9;
  let old = -1;
  let held = 0;
  let holds = 0;
  let read = 0;
  let at = 0;
  // Writes the string of `code` so that it ends before `end`; returns its first byte.
  const write = (code: number, end: number): number => {
    let first = 0;
    for (let c = code, p = end - 1, n = length[code]; n > 0; n--, p--, c = prefix[c]) {
      first = last[c];
      if (p < out.length) out[p] = first;
    }
    return first;
  };
  while (at < out.length) {
    while (holds < bits) {
      if (read === bytes.length) throw new Error(`a block ends after ${at} of ${out.length} bytes`);
      held = ((held << 8) | bytes[read++]) & 0xffffff;
      holds += 8;
    }
    const code = (held >>> (holds - bits)) & ((1 << bits) - 1);
    holds -= bits;
    if (code === END) throw new Error(`a block ends after ${at} of ${out.length} bytes`);
    if (code === CLEAR) {
      next = 258;
      bits = 9;
      old = -1;
      continue;
    }
    if (code > next || (code === next && old < 0) || (old < 0 && code > 255))
      throw new Error(`code ${code} at ${at}`);
    if (code < next) {
      const first = write(code, at + length[code]);
      at += length[code];
      if (old >= 0 && next < 4096) {
        prefix[next] = old;
        last[next] = first;
        length[next] = length[old] + 1;
        next++;
      }
    } else {
      const first = write(old, at + length[old]);
      if (at + length[old] < out.length) out[at + length[old]] = first;
      at += length[old] + 1;
      if (next < 4096) {
        prefix[next] = old;
        last[next] = first;
        length[next] = length[old] + 1;
        next++;
      }
    }
    if (next >= (1 << bits) - 1 && bits < 12) bits++;
    old = code;
  }
}

/** PackBits as in TIFF 6.0, section 9. */
function unpackPackBits(bytes: Uint8Array, out: Uint8Array): void {
  let at = 0;
  for (let read = 0; at < out.length; ) {
    if (read >= bytes.length) throw new Error(`a block ends after ${at} of ${out.length} bytes`);
    const n = (bytes[read++] << 24) >> 24;
    if (n === -128) continue;
    if (n < 0) out.fill(bytes[read++], at, (at += 1 - n));
    else {
      const piece = bytes.subarray(read, read + n + 1);
      if (piece.length < n + 1) throw new Error(`a block ends after ${at} of ${out.length} bytes`);
      out.set(piece.subarray(0, out.length - at), at);
      at += n + 1;
      read += n + 1;
    }
  }
}

/** Zstandard (RFC 8878); a frame that says its length must hold the block. */
function unpackZstd(bytes: Uint8Array, out: Uint8Array): void {
  const size = zstdContentSize(bytes);
  if (size !== null && (size < out.length || size > 2 * out.length + 65536))
    throw new Error(`a block has ${size} bytes, ${out.length} are needed`);
  // The decoder places literals at the end of a block of up to 128 KiB behind what it has written.
  const room = new Uint8Array((size ?? out.length) + 131072);
  decompress(bytes, room);
  out.set(room.subarray(0, out.length));
}

/** Bytes that a frame says it holds, null where it does not say. */
function zstdContentSize(bytes: Uint8Array): number | null {
  const descriptor = bytes[4];
  const flag = descriptor >> 6;
  const single = (descriptor >> 5) & 1;
  if (flag === 0 && single === 0) return null;
  const at = 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (flag === 0) return view.getUint8(at);
  if (flag === 1) return view.getUint16(at, true) + 256;
  if (flag === 2) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
