/**
 * The published grid for one setting, whole: 15 classes x 15 backgrounds x 1,000 cells x 384 features on disk, 105
 * pairs in each of 15 blocks, evaluated as a study does it. Time, and resident memory block by block.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PairGrid } from "../src/evaluate/grid.ts";
import { stratifiedPairs } from "../src/evaluate/split.ts";
import { FeatureSet } from "../src/features/features.ts";
import { FillingPart } from "../src/features/part.ts";
import { SETTINGS } from "../src/settings.ts";
import { listBlocks, PlanIndex } from "../src/study/block.ts";
import { evaluateBlocks } from "../src/study/blocks.ts";
import { StudyLayout } from "../src/study/layout.ts";
import { runsOf } from "../src/swap/runs.ts";
import { segmentsOf } from "../src/swap/segments.ts";
import type { SwapPlan } from "../src/types.ts";
import { record, smoke } from "./harness.ts";
import { activations } from "./svm-data.ts";

const [classes, cells, dimension] = smoke ? [3, 30, 8] : [15, 1000, 384];
const names = Array.from({ length: classes }, (_, c) => `class ${String(c).padStart(2, "0")}`);
const folder = mkdtempSync(join(tmpdir(), "cellswap-grid-"));
try {
  const base = join(folder, "features");
  const count = classes * classes * cells;
  const filling = new FillingPart(base, count, dimension);
  const shifts = names.map((_, c) => 0.7 + (5.3 * c) / (classes - 1));
  const drawn = activations(classes, cells, dimension, shifts, 1);
  for (let b = 0, at = 0; b < classes; b++)
    for (const rows of drawn) {
      filling.write(
        at,
        rows.map((v, k) => v * (1 + 0.01 * ((b + (k % dimension)) % 15))),
      );
      at += cells;
    }
  filling.finish(new Int32Array(2 * count));
  drawn.length = 0;
  const plan: SwapPlan = {
    seed: null,
    count,
    classes: names,
    cell: Int32Array.from({ length: count }, (_, i) => i % (classes * cells)),
    runs: runsOf(
      new Uint8Array(count).fill(SETTINGS.indexOf("cell-free")),
      Int16Array.from({ length: count }, (_, i) => Math.floor(i / (classes * cells))),
    ),
    donor: new Int32Array(count),
  };
  const segments = segmentsOf(plan);
  const part = { base, rows: new Int32Array() };
  const shelves = segments.map(({ start, end }) => ({
    key: "",
    parts: [part],
    part: null,
    row: Int32Array.from({ length: end - start }, (_, i) => start + i),
    missing: null,
  }));
  const set = new FeatureSet("drawn", dimension, segments, shelves);
  const grid = new PairGrid();
  const residentMiB: number[] = [];
  const start = performance.now();
  const cpu = process.cpuUsage();
  const results = await evaluateBlocks({
    layout: new StudyLayout(folder),
    sets: [set],
    blocks: listBlocks(["cell-free"], names),
    classes: names,
    rows: names.map((_, c) => Int32Array.from({ length: cells }, (_, r) => c * cells + r)),
    index: new PlanIndex(plan),
    splits: stratifiedPairs(
      names.map(() => cells),
      5,
    ),
    grid: () => grid,
    onProgress: () => residentMiB.push(process.memoryUsage().rss / 2 ** 20),
  });
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  await grid.dispose();
  const pairs = results.flatMap((r) => r.pairs);
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const cpuPerPair = (used.user + used.system) / 1e6 / pairs.length;
  const largestGap = Math.max(...pairs.map((p) => p.gap ?? Number.NaN));
  console.log(
    `${pairs.length} pairs in ${seconds.toFixed(0)} s, ${cpuPerPair.toFixed(3)} s CPU each; gap ${largestGap}`,
  );
  console.log(
    `resident MiB by block ${residentMiB.map((m) => m.toFixed(0)).join(" ")}; peak ${peakMiB.toFixed(0)}`,
  );
  const accuracies = pairs.map((p) => p.accuracy);
  record("grid-memory", {
    ...{ classes, backgrounds: classes, cells, dimension, pairs: pairs.length, seconds, cpuPerPair },
    accuracies: [Math.min(...accuracies), Math.max(...accuracies)],
    ...{ residentMiB, peakMiB, largestGap },
  });
} finally {
  rmSync(folder, { recursive: true });
}
