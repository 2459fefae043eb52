import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeTiff } from "../../src/cells/readers/tiff.ts";

type Tag = readonly [tag: number, type: number, values: readonly number[]];
const SHORT = 3;
const LONG = 4;
const BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 12: 8 };

/** A little-endian TIFF: pages of tags, then `data`, which begins at `start` bytes. Long values stand behind the tags. */
function tiff(pages: (start: number) => readonly (readonly Tag[])[], data: Uint8Array): Buffer {
  const build = (start: number): Buffer => {
    const parts: Buffer[] = [Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0])];
    let at = 8;
    const lists = pages(start);
    for (const [p, tags] of lists.entries()) {
      const head = Buffer.alloc(2 + 12 * tags.length + 4);
      head.writeUInt16LE(tags.length, 0);
      const long: Buffer[] = [];
      let behind = at + head.length;
      tags.forEach(([tag, type, values], k) => {
        const size = BYTES[type];
        const bytes = Buffer.alloc(Math.max(4, size * values.length));
        values.forEach((value, i) => void bytes.writeUIntLE(value, i * size, Math.min(size, 4)));
        head.writeUInt16LE(tag, 2 + 12 * k);
        head.writeUInt16LE(type, 4 + 12 * k);
        head.writeUInt32LE(values.length, 6 + 12 * k);
        if (bytes.length === 4) bytes.copy(head, 10 + 12 * k);
        else {
          head.writeUInt32LE(behind, 10 + 12 * k);
          long.push(bytes);
          behind += bytes.length;
        }
      });
      head.writeUInt32LE(p + 1 < lists.length ? behind : 0, head.length - 4);
      parts.push(head, ...long);
      at = behind;
    }
    return Buffer.concat(parts);
  };
  return Buffer.concat([build(build(0).length), data]);
}

const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
/** Tags of a 16 x 16 image of 8 bits in two strips; `more` replaces those of the same number. */
const strips = (start: number, more: readonly Tag[] = []): Tag[] => {
  const tags: Tag[] = [
    [256, SHORT, [16]],
    [257, SHORT, [16]],
    [258, SHORT, [8]],
    [259, SHORT, [1]],
    [262, SHORT, [1]],
    [273, LONG, [start, start + 128]],
    [277, SHORT, [1]],
    [278, SHORT, [8]],
    [279, LONG, [128, 128]],
  ];
  const other = new Set(more.map(([tag]) => tag));
  return [...tags.filter(([tag]) => !other.has(tag)), ...more];
};
const read = (bytes: Buffer) => decodeTiff(bytes, "x.tif", (length) => new Uint8Array(length));

describe("layouts that are read", () => {
  test("strips", async () => {
    expect((await read(tiff((start) => [strips(start)], pixels))).data).toEqual(pixels);
  });

  test("strips in the tags of tiles, and tiles in those of strips", async () => {
    const inTiles = tiff(
      (start) => [
        strips(start)
          .filter(([tag]) => tag !== 273 && tag !== 279)
          .concat([
            [324, LONG, [start, start + 128]],
            [325, LONG, [128, 128]],
          ]),
      ],
      pixels,
    );
    expect((await read(inTiles)).data).toEqual(pixels);
    const whole = (start: number): Tag[] => [
      [273, LONG, [start]],
      [279, LONG, [256]],
      [322, SHORT, [16]],
      [323, SHORT, [16]],
    ];
    expect((await read(tiff((start) => [strips(start, whole(start))], pixels))).data).toEqual(pixels);
  });

  test("a last strip with rows beyond the image", async () => {
    const packed = [pixels.subarray(0, 192), pixels.subarray(64)].map((part) => deflateSync(part));
    const file = tiff(
      (start) => [
        strips(start, [
          [259, SHORT, [8]],
          [273, LONG, [start, start + packed[0].length]],
          [278, SHORT, [12]],
          [279, LONG, packed.map((part) => part.length)],
        ]),
      ],
      Buffer.concat(packed),
    );
    const { data } = await read(file);
    expect(data.subarray(0, 192)).toEqual(pixels.subarray(0, 192));
    expect(data.subarray(192)).toEqual(pixels.subarray(64, 128));
  });
});

