const CLEAR = 256;
const END = 257;
const LAST = 4096;
/** Bytes without meaning that may follow. */
const PADDING = 2;

const prefix = new Uint16Array(LAST);
const last = Uint8Array.from({ length: LAST }, (_, i) => i & 255);
const length = new Uint16Array(LAST).fill(1, 0, 256);

/** True for LZW with codes from the least significant bit, as programs wrote it before TIFF 6.0. */
export function isOldLzw(bytes: Uint8Array): boolean {
  return bytes.length > 1 && bytes[0] === 0 && (bytes[1] & 1) === 1;
}

/**
 * Unpacks LZW as in TIFF 6.0, section 13 (codes from the most significant bit, 9 to 12 bits, one code early) to
 * `size` bytes. A last strip may hold rows beyond the image, up to `most` bytes in all.
 * @throws Error where it does not begin with a clear code, ends early, goes on, or a code is not in the table
 */
export function unpackLzw(bytes: Uint8Array, size: number, most = size): Uint8Array {
  const out = new Uint8Array(size);
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
  for (let cleared = false; ; cleared = true) {
    while (holds < bits) {
      if (read === bytes.length && at >= size) return out;
      if (read === bytes.length) throw new Error(`a block ends after ${at} of ${size} bytes`);
      held = ((held << 8) | bytes[read++]) & 0xffffff;
      holds += 8;
    }
    const code = (held >>> (holds - bits)) & ((1 << bits) - 1);
    holds -= bits;
    if (code === END && cleared && at >= size) return out;
    // Without an end code, what fills the last bytes may look like a code.
    if (at >= most && read + PADDING >= bytes.length) return out;
    if (at >= most) throw new Error(`it unpacks to more than ${most} bytes`);
    if (code === END && cleared) throw new Error(`a block ends after ${at} of ${size} bytes`);
    if (code === CLEAR) {
      next = 258;
      bits = 9;
      old = -1;
      continue;
    }
    if (!cleared || code > next || (code === next && (old < 0 || next === LAST)) || (old < 0 && code > 255))
      throw new Error(`code ${code} at ${at}`);
    let first: number;
    if (code < next) {
      first = write(code, at + length[code]);
      at += length[code];
    } else {
      first = write(old, at + length[old]);
      if (at + length[old] < out.length) out[at + length[old]] = first;
      at += length[old] + 1;
    }
    if (old >= 0 && next < LAST) {
      prefix[next] = old;
      last[next] = first;
      length[next] = length[old] + 1;
      next++;
    }
    if (next >= (1 << bits) - 1 && bits < 12) bits++;
    old = code;
  }
}
