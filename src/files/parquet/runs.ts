import { Damage } from "./thrift.ts";

/**
 * Decodes `count` numbers of `width` bits (0 to 32) from Parquet's hybrid of run-length encoding and bit packing. A run
 * that goes on behind the last number is cut there, as writers pad them.
 * @throws Damage where the bytes end before
 */
export function readRuns(bytes: Uint8Array, width: number, count: number): Uint8Array | Uint32Array {
  if (width > 32) throw new Damage(`numbers of ${width} bits are packed, at most 32 can be`);
  const out = width <= 8 ? new Uint8Array(count) : new Uint32Array(count);
  const wide = (width + 7) >> 3;
  let at = 0;
  for (let seen = 0; seen < count; ) {
    let header = 0;
    for (let i = 0; ; i++) {
      if (at >= bytes.length) throw new Damage(`a page ends after ${seen} of ${count} packed numbers`);
      if (i === 5) throw new Damage("the length of a run has more than 32 bits");
      const byte = bytes[at++];
      header += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) break;
    }
    const run = Math.floor(header / 2);
    if (header % 2 === 0) {
      if (wide > bytes.length - at) throw new Damage(`a page ends after ${seen} of ${count} packed numbers`);
      let value = 0;
      for (let i = 0; i < wide; i++) value += bytes[at++] * 2 ** (8 * i);
      const end = Math.min(count, seen + run);
      out.fill(value, seen, end);
      seen = end;
    } else {
      const packed = Math.min(count - seen, run * 8);
      if (Math.ceil((packed * width) / 8) > bytes.length - at)
        throw new Damage(`a page ends after ${seen} of ${count} packed numbers`);
      unpack(bytes, at, width, out, seen, packed);
      at = Math.min(bytes.length, at + run * width);
      seen += packed;
    }
  }
  return out;
}

function unpack(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
  from: number,
  count: number,
): void {
  let byte = at;
  let held = 0;
  let bits = 0;
  if (width <= 24) {
    const mask = (1 << width) - 1;
    for (let i = 0; i < count; i++) {
      for (; bits < width; bits += 8) held |= bytes[byte++] << bits;
      out[from + i] = held & mask;
      held >>>= width;
      bits -= width;
    }
    return;
  }
  // Up to 39 bits are held: more than the operators on 32 bits take.
  const range = 2 ** width;
  for (let i = 0; i < count; i++) {
    for (; bits < width; bits += 8) held += bytes[byte++] * 2 ** bits;
    out[from + i] = held % range;
    held = Math.floor(held / range);
    bits -= width;
  }
}
