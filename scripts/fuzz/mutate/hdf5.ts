import { deflateSync, inflateSync } from "node:zlib";
import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, getInteger, otherNumber, pick, putInteger, replace } from "./draw.ts";

/** What structures of HDF5 begin with. */
const SIGNATURES = [
  "TREE",
  "SNOD",
  "HEAP",
  "OHDR",
  "OCHK",
  "FRHP",
  "FHDB",
  "GCOL",
  "BTHD",
  "BTLF",
  "FAHD",
  "EAHD",
];

function signatures(bytes: Buffer): number[] {
  const out: number[] = [];
  for (const text of SIGNATURES)
    for (
      let at = bytes.indexOf(text, 0, "latin1");
      at >= 0 && out.length < 500;
      at = bytes.indexOf(text, at + 4, "latin1")
    )
      out.push(at);
  return out;
}

/** 8-byte numbers that may be addresses or sizes: not zero, not undefined, below some multiple of the file. */
function words(bytes: Buffer): number[] {
  const out: number[] = [];
  for (let at = 8; at + 8 <= bytes.length; at += 8) {
    const value = getInteger(bytes, at, 8, true);
    if (value > 0n && value < BigInt(bytes.length) * 4n) out.push(at);
  }
  return out;
}

/** Places of the heads of object header messages of version 1: a known kind, a size that is a multiple of 8, zeros. */
function messages(bytes: Buffer): number[] {
  const out: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const [kind, size] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (
      kind > 0 &&
      kind < 0x18 &&
      size > 0 &&
      size % 8 === 0 &&
      size < 600 &&
      bytes.readUInt32LE(at + 4) < 256
    )
      out.push(at);
  }
  return out;
}

const at = (
  name: string,
  places: (bytes: Buffer) => number[],
  change: (out: Buffer, at: number, random: Random) => void,
): Mutator => ({
  name,
  apply: (bytes, random) => {
    const found = places(bytes);
    if (found.length === 0) return null;
    const out = Buffer.from(bytes);
    for (let i = 1 + draw(random, 2); i > 0; i--) change(out, pick(random, found), random);
    return out;
  },
});

function change(out: Buffer, where: number, width: number, random: Random): void {
  const place = Math.max(0, Math.min(where, out.length - width));
  putInteger(out, place, width, otherNumber(random, getInteger(out, place, width, true)), true);
}

/** Changes of an HDF5 file's structures, sizes and packed pieces. */
export const HDF5: readonly Mutator[] = [
  at("hdf5 structure", signatures, (out, where, random) =>
    change(out, where + 4 + draw(random, 40), pick(random, [1, 2, 4, 8]), random),
  ),
  at("hdf5 word", words, (out, where, random) => change(out, where, 8, random)),
  at("hdf5 address", words, (out, where, random) =>
    putInteger(out, where, 8, getInteger(out, pick(random, words(out)), 8, true), true),
  ),
  at("hdf5 message", messages, (out, where, random) => {
    const size = Math.max(8, out.readUInt16LE(where + 2));
    const kind = random();
    if (kind < 0.15) out.writeUInt16LE(draw(random, 0x18), where);
    else if (kind < 0.3) change(out, where + 2, 2, random);
    else change(out, where + 8 + draw(random, size), pick(random, [1, 2, 4, 8]), random);
  }),
  at(
    "hdf5 superblock",
    () => [0],
    (out, _, random) => change(out, 8 + draw(random, 88), pick(random, [1, 2, 8]), random),
  ),
  {
    name: "hdf5 packed anew",
    apply: (bytes, random) => {
      const starts: number[] = [];
      for (let i = bytes.indexOf(0x78); i >= 0 && starts.length < 200; i = bytes.indexOf(0x78, i + 1))
        if ([0x01, 0x5e, 0x9c, 0xda].includes(bytes[i + 1])) starts.push(i);
      for (let tries = 0; tries < 4 && starts.length > 0; tries++) {
        const start = pick(random, starts);
        try {
          const raw = inflateSync(bytes.subarray(start), { maxOutputLength: 1 << 20 });
          if (random() < 0.5) raw[draw(random, raw.length)] ^= 255;
          const kept = random() < 0.5 ? raw : raw.subarray(0, draw(random, raw.length));
          const packed = deflateSync(kept, { level: 9 });
          return replace(bytes, start, packed.length, packed).subarray(0, bytes.length);
        } catch {
          // Not a packed piece.
        }
      }
      return null;
    },
  },
];
