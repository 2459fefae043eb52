import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { distanceTransform } from "../../src/image/distance.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";
import { WatershedScratch, watershed } from "../../src/image/watershed.ts";
import { MiddleCells } from "../../src/segment/cells.ts";
import { RECIPE } from "../../src/segment/recipe.ts";
import { Workspace } from "../../src/segment/workspace.ts";
import { hillMarkers } from "../image/naive-hills.ts";

test("the cell in the middle and the others are those of a watershed of the whole foreground", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 16, max: 50 }),
      fc.integer({ min: 16, max: 70 }),
      (seed, h, w) => {
        const random = mulberry32(seed);
        const work = new Workspace(h, w, Math.min(h, w) / 2);
        const mask = new Uint8Array(h * w);
        for (let n = 0; n < 8; n++) {
          const [y0, x0, r] = [h * random(), w * random(), 2 + 0.2 * h * random()];
          for (let i = 0; i < mask.length; i++)
            if (Math.hypot(Math.floor(i / w) - y0, (i % w) - x0) <= r) mask[i] = 1;
        }
        // Noise: pixels that touch at a corner only.
        if (random() < 0.3) for (let i = 0; i < mask.length; i++) if (random() < 0.05) mask[i] = 1 - mask[i];
        const cells = new MiddleCells(work);
        const relief = new Float64Array(h * w);
        distanceTransform(mask, h, w, relief);
        if (relief[0] === Infinity) relief.fill(0);
        gaussianBlur(relief, h, w, RECIPE.reliefSmoothing * work.unit, relief, new Float64Array(h * w));
        cells.load(work.mask().equal(mask, 1));
        for (const depth of RECIPE.depths) {
          const labels = new Int32Array(h * w);
          hillMarkers(relief, mask, h, w, depth * work.unit, labels);
          watershed(
            relief.map((v) => -v),
            mask,
            h,
            w,
            labels,
            new WatershedScratch(h * w),
          );
          const center = work.central(labels, RECIPE.windowShare);
          const split = cells.split(depth);
          if (depth === RECIPE.depths[0]) expect(split).toBe(center !== 0);
          // Where a smaller depth gives no other hills, the cells are those of the larger one.
          const [own, others] = [new Uint8Array(h * w), new Uint8Array(h * w)];
          cells.center.label(own, 1);
          cells.others.label(others, 1);
          expect([...own]).toEqual(Array.from(labels, (v) => Number(center !== 0 && v === center)));
          expect([...others]).toEqual(Array.from(labels, (v) => Number(v > 0 && v !== center)));
          if (center !== 0) found++;
        }
      },
    ),
    { seed: 3, numRuns: 150 },
  );
  expect(found).toBeGreaterThan(50);
});
