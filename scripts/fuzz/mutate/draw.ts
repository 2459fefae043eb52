import type { Random } from "../../../src/core/rng.ts";

/** A whole number from 0 to `below` - 1. */
export const draw = (random: Random, below: number) => Math.floor(random() * below);

export const pick = <T>(random: Random, items: readonly T[]): T => items[draw(random, items.length)];

/** Numbers at which programs break: around powers of two, signs, and nonsense. */
export const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 100n, 1000n, -1n, -2n],
  ...[7n, 8n, 15n, 16n, 20n, 24n, 27n, 29n, 30n, 31n, 32n, 33n, 40n, 53n, 62n, 63n, 64n].flatMap((bits) => [
    (1n << bits) - 1n,
    1n << bits,
    -(1n << bits),
  ]),
  10n ** 9n,
  10n ** 12n,
];

/** Writes a number of `width` bytes, cut to its width. */
export function putInteger(out: Buffer, at: number, width: number, value: bigint, little: boolean): void {
  let left = BigInt.asUintN(8 * width, value);
  for (let i = 0; i < width; i++) {
    out[at + (little ? i : width - 1 - i)] = Number(left & 255n);
    left >>= 8n;
  }
}

export function getInteger(bytes: Uint8Array, at: number, width: number, little: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < width; i++) value = (value << 8n) | BigInt(bytes[at + (little ? width - 1 - i : i)]);
  return value;
}

/** A new value for a number: one of {@link NUMBERS}, close to what it was, or any. */
export function otherNumber(random: Random, old: bigint): bigint {
  const kind = random();
  if (kind < 0.5) return pick(random, NUMBERS);
  if (kind < 0.8) return old + BigInt(draw(random, 9) - 4);
  if (kind < 0.9) return old * BigInt(pick(random, [2, 3, 10, 256, 65536]));
  return BigInt(draw(random, 2 ** 32));
}

/** `bytes` with `count` of them from `at` on replaced. */
export function replace(bytes: Buffer, at: number, count: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + count)]);
}
