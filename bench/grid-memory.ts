/**
 * Memory of the published grid: features of 15 classes x 15 backgrounds x 1,000 cells x 384 values on disk, read and
 * evaluated block by block. Every block is read whole, its pairs are a sample (of 105, three); the rest repeat them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PairGrid } from "../src/evaluate/grid.ts";
import { readFeatureRows } from "../src/features/store.ts";
import { NpyReader, NpyWriter } from "../src/files/npy.ts";
import { record, smoke, spread } from "./harness.ts";
import { activations } from "./svm-data.ts";

const [classes, backgrounds, cells, dimension] = smoke ? [3, 2, 30, 8] : [15, 15, 1000, 384];
const sample = 3;
const folder = mkdtempSync(join(tmpdir(), "cellswap-grid-"));
try {
  const path = join(folder, "features.npy");
  const writer = new NpyWriter(path, "float32", [dimension]);
  const drawn = activations(classes, cells, dimension, 1, 1);
  for (let b = 0; b < backgrounds; b++)
    for (const rows of drawn)
      for (let r = 0; r < cells; r++)
        writer.append(
          rows.subarray(r * dimension, (r + 1) * dimension).map((v, k) => v * (1 + 0.01 * ((b + k) % 15))),
        );
  writer.close();
  drawn.length = 0;
  const grid = new PairGrid();
  const secondsPerPair: number[] = [];
  const residentMiB: number[] = [];
  let gap = 0;
  for (let b = 0; b < backgrounds; b++) {
    const file = new NpyReader(path);
    const block = Array.from({ length: classes }, (_, c) => {
      const features = new Float32Array(new SharedArrayBuffer(cells * dimension * 4));
      const rows = Int32Array.from({ length: cells }, (_, r) => (b * classes + c) * cells + r);
      readFeatureRows(file, rows, features);
      return { name: `class ${c}`, features };
    });
    file.close();
    const chosen = Array.from({ length: sample }, (_, k) => block[(b + k) % classes]);
    const start = performance.now();
    const fits = await grid.evaluate(chosen, dimension);
    secondsPerPair.push((performance.now() - start) / 1000 / fits.length);
    for (const fit of fits) gap = Math.max(gap, fit.gap);
    residentMiB.push(process.memoryUsage().rss / 2 ** 20);
  }
  await grid.dispose();
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const { median, low, high } = spread(secondsPerPair);
  console.log(`seconds per pair: ${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}); gap ${gap}`);
  console.log(
    `resident after the first block ${residentMiB[0].toFixed(0)} MiB, after the last ${residentMiB.at(-1)!.toFixed(0)}, peak ${peakMiB.toFixed(0)}`,
  );
  record("grid-memory", {
    classes,
    backgrounds,
    cells,
    dimension,
    pairsMeasured: sample * backgrounds,
    pairsOfGrid: ((classes * (classes - 1)) / 2) * backgrounds,
    secondsPerPair: spread(secondsPerPair),
    residentMiB,
    peakMiB,
    largestGap: gap,
  });
} finally {
  rmSync(folder, { recursive: true });
}
