import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflateWithin, unpackBlock } from "../../src/cells/readers/codecs.ts";

const LZW = 5;
const PACKBITS = 32773;

/** TIFF 6.0's LZW, written the plain way: a map of strings, bits as text. */
function packLzw(data: Uint8Array, clearAt: number): Uint8Array {
  let table = new Map<string, number>();
  let width = 9;
  let bits = "";
  const emit = (code: number) => (bits += code.toString(2).padStart(width, "0"));
  const reset = () => {
    emit(256);
    table = new Map(Array.from({ length: 256 }, (_, i) => [String.fromCharCode(i), i]));
    width = 9;
  };
  reset();
  let held = "";
  for (const byte of data) {
    const longer = held + String.fromCharCode(byte);
    if (table.has(longer)) {
      held = longer;
      continue;
    }
    emit(table.get(held) as number);
    // Two codes (clear, end) stand before the first string.
    const next = table.size + 2;
    table.set(longer, next);
    if (next === clearAt) reset();
    else if (next + 1 === 2 ** width) width++;
    held = String.fromCharCode(byte);
  }
  if (held !== "") emit(table.get(held) as number);
  // The decoder's table has grown by the last code.
  if (table.size + 2 + 1 === 2 ** width && width < 12) width++;
  emit(257);
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (b) => Number.parseInt(b.padEnd(8, "0"), 2));
}

describe("LZW", () => {
  test("unpacks what a plain encoder packs", () => {
    const data = fc.uint8Array({ maxLength: 3000, minLength: 1, max: 3 });
    fc.assert(
      fc.property(data, fc.integer({ min: 258, max: 4094 }), (bytes, clearAt) => {
        expect(unpackBlock(LZW, packLzw(bytes, clearAt), bytes.length)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test("every width up to 12 bits", () => {
    const bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * i * 7 + (i >> 5)) & 255);
    expect(unpackBlock(LZW, packLzw(bytes, 4094), bytes.length)).toEqual(bytes);
  });

  test("any bytes fill the block or fail, and end", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 20_000, minLength: 1, size: "max" }),
        fc.boolean(),
        (bytes, clear) => {
          const input = clear ? Uint8Array.of(0x80, ...bytes) : bytes;
          try {
            unpackBlock(LZW, input, 100_000);
          } catch (error) {
            expect((error as Error).message).toMatch(/^(a block ends after|code \d+ at)/);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("PackBits", () => {
  test("the example of TIFF 6.0", () => {
    const packed = Uint8Array.from([
      0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa,
    ]);
    const out = unpackBlock(PACKBITS, packed, 24);
    expect(Buffer.from(out).toString("hex")).toBe("aaaaaa80002aaaaaaaaa80002a22aaaaaaaaaaaaaaaaaaaa");
  });

  test("a block that ends early is an error", () => {
    expect(() => unpackBlock(PACKBITS, Uint8Array.of(5, 1, 2), 6)).toThrow(/ends after 0 of 6/);
  });
});

test("deflate stops at its limit", () => {
  expect(() => inflateWithin(deflateSync(Buffer.alloc(1 << 20)), 1000)).toThrow(/more than 1000 bytes/);
  expect(inflateWithin(deflateSync(Buffer.alloc(1000)), 1000).length).toBe(1000);
});
