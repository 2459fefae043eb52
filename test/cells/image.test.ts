import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readImage } from "../../src/cells/readers/image.ts";
import { NpyReader } from "../../src/files/npy.ts";

const images = resolve(import.meta.dirname, "../fixtures/cells/images");
const index: Record<string, { shape: [number, number, number]; start: number }> = JSON.parse(
  readFileSync(join(images, "index.json"), "utf8"),
);
const reader = new NpyReader(join(images, "expected.npy"));
const all = new Float32Array(reader.shape[0]);
reader.read(0, all.length, all);
reader.close();

test.each(Object.keys(index))("%s has the values of tifffile", async (file) => {
  const { shape, start } = index[file];
  const { planes, height, width, data } = await readImage(join(images, file));
  expect([planes, height, width]).toEqual(shape);
  expect(new Uint32Array(Float32Array.from(data).buffer)).toEqual(
    new Uint32Array(all.slice(start, start + data.length).buffer),
  );
});

test.each([
  ["refused-jpeg.tif", /compressed by method 7/],
  ["refused-complex.tif", /sample format 6/],
])("%s is refused with a remedy", async (file, message) => {
  await expect(readImage(join(images, file))).rejects.toThrow(message);
  await expect(readImage(join(images, file))).rejects.toThrow(/export it as/);
});
