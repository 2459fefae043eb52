/**
 * Growth: time and peak memory of a study from 10^4 to 10^6 cells. Drawn cells are tiled, the encoder is one tiny
 * convolution, crops have 16 x 16 px and are seen as they are and filled behind their own cell, probes take 1,000 cells of each of two classes; everything else runs on all cells. One process a size.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellStore, CellStoreWriter } from "../src/cells/store.ts";
import { mulberry32 } from "../src/core/rng.ts";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import { PairGrid } from "../src/evaluate/grid.ts";
import { stratifiedPairs } from "../src/evaluate/split.ts";
import type * as Extract from "../src/features/extract.ts";
import { listBlocks, PlanIndex } from "../src/study/block.ts";
import type * as Blocks from "../src/study/blocks.ts";
import { studyGroups } from "../src/study/groups.ts";
import { StudyLayout } from "../src/study/layout.ts";
import { studyPlan } from "../src/study/plan.ts";
import { fitToCells, resolveStudy } from "../src/study/schema.ts";
import { selectCells } from "../src/study/select.ts";
import { groupOf, measureScales } from "../src/swap/intensity.ts";
import { writePlan } from "../src/swap/plan-file.ts";
import { built, option, record, smoke } from "./harness.ts";

const SIDE = 16;
const TILES = 64;
const PER_FIELD = 100;

/** Writes `count` cells: 64 drawn crops over and over, with a little noise level per field. */
function writeCells(path: string, count: number): void {
  const random = mulberry32(5);
  const pixels = SIDE * SIDE;
  const tiles = Array.from({ length: TILES }, (_, t) => {
    const crop = new Float32Array(pixels);
    const mask = new Uint8Array(pixels);
    for (let p = 0; p < pixels; p++) {
      const [y, x] = [Math.floor(p / SIDE), p % SIDE];
      const center = Math.hypot(y - 7.5, x - 7.5) < 3 + (t % 2);
      const neighbor = Math.hypot(y - 1, x - 14) < 3;
      mask[p] = center ? 1 : neighbor ? 2 : 0;
      crop[p] = 100 + 20 * random() + (mask[p] === 0 ? 0 : 300 + (t % 2) * 80 * Math.sin(x));
    }
    return { crop, mask };
  });
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP"], height: SIDE, width: SIDE },
    "full",
    "tiled drawings",
  );
  for (let i = 0; i < count; i++) {
    const label = Math.floor((2 * i) / count);
    const field = Math.floor(i / PER_FIELD);
    writer.append(tiles[2 * (i % (TILES / 2)) + label].crop, tiles[2 * (i % (TILES / 2)) + label].mask, {
      Metadata_Cell: `c${i}`,
      Metadata_Protein: label === 0 ? "P1" : "P2",
      Metadata_Field: `f${field}`,
      Metadata_Localization: label === 0 ? "one" : "two",
    });
  }
  const area = new Float64Array(count).fill(200);
  writer.finish({ verdict: new Array(count).fill("ok"), measures: new Map([["Quality_CenterArea", area]]) });
}

interface Measured {
  readonly cells: number;
  readonly composites: number;
  /** Of each stage. */
  readonly seconds: Record<string, number>;
  /** Of the processor, all threads together: what other work on the machine moves least. */
  readonly cpuSeconds: Record<string, number>;
  /** Largest resident memory of the process from its start to the end of the stage. */
  readonly peakMiBUpTo: Record<string, number>;
}

