import type { Random } from "../../../src/core/rng.ts";
import { crc32c } from "../../../src/files/crc32c.ts";

/** Changes a copy of `bytes` in one of the ways in which files go wrong, or are made to go wrong. */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  const below = (n: number) => Math.floor(random() * n);
  let out = Buffer.from(bytes);
  for (let changes = 1 + below(6); changes > 0; changes--) {
    if (out.length === 0) break;
    const at = below(random() < 0.3 ? Math.min(64, out.length) : out.length);
    const way = below(8);
    const end = (length: number) => Math.min(out.length, at + 1 + below(length));
    if (way === 0) out = out.subarray(0, at);
    else if (way === 1) out = Buffer.concat([out.subarray(0, at), out.subarray(end(40))]);
    else if (way === 2) out = Buffer.concat([out.subarray(0, end(200)), out.subarray(at)]);
    else if (way === 3) out.fill(below(2) * 255, at, end(9));
    else if (way === 4 && at + 4 <= out.length)
      out.writeUInt32LE(below(2) === 0 ? 0x7fffffff : below(2 ** 31), at);
    else if (way === 5) out[at] ^= 1 << below(8);
    else out[at] = below(256);
  }
  return out;
}

/** A checksum in the masked form in which LevelDB-style files store it. */
export const maskCrc = (crc: number) => ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0;

/** Gives every block of a checkpoint index a checksum that fits again, so that what lies behind it is reached. */
export function mendChecksums(index: Buffer, blocks: readonly { at: number; size: number }[]): Buffer {
  const out = Buffer.from(index);
  for (const { at, size } of blocks)
    if (at + size + 5 <= out.length)
      out.writeUInt32LE(maskCrc(crc32c(out.subarray(at, at + size + 1))), at + size + 1);
  return out;
}
