import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { readImage } from "../../src/cells/readers/image.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-large-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes a gray TIFF of zeros, deflated, and gives its path. */
function zeros(height: number, width: number): string {
  const packed = deflateSync(Buffer.alloc(height * width));
  const tags = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 8],
    [262, 1],
    [273, 8 + 2 + 9 * 12 + 4],
    [277, 1],
    [278, height],
    [279, packed.length],
  ];
  const head = Buffer.alloc(8 + 2 + tags.length * 12 + 4);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, value], i) => {
    head.writeUInt16LE(tag, 10 + 12 * i);
    head.writeUInt16LE(4, 12 + 12 * i);
    head.writeUInt32LE(1, 14 + 12 * i);
    head.writeUInt32LE(value, 18 + 12 * i);
  });
  const path = join(scratch, `${height}x${width}.tif`);
  writeFileSync(path, Buffer.concat([head, packed]));
  return path;
}

test("a crop of 2048 x 2048 px is read, a larger one is refused with the way out", async () => {
  const { planes, height, width } = await readImage(zeros(2048, 2048));
  expect([planes, height, width]).toEqual([1, 2048, 2048]);
  for (const [h, w] of [
    [2049, 2048],
    [4096, 4096],
    [1024, 4097],
  ])
    await expect(readImage(zeros(h, w))).rejects.toThrow(
      `is ${h} x ${w} px; a crop has at most 4194304 px, as 2048 x 2048. Cut the cells out of their field first (\`cellswap import fields\`)`,
    );
});