/** Runs all stages on `count` cells and gives the seconds of each, composites and peak memory. */
async function measure(count: number): Promise<Measured> {
  // What starts threads is that of the built package: those of the sources hold a compiler each.
  const { extract, tryEncoder } = await built<typeof Extract>("features/extract");
  const { evaluateBlocks } = await built<typeof Blocks>("study/blocks");
  const folder = mkdtempSync(join(tmpdir(), "cellswap-growth-"));
  const seconds: Record<string, number> = {};
  const cpuSeconds: Record<string, number> = {};
  const peaks: Record<string, number> = {};
  const timed = async <T>(stage: string, run: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const result = await run();
    seconds[stage] = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds[stage] = (user + system) / 1e6;
    peaks[stage] = process.resourceUsage().maxRSS / 1024;
    return result;
  };
  try {
    const graph = new OnnxGraph("tiny");
    const weights = Float32Array.from({ length: 4 * 9 }, (_, i) => Math.sin(i));
    const x = graph.input("x", ["batch", 1, SIDE, SIDE]);
    const maps = graph.node("Conv", [x, graph.weight("w", [4, 1, 3, 3], weights)], {
      kernel_shape: [3, 3],
      strides: [4, 4],
    });
    graph.node("ReduceMax", [graph.node("Relu", [maps])], { axes: [2, 3], keepdims: 0 }, "y");
    graph.output("y", ["batch", 4]);
    writeFileSync(join(folder, "tiny.onnx"), graph.encode());
    const description = {
      format: "cellswap-encoder",
      version: 1,
      name: "tiny",
      model: "tiny.onnx",
      input: { name: "x", channels: ["GFP"], height: SIDE, width: SIDE },
      preprocess: [{ step: "minmax" }],
      outputs: [{ output: "y" }],
    };
    writeFileSync(join(folder, "tiny.json"), JSON.stringify(description));
    const encoder = readEncoder(join(folder, "tiny.json"));
    const cells = join(folder, "cells");
    await timed("write cells", () => writeCells(cells, count));
    const given = resolveStudy(
      { cells, encoders: ["tiny.json"], cellsPerClass: count, settings: ["original", "self"] },
      folder,
      "study",
    );
    const store = await timed("open cells", () => CellStore.open(cells));
    const study = fitToCells(given, store);
    const selection = await timed("select", () => selectCells(store.cells, study, store.verdicts));
    const plan = await timed("plan", () =>
      studyPlan(store, study, selection, studyGroups(store.cells, study, selection)),
    );
    await timed("write plan", () =>
      writePlan(join(folder, "plan"), plan, { ...store.cells, classOf: selection.classOf }),
    );
    const scales = await timed("scales", () =>
      measureScales(store, study.composite, groupOf(store.cells, study.composite.intensity)),
    );
    const dimensions = await tryEncoder(encoder, store);
    const { sets } = await timed("composites and features", () =>
      extract({
        store,
        plan,
        scales,
        composite: study.composite,
        encoders: [{ encoder, names: ["tiny"], dimensions }],
        folder: join(folder, "features"),
      }),
    );
    const grid = new PairGrid();
    const index = new PlanIndex(plan);
    const rows = selection.rows.map((list) => list.subarray(0, 1000));
    await timed("probes", () =>
      evaluateBlocks({
        layout: new StudyLayout(folder),
        sets,
        blocks: listBlocks(study.settings, selection.classes),
        classes: selection.classes,
        rows,
        index,
        splits: stratifiedPairs(
          rows.map((list) => list.length),
          5,
        ),
        grid: () => grid,
      }),
    );
    grid.dispose();
    store.close();
    return { cells: count, composites: plan.count, seconds, cpuSeconds, peakMiBUpTo: peaks };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const only = option("only", "");
if (only !== "") console.log(JSON.stringify(await measure(Number(only))));
else {
  const sizes = smoke ? [400, 800] : option("sizes", "10000,100000,1000000").split(",").map(Number);
  const rows = sizes.map((size) => {
    // The heap grows as that of the command does (src/cli.ts).
    const text = execFileSync(
      process.execPath,
      ["--heap-growing-percent=100", "--import", "tsx", import.meta.filename, "--only", String(size)],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const row = JSON.parse(text) as Measured;
    console.log(row);
    return row;
  });
  const sum = (of: Record<string, number>) => Object.values(of).reduce((a, b) => a + b, 0);
  const total = (r: Measured) => sum(r.seconds);
  const growth = (of: (r: Measured) => number) =>
    rows.slice(1).map((r, i) => Math.log(of(r) / of(rows[i])) / Math.log(r.cells / rows[i].cells));
  const exponents = growth(total);
  const cpuExponents = growth((r) => sum(r.cpuSeconds));
  const peak = rows.map((r) => Math.max(...Object.values(r.peakMiBUpTo)));
  console.log(`exponent of time from size to size: ${exponents.map((e) => e.toFixed(3)).join(", ")}`);
  console.log(`the same, seconds of the processor: ${cpuExponents.map((e) => e.toFixed(3)).join(", ")}`);
  console.log(`peak memory, MiB: ${peak.map((m) => m.toFixed(0)).join(", ")}`);
  record("growth", {
    side: SIDE,
    seed: 5,
    rows,
    totalSeconds: rows.map(total),
    exponents,
    cpuExponents,
    peakMiB: peak,
  });
}
