import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { anndataSource } from "../../src/cells/formats/anndata.ts";
import { deeplocSource } from "../../src/cells/formats/deeploc.ts";
import { h5scSource } from "../../src/cells/formats/h5sc.ts";
import { decodePng } from "../../src/cells/readers/png.ts";
import { decodeTiff, isTiff } from "../../src/cells/readers/tiff.ts";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { isCellswapError } from "../../src/errors.ts";
import type { Planes, PlaneValues } from "../../src/image/planes.ts";

const images = resolve(import.meta.dirname, "../fixtures/cells/images");
const files = readdirSync(images).filter((f) => /\.(tif|png)$/.test(f));
const scratch = mkdtempSync(join(tmpdir(), "cellswap-hostile-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const ROUNDS = 15;

/** Decodes, or fails with a line for the user; anything else is a fault. */
async function outcome(bytes: Buffer): Promise<Planes<PlaneValues> | null> {
  try {
    return isTiff(bytes)
      ? await decodeTiff(bytes, "x.tif", (length) => new Float32Array(length))
      : decodePng(bytes, "x.png");
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    expect(error.message).toMatch(/^x\.(tif|png): [^\n]+;? .+/);
    expect(error.message).not.toContain("\n");
    return null;
  }
}

test("changed bytes give pixels or one line, in bounded time and memory", async () => {
  let failed = 0;
  let read = 0;
  for (const file of files) {
    const whole = readFileSync(join(images, file));
    const random = mulberry32(namedSeed(1, "mutate", file));
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = Buffer.from(whole);
      const changes = 1 + Math.floor(random() * 4);
      for (let c = 0; c < changes; c++) {
        // Half of the changes hit the first 300 bytes, where most of the structure is.
        const at = Math.floor(random() * (random() < 0.5 ? Math.min(300, bytes.length) : bytes.length));
        bytes[at] = random() < 0.3 ? 255 : Math.floor(random() * 256);
      }
      if ((await outcome(bytes)) === null) failed++;
      else read++;
    }
  }
  expect(failed).toBeGreaterThan(files.length);
  expect(read).toBeGreaterThan(files.length);
});

test("a file cut off anywhere is refused or whole", async () => {
  for (const file of files) {
    const whole = readFileSync(join(images, file));
    const random = mulberry32(namedSeed(1, "cut", file));
    const full = await outcome(whole);
    for (let round = 0; round < 20; round++) {
      const cut = await outcome(Buffer.from(whole.subarray(0, Math.floor(random() * whole.length))));
      if (cut !== null) expect(cut).toEqual(full);
    }
  }
});

test.each([
  ["layouts/deeploc.hdf5", deeplocSource],
  [
    "stored/anndata/two.h5ad",
    (path: string) => anndataSource(path, { crops: "obsm/images", channels: ["A", "B", "C"] }),
  ],
  ["stored/h5sc/single_cells.h5sc", h5scSource],
] as const)("changes in %s give cells or one line", async (file, open) => {
  const whole = readFileSync(resolve(images, "..", file));
  const random = mulberry32(namedSeed(1, "hdf5"));
  let failed = 0;
  for (let round = 0; round < 150; round++) {
    const bytes = Buffer.from(whole);
    for (let c = 0; c < 2; c++) {
      let at = Math.floor(random() * bytes.length);
      // Most of the file is zeros that mean nothing.
      while (bytes[at] === 0) at = (at + 1) % bytes.length;
      bytes[at] = random() < 0.3 ? 255 : Math.floor(random() * 256);
    }
    // A new name each time: the library knows files by their identity on disk.
    const path = join(scratch, `${round}-${basename(file)}`);
    writeFileSync(path, bytes);
    try {
      const plan = await open(path);
      try {
        for (let cell = 0; cell < plan.count; cell++) await plan.read(cell);
      } finally {
        plan.close?.();
      }
    } catch (error) {
      if (!isCellswapError(error)) throw error;
      expect(error.message).not.toContain("\n");
      failed++;
    }
  }
  expect(failed).toBeGreaterThan(15);
});