describe("layouts that are refused", () => {
  const changed = (more: (start: number) => readonly Tag[]) =>
    tiff((start) => [strips(start, more(start))], pixels);
  test.each([
    [
      "blocks at one place",
      (s: number): Tag[] => [[273, LONG, [s, s + 64]]],
      "block 1 of 2 shares its bytes",
    ],
    ["blocks in the header", (): Tag[] => [[273, LONG, [0, 300]]], "was never written: 128 bytes at byte 0"],
    ["blocks of no bytes", (): Tag[] => [[279, LONG, [128, 0]]], "block 2 of 2 was never written"],
    ["blocks beyond the file", (): Tag[] => [[273, LONG, [2 ** 31, 2 ** 32 - 1]]], "is truncated"],
    ["fewer blocks than there are rows", (): Tag[] => [[278, SHORT, [1]]], "2 of 16 blocks"],
    ["a tag of another type", (): Tag[] => [[259, 12, [1]]], "tag 259 has 1 values of type 12"],
    ["a tag of text", (): Tag[] => [[256, 2, [16]]], "tag 256 has 1 values of type 2"],
    ["a tag with two values", (): Tag[] => [[256, SHORT, [16, 16]]], "tag 256 has 2 values"],
    ["a tag without a value", (): Tag[] => [[256, SHORT, []]], "tag 256 has 0 values"],
    ["samples of different kinds", (): Tag[] => [[258, SHORT, [8, 16]]], "8+16-bit pixels"],
    ["tiles of one side", (): Tag[] => [[322, SHORT, [16]]], "tiles of one side"],
    ["strips and tiles", (s: number): Tag[] => [[324, LONG, [s]]], "lists strips and tiles"],
    ["JPEG", (): Tag[] => [[259, SHORT, [7]]], "method 7 (JPEG), which is not read; export it as"],
    ["old-style JPEG", (): Tag[] => [[259, SHORT, [6]]], "method 6 (old-style JPEG)"],
    ["a method that no one knows", (): Tag[] => [[259, SHORT, [77]]], "compressed by method 77, which"],
    ["a palette of no meaning", (): Tag[] => [[262, SHORT, [99]]], "photometric interpretation 99"],
  ])("%s", async (_, more, message) => {
    await expect(read(changed(more))).rejects.toThrow(message);
  });

  test("old-style LZW is named", async () => {
    const packed = Uint8Array.from([0x00, 0x01, 0x02, 0x80, ...new Array(252).fill(0)]);
    const file = tiff((start) => [strips(start, [[259, SHORT, [5]]])], packed);
    await expect(read(file)).rejects.toThrow(/LZW in the order of bits before TIFF 6.0.*tifffile\.imwrite/);
  });

  test("a tag that stands twice", async () => {
    const file = tiff((start) => [[...strips(start), [279, LONG, [128, 128]] as const]], pixels);
    await expect(read(file)).rejects.toThrow("tag 279 stands twice");
  });

  test("more tags than a page has", async () => {
    const more = Array.from({ length: 4097 }, (): Tag => [65_000, SHORT, [1]]);
    await expect(read(tiff((start) => [strips(start, more)], pixels))).rejects.toThrow("has 4106 tags");
  });

  test("pages that share one long list", async () => {
    // 400 pages of 64 kB of offsets, all at one place.
    const list = 16_384;
    const file = tiff(
      () => Array.from({ length: 400 }, () => strips(0, [[273, LONG, [8, 8]]])),
      Buffer.alloc(4 * list),
    );
    for (let at = 8; at !== 0; ) {
      const entries = file.readUInt16LE(at);
      for (let e = 0; e < entries; e++)
        if ([273, 279].includes(file.readUInt16LE(at + 2 + 12 * e))) {
          file.writeUInt32LE(list, at + 6 + 12 * e);
          file.writeUInt32LE(file.length - 4 * list, at + 10 + 12 * e);
        }
      at = file.readUInt32LE(at + 2 + 12 * entries);
    }
    await expect(read(file)).rejects.toThrow(/share their lists|was never written/);
  });
});
