import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readImage } from "../../src/cells/readers/image.ts";
import { median } from "../../src/core/statistics.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";
import { fieldScale } from "../../src/segment/field.ts";
import { smoothing } from "../../src/segment/recipe.ts";
import { Segmenter } from "../../src/segment/segment.ts";

const shared = resolve(import.meta.dirname, "../../../shared");
const images = join(shared, "data/yeast/images");
const reference = join(shared, "reference");

/** Every third cell of every field; the field's scale is taken from these. */
const STEP = 3;

test.skipIf(!existsSync(images) || !existsSync(reference))(
  "on real yeast, centers and neighbors agree with an independent segmentation",
  async () => {
    const index = readCsv(join(reference, "index.csv"));
    const masks = new NpyReader(join(reference, "masks.npy"));
    const fields = new Map<string, number[]>();
    index.get("field")!.forEach((field, row) => {
      const name = `${index.get("protein")![row]}_${field}`;
      if (!fields.has(name)) fields.set(name, []);
      fields.get(name)!.push(row);
    });
    const segmenter = new Segmenter(64, 64);
    const ours = new Uint8Array(4096);
    const theirs = new Uint8Array(4096);
    const overlaps: number[] = [];
    let cells = 0;
    let found = 0;
    let agreed = 0;
    let neighborsBoth = 0;
    let neighborsEither = 0;
    for (const all of fields.values()) {
      const rows = all.filter((_, k) => k % STEP === 0);
      const crops: Float32Array[] = [];
      for (const row of rows) {
        const planes = await readImage(join(images, index.get("rfp")![row]));
        crops.push(Float32Array.from(planes.data.subarray(0, 4096)));
      }
      const field = fieldScale(rows.length, 64, 64, { sigma: smoothing(segmenter.diameter) }, (k, out) =>
        out.set(crops[k]),
      );
      rows.forEach((row, k) => {
        const { verdict } = segmenter.segment(crops[k], field, ours);
        masks.read(row, 1, theirs);
        const referenceOk = index.get("ok")![row] === "1";
        cells++;
        if ((verdict === "ok") === referenceOk) agreed++;
        if (!referenceOk) return;
        let both = 0;
        let either = 0;
        for (let i = 0; i < 4096; i++) {
          both += Number(ours[i] === 1 && theirs[i] === 1);
          either += Number(ours[i] === 1 || theirs[i] === 1);
          neighborsBoth += Number(ours[i] === 2 && theirs[i] === 2);
          neighborsEither += Number(ours[i] === 2 || theirs[i] === 2);
        }
        overlaps.push(both / either);
        if (both / either > 0.3) found++;
      });
    }
    masks.close();
    expect(cells).toBeGreaterThan(500);
    expect(median(overlaps)).toBeGreaterThan(0.93);
    expect(found / overlaps.length).toBeGreaterThan(0.98);
    expect(agreed / cells).toBeGreaterThan(0.98);
    expect(neighborsBoth / neighborsEither).toBeGreaterThan(0.85);
  },
  300_000,
);
