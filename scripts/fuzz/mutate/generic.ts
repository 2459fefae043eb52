import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, getInteger, otherNumber, pick, putInteger, replace } from "./draw.ts";

/** A place in the file; half of the draws fall into its first or last 300 bytes, where most of the structure is. */
function place(random: Random, length: number): number {
  const where = random();
  if (where < 0.3) return draw(random, Math.min(300, length));
  if (where < 0.5) return length - 1 - draw(random, Math.min(300, length));
  return draw(random, length);
}

/** A length: mostly short. */
const stretch = (random: Random, most: number) => 1 + Math.floor(random() ** 3 * Math.max(0, most - 1));

/** Changes that fit every file. */
export const GENERIC: readonly Mutator[] = [
  {
    name: "bits",
    apply: (bytes, random) => {
      const out = Buffer.from(bytes);
      for (let i = stretch(random, 8); i > 0; i--) out[place(random, out.length)] ^= 1 << draw(random, 8);
      return out;
    },
  },
  {
    name: "bytes",
    apply: (bytes, random) => {
      const out = Buffer.from(bytes);
      for (let i = stretch(random, 8); i > 0; i--)
        out[place(random, out.length)] = pick(random, [0, 255, 0x7f, 0x80, draw(random, 256)]);
      return out;
    },
  },
  { name: "cut", apply: (bytes, random) => Buffer.from(bytes.subarray(0, draw(random, bytes.length))) },
  {
    name: "insert",
    apply: (bytes, random) =>
      replace(
        bytes,
        place(random, bytes.length),
        0,
        Buffer.alloc(stretch(random, 200), pick(random, [0, 255, draw(random, 256)])),
      ),
  },
  {
    name: "remove",
    apply: (bytes, random) => {
      const at = place(random, bytes.length);
      return replace(bytes, at, stretch(random, Math.min(400, bytes.length - at)), Buffer.alloc(0));
    },
  },
  {
    name: "duplicate",
    apply: (bytes, random) => {
      const at = place(random, bytes.length);
      const piece = bytes.subarray(at, at + stretch(random, Math.min(400, bytes.length - at)));
      const times = random() < 0.1 ? 1 + draw(random, 200) : 1;
      const to = random() < 0.5 ? at : place(random, bytes.length);
      return replace(bytes, to, 0, Buffer.concat(new Array<Buffer>(times).fill(piece)));
    },
  },
  {
    name: "zero",
    apply: (bytes, random) => {
      const out = Buffer.from(bytes);
      const at = draw(random, out.length);
      return out.fill(0, at, random() < 0.5 ? out.length : at + stretch(random, out.length - at));
    },
  },
  {
    name: "number",
    apply: (bytes, random) => {
      const out = Buffer.from(bytes);
      for (let i = stretch(random, 4); i > 0; i--) {
        const width = pick(random, [1, 2, 4, 8]);
        if (out.length < width) continue;
        const at = Math.min(place(random, out.length), out.length - width);
        const little = random() < 0.7;
        putInteger(out, at, width, otherNumber(random, getInteger(out, at, width, little)), little);
      }
      return out;
    },
  },
  {
    name: "splice",
    apply: (bytes, random, others) => {
      if (others.length === 0) return null;
      const other = pick(random, others);
      if (other.length === 0) return null;
      const at = draw(random, bytes.length);
      const from = random() < 0.5 ? Math.min(at, other.length - 1) : draw(random, other.length);
      if (random() < 0.5) return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
      const piece = other.subarray(from, from + stretch(random, other.length - from));
      return replace(bytes, at, Math.min(piece.length, bytes.length - at), piece);
    },
  },
  {
    name: "swap",
    apply: (bytes, random) => {
      if (bytes.length < 8) return null;
      const length = stretch(random, Math.min(64, bytes.length >> 1));
      const [a, b] = [draw(random, bytes.length - length), draw(random, bytes.length - length)];
      const out = Buffer.from(bytes);
      bytes.copy(out, a, b, b + length);
      bytes.copy(out, b, a, a + length);
      return out;
    },
  },
];

const BLIND = new Set(["bits", "bytes", "cut", "insert", "remove", "zero", "number"]);

/** Whether all changes are such as no check sum fits after them. */
export const isBlind = (mutators: readonly string[]) => mutators.every((name) => BLIND.has(name));
