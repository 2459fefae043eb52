import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openFieldImage } from "../../../src/cells/readers/field-image.ts";
import { mulberry32, namedSeed } from "../../../src/core/rng.ts";
import { isCellswapError } from "../../../src/errors.ts";
import { fixtures } from "./expected.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-hostile-fields-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Changes that are tried on every file. */
const TRIES = 40;

/** Reads every plane of an image, a few of a stack that claims many; what is thrown must be one line. */
async function outcome(path: string): Promise<string> {
  let image: Awaited<ReturnType<typeof openFieldImage>> | undefined;
  try {
    image = await openFieldImage(path);
    for (let c = 0; c < Math.min(image.channels.length, 4); c++)
      for (let z = 0; z < Math.min(image.slices, 2); z++) {
        const plane = await image.read(c, z, 0);
        expect(plane.length).toBe(image.height * image.width);
      }
    return "read";
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    expect(error.message).not.toMatch(/\n|undefined|\[object/);
    return "refused";
  } finally {
    image?.close();
  }
}

const images = [
  ...["TZCYX", "pyramid", "samples", "CZTYX"].map((name) => `ome/A_${name}.ome.tif`),
  ...["imagej.tif", "pages.tif", "DNA.png"].map((name) => `other/A_${name}`),
  ...["v04", "v05", "stack-v04"].map((name) => `zarr/A_${name}.zarr`),
];

test.each(images)("changed bytes of %s give planes or one line", async (image) => {
  const random = mulberry32(namedSeed(1, "hostile", image));
  const root = join(fixtures, image);
  const folder = statSync(root).isDirectory();
  // Of OME-Zarr the attributes, the arrays' metadata and the chunks at full resolution.
  const files = folder
    ? readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
        (f) => statSync(join(root, f)).isFile() && !/labels|s1/.test(f),
      )
    : [""];
  const seen = new Set<string>();
  const copy = join(scratch, image.replaceAll("/", "-"));
  cpSync(root, copy, { recursive: true });
  for (const file of files) {
    const bytes = readFileSync(join(root, file));
    for (let n = 0; n < TRIES / Math.min(files.length, 4); n++) {
      const changed = Buffer.from(bytes);
      const near = random() < 0.5 ? Math.min(600, bytes.length) : bytes.length;
      for (let k = 0; k < 3; k++) changed[Math.floor(random() * near)] = Math.floor(random() * 256);
      const cut = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length;
      writeFileSync(join(copy, file), changed.subarray(0, cut));
      seen.add(await outcome(copy));
    }
    writeFileSync(join(copy, file), bytes);
  }
  expect(seen).toContain("refused");
  expect(await outcome(copy)).toBe("read");
});
