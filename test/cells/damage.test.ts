import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readImage } from "../../src/cells/readers/image.ts";
import { decodePng, isPng } from "../../src/cells/readers/png.ts";
import { decodeTiff, isTiff } from "../../src/cells/readers/tiff.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { DataError, isCellswapError } from "../../src/errors.ts";
import type { Planes } from "../../src/image/planes.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/damage");
const verdicts: Record<string, { seed: number; pixels: string; verdicts: string }> = JSON.parse(
  readFileSync(join(fixtures, "verdicts.json"), "utf8"),
);

/** As scripts/make-damage-fixtures.py: changed bytes, then beginnings of the file. */
function* damaged(good: Buffer, seed: number): Generator<{ readonly what: string; readonly bytes: Buffer }> {
  const random = mulberry32(seed);
  const draw = () => random() * 2 ** 32;
  for (let k = 0; k < 160; k++) {
    const at = Math.floor((k * good.length) / 160);
    const [how, value] = [draw(), draw()];
    const bytes = Buffer.from(good);
    bytes[at] = how % 2 === 0 ? bytes[at] ^ (1 << (value % 8)) : value % 256;
    yield { what: `byte ${at}`, bytes };
  }
  for (let k = 0; k < 24; k++) {
    const length = Math.floor((k * good.length) / 24);
    yield { what: `first ${length} bytes`, bytes: good.subarray(0, length) };
  }
}

/** CRC-32 of the pixels, or why they are not read. */
async function read(bytes: Buffer): Promise<{ pixels: string } | { refused: string }> {
  try {
    let image: Planes;
    if (isTiff(bytes)) image = await decodeTiff(bytes, "x", (length) => new Float32Array(length));
    else if (isPng(bytes)) {
      const { data, ...size } = decodePng(bytes, "x");
      image = { ...size, data: Float32Array.from(data) };
    } else throw new DataError("is neither a TIFF nor a PNG image", { path: "x" });
    const { buffer, byteOffset, byteLength } = image.data;
    return {
      pixels: crc32(Buffer.from(buffer, byteOffset, byteLength))
        .toString(16)
        .padStart(8, "0"),
    };
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    return { refused: error.message };
  }
}

/** Damage to tags that say nothing of the values of pixels, which libtiff refuses: resolution and other measures. */
const HARMLESS = ["lzw-tiles.tif byte 82", "lzw-planes.tif byte 118", "zlib-planes.tif byte 130"];

/** What is refused though both foreign readers take it, and why. */
const STRICTER: readonly (readonly [RegExp, string])[] = [
  [/tag \d+ has \d+ values of type/, "another type or number of values than TIFF asks for"],
  [/tag \d+ stands twice/, "two tags of one number: readers take the first or the last"],
  [/blocks of pixels are listed|was never written/, "tifffile and libtiff guess what is missing"],
  [
    /reaches? to byte \d+, the file has|its pixels reach to byte/,
    "readers pass over what lies beyond the file",
  ],
  [/has \d+ bytes for \d+ bytes of pixels/, "readers drop what is too much"],
  [/shares its bytes with another/, "two blocks at one place: an offset is wrong"],
  [/photometric interpretation/, "a meaning of samples that there is not"],
  [
    /unpacks to more than|a block ends after|no whole Zstandard frame/,
    "readers cut blocks and fill them with zeros",
  ],
  [/it ends at byte|no chunk begins/, "a PNG without its end"],
  [/a checksum does not fit/, "readers pass over checksums of what they do not need"],
];

describe("damaged images are read as foreign readers read them, or refused", () => {
  test.each(Object.keys(verdicts))("%s", async (file) => {
    const { seed, pixels, verdicts: line } = verdicts[file];
    const good = readFileSync(join(fixtures, file));
    expect(await read(good)).toEqual({ pixels });
    const expected = line.match(/[x=~]|\([0-9a-f]{8}\)/g) ?? [];
    let tried = 0;
    for (const { what, bytes } of damaged(good, seed)) {
      const verdict = expected[tried++];
      const found = await read(bytes);
      const place = `${file} ${what}`;
      if (verdict === "x" && HARMLESS.includes(place)) expect(found, place).toEqual({ pixels });
      else if (verdict === "x") expect(found, place).toHaveProperty("refused");
      else if ("refused" in found)
        expect(
          STRICTER.some(([message]) => message.test(found.refused)),
          `${place}: ${found.refused}`,
        ).toBe(true);
      else {
        expect(verdict, `${place}: readers disagree`).not.toBe("~");
        expect(found, place).toEqual({ pixels: verdict === "=" ? pixels : verdict.slice(1, -1) });
      }
    }
    expect(tried).toBe(expected.length);
  });
});

const hostile = resolve(import.meta.dirname, "../../../shared/hostile/hostile");
const silent = join(hostile, "silent");

describe.skipIf(!existsSync(silent))("images whose damage is silent", () => {
  const files = existsSync(silent) ? readdirSync(silent) : [];
  test.each(files)("%s", async (file) => {
    const image = readImage(join(silent, file));
    // Frames of Zstandard without checksums are whole as well.
    if (/good|whole/.test(file)) expect((await image).planes).toBe(1);
    else await expect(image).rejects.toThrow(/damaged/);
  });

  test.each(["repeated-tag.tif", "tiles-1x1-none.tif", "tiles-1x1-zstd.tif"])("%s", async (file) => {
    await expect(readImage(join(hostile, "tiff", file))).rejects.toThrow(/is damaged/);
  });
});
