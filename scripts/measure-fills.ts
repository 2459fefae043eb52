/**
 * Writes real crops with their fills and the reference's as .npy, for scripts/measure-fills.py:
 * `node --import tsx scripts/measure-fills.ts FOLDER` (needs ../shared).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { NpyWriter } from "../src/files/npy.ts";
import { Filler } from "../src/swap/fill/fill.ts";
import { loadReference, referenceCrop, referenceDonor } from "../test/swap/reference.ts";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const ref = await loadReference();
const filler = new Filler(2, 64, 64);
const mask = new Uint8Array(4096);
const crops = (name: string) => new NpyWriter(join(folder, `${name}.npy`), "float32", [2, 64, 64]);
const files = {
  original: crops("original"),
  center: crops("center"),
  cellFree: crops("cell-free"),
  pixelsCenter: crops("pixels-center"),
  pixelsCellFree: crops("pixels-cell-free"),
};
const masks = new NpyWriter(join(folder, "mask.npy"), "uint8", [64, 64]);
for (let cell = 0; cell < ref.source.count; cell += 3) {
  if (ref.usable[cell] !== 1) continue;
  const crop = referenceCrop(ref, cell);
  ref.source.readMask(cell, mask);
  files.original.append(crop);
  masks.append(mask);
  for (const [file, kind] of [
    [files.center, "center"],
    [files.cellFree, "cell-free"],
  ] as const) {
    const filled = crop.slice();
    filler.fill(filled, mask, { kind, halo: 3, seed: cell });
    file.append(filled);
  }
  files.pixelsCenter.append(referenceDonor(ref, cell, "nocentre"));
  files.pixelsCellFree.append(referenceDonor(ref, cell, "cellfree"));
}
for (const file of [...Object.values(files), masks]) file.close();
