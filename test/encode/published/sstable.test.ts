import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTable } from "../../../src/encode/published/sstable.ts";
import { crc32c, unmaskCrc } from "../../../src/files/crc32c.ts";
import { ByteReader, protoFields } from "../../../src/files/protobuf.ts";
import { maskCrc } from "./hostile.ts";

const latin1 = (s: string) => Buffer.from(s, "latin1");

describe("CRC-32C", () => {
  test("gives the values of RFC 3720, appendix B.4", () => {
    expect(crc32c(latin1("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });
  test("eight bytes at a time equal bit by bit, in one piece or two", () => {
    const naive = (bytes: Uint8Array) => {
      let c = 0xffffffff;
      for (const byte of bytes) {
        c ^= byte;
        for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
      }
      return ~c >>> 0;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), (bytes, cut) => {
        expect(crc32c(bytes)).toBe(naive(bytes));
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(naive(bytes));
        expect(unmaskCrc(maskCrc(crc32c(bytes)))).toBe(crc32c(bytes));
      }),
    );
  });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

type Entry = readonly [key: string, value: Uint8Array];

/** A block as LevelDB writes it: keys share their beginning with the one before, but for every `interval`-th. */
function block(entries: readonly Entry[], interval: number): Buffer {
  const restarts: number[] = [];
  const bytes: number[] = [];
  entries.forEach(([key, value], i) => {
    let shared = 0;
    if (i % interval === 0) restarts.push(bytes.length);
    else while (shared < key.length && key[shared] === entries[i - 1][0][shared]) shared++;
    const own = latin1(key.slice(shared));
    bytes.push(...varint(shared), ...varint(own.length), ...varint(value.length), ...own, ...value);
  });
  const tail = Buffer.alloc(4 * restarts.length + 4);
  [...restarts, restarts.length].forEach((r, i) => void tail.writeUInt32LE(r, 4 * i));
  return Buffer.concat([Buffer.from(bytes), tail]);
}

/** A whole table with the given blocks of entries. */
function table(blocks: readonly (readonly Entry[])[], interval: number, type = 0): Buffer {
  let out = Buffer.alloc(0);
  const add = (content: Buffer): number[] => {
    const at = out.length;
    const whole = Buffer.concat([content, Buffer.from([type])]);
    const crc = Buffer.alloc(4);
    crc.writeUInt32LE(maskCrc(crc32c(whole)));
    out = Buffer.concat([out, whole, crc]);
    return [...varint(at), ...varint(content.length)];
  };
  const index = blocks.map(
    (entries): Entry => [entries.at(-1)![0], Uint8Array.from(add(block(entries, interval)))],
  );
  const handles = [...add(block([], 1)), ...add(block(index, 1))];
  const footer = Buffer.alloc(48);
  Buffer.from(handles).copy(footer);
  Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]).copy(footer, 40);
  return Buffer.concat([out, footer]);
}

const entries = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-c/]{1,8}$/), fc.uint8Array({ maxLength: 200 })), {
    selector: ([key]) => key,
    minLength: 1,
    maxLength: 40,
  })
  .map((list) => list.sort(([a], [b]) => (a < b ? -1 : 1)));

test("tables of any blocks and restarts read back", () => {
  fc.assert(
    fc.property(
      entries,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 16 }),
      (list, size, interval) => {
        const blocks = Array.from({ length: Math.ceil(list.length / size) }, (_, b) =>
          list.slice(b * size, (b + 1) * size),
        );
        const found = readTable(table(blocks, interval), "t");
        expect([...found].map(([k, v]) => [k, [...v]])).toEqual(list.map(([k, v]) => [k, [...v]]));
      },
    ),
  );
});

test("what no TensorFlow writes is refused", () => {
  const e = (key: string): Entry => [key, Uint8Array.of(1)];
  const refuse = (bytes: Buffer, why: string) =>
    expect(() => readTable(bytes, "t.index")).toThrow(`t.index: is damaged (${why}`);
  refuse(table([[e("b"), e("a")]], 16), "its keys are out of order");
  refuse(table([[e("a")], [e("a")]], 16), "its keys are out of order");
  refuse(table([[e("a")]], 16, 1), "the block at 27 is compressed, which checkpoint indexes are not");
  refuse(table([[e("k".repeat(5000))]], 16), "a key is inconsistent");
  refuse(Buffer.alloc(10), "10 bytes are too few for a checkpoint index");
  refuse(Buffer.alloc(100), "it does not end as a TensorFlow checkpoint index does");
  const flipped = table([[e("a")]], 16);
  flipped[0] ^= 1;
  refuse(flipped, "wrong checksum of the block at 0");
  // Two index entries that name one block: the way to make much out of little.
  const once = block([e("a")], 16);
  const handle = Uint8Array.from([0, once.length]);
  const twice = block(
    [
      ["a", handle],
      ["b", handle],
    ],
    16,
  );
  const parts = [once, block([], 1), twice].map((content) => {
    const whole = Buffer.concat([content, Buffer.from([0])]);
    const crc = Buffer.alloc(4);
    crc.writeUInt32LE(maskCrc(crc32c(whole)));
    return Buffer.concat([whole, crc]);
  });
  const footer = table([[e("a")]], 16).subarray(-48);
  Buffer.from([
    ...varint(parts[0].length),
    4,
    ...varint(parts[0].length + parts[1].length),
    ...varint(twice.length),
  ]).copy(footer);
  refuse(Buffer.concat([...parts, footer]), "its blocks overlap");
});

test("protobuf fields of every wire type", () => {
  const message = Uint8Array.from([
    0x08, 0x96, 0x01, 0x12, 2, 65, 66, 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 1, 0, 0, 0,
  ]);
  expect(
    protoFields(message, "m").map(({ field, wire, value, bytes }) => [field, wire, value, [...bytes]]),
  ).toEqual([
    [1, 0, 150, []],
    [2, 2, 0, [65, 66]],
    [3, 5, 1, []],
    [4, 1, 2 ** 32 + 2, []],
  ]);
  for (const bad of [
    [0x08],
    [0x08, 0x80],
    [0x12, 3, 1],
    [0x0b],
    [0x00, 1],
    [0x12, ...new Array(9).fill(255), 1],
  ])
    expect(() => protoFields(Uint8Array.from(bad), "m"), bad.join()).toThrow("m: is damaged");
  // -1 as a 64-bit varint has no exact double: whatever compares it refuses it.
  expect(new ByteReader(Uint8Array.from([...new Array(9).fill(255), 1]), "m").varint()).toBeNaN();
});
