/**
 * Neighbor-free features as the store grows: cells per second and peak memory of `cellswap features --remedy recompose`.
 * Memory: drawn cells of 16 x 16 px, tiled, through a tiny network with 64 features, and with 512. Speed: simulated yeast,
 * tiled, through a bundled encoder (`--encoder deeploc`, `--bundled 1000,4000` cells). One process a size; `--sizes`
 * (10000,30000,100000).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mulberry32 } from "../src/core/rng.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import { built, option, record, smoke } from "./harness.ts";

const { CellStoreWriter } = await built<typeof import("../src/cells/store.ts")>("cells/store");
const { encoderPath } = await built<typeof import("../src/encode/bundled.ts")>("encode/bundled");
const { readEncoder } = await built<typeof import("../src/encode/encoder-file.ts")>("encode/encoder-file");
const { writeCellFeatures } =
  await built<typeof import("../src/remedy/cell-features.ts")>("remedy/cell-features");
const { simulateDataset } = await built<typeof import("../src/simulate/dataset.ts")>("simulate/dataset");

const DONORS = 4;
const FEATURES = { tiny: 64, wide: 512 } as const;
const SIDE = 16;
const PER_FIELD = 100;
const CLASSES = ["one", "two", "three", "four"];

/** A crop with its mask, and the class it shows. */
interface Tile {
  readonly crop: Float32Array;
  readonly mask: Uint8Array;
  readonly label: number;
}

/** 64 drawn crops: a cell, and a neighbor in three of four. */
function drawnTiles(): Tile[] {
  const random = mulberry32(5);
  return Array.from({ length: 64 }, (_, t) => {
    const label = t % CLASSES.length;
    const crop = new Float32Array(SIDE * SIDE);
    const mask = new Uint8Array(SIDE * SIDE);
    for (let p = 0; p < mask.length; p++) {
      const [y, x] = [Math.floor(p / SIDE), p % SIDE];
      const center = Math.hypot(y - 7.5, x - 7.5) < 3.5;
      const neighbor = t % 16 >= 4 && Math.hypot(y - 1, x - 14) < 3.5;
      mask[p] = center ? 1 : neighbor ? 2 : 0;
      crop[p] = 100 + 20 * random() + (mask[p] === 0 ? 0 : 300 + label * 80 * Math.sin(x));
    }
    return { crop, mask, label };
  });
}

/** 240 simulated yeast cells of four localizations. */
function yeastTiles(): Tile[] {
  const localizations = ["nucleus", "ER", "vacuole", "mitochondrion"] as const;
  const options = {
    localizations,
    proteinsPerLocalization: 1,
    cellsPerProtein: 60,
    fieldsPerProtein: 3,
    seed: 7,
  };
  return [...simulateDataset(options)].map(({ crop, mask, cell }) => ({
    crop,
    mask,
    label: localizations.indexOf(cell.localization as (typeof localizations)[number]),
  }));
}

/** Writes `count` cells: the tiles over and over, 100 cells a field, each field of one class. */
function writeCells(
  path: string,
  tiles: readonly Tile[],
  count: number,
  channels: string[],
  side: number,
): void {
  const writer = new CellStoreWriter(path, { channels, height: side, width: side }, "full", "tiles");
  const byClass = CLASSES.map((_, label) => tiles.filter((tile) => tile.label === label));
  for (let i = 0; i < count; i++) {
    const field = Math.floor(i / PER_FIELD);
    const label = field % CLASSES.length;
    const { crop, mask } = byClass[label][i % byClass[label].length];
    writer.append(crop, mask, {
      Metadata_Cell: `c${i}`,
      Metadata_Protein: `P${label}`,
      Metadata_Field: `f${field}`,
      Metadata_Localization: CLASSES[label],
    });
  }
  const area = new Float64Array(count).fill(200);
  writer.finish({ verdict: new Array(count).fill("ok"), measures: new Map([["Quality_CenterArea", area]]) });
}

function tinyEncoder(folder: string, features: number): string {
  const graph = new OnnxGraph("tiny");
  const weights = Float32Array.from({ length: features * 9 }, (_, i) => Math.sin(7 * i));
  const x = graph.input("x", ["batch", 1, SIDE, SIDE]);
  const maps = graph.node("Conv", [x, graph.weight("w", [features, 1, 3, 3], weights)], { strides: [4, 4] });
  graph.node("ReduceMax", [graph.node("Relu", [maps])], { axes: [2, 3], keepdims: 0 }, "y");
  graph.output("y", ["batch", features]);
  writeFileSync(join(folder, "tiny.onnx"), graph.encode());
  const path = join(folder, "tiny.json");
  const input = { name: "x", channels: ["GFP"], height: SIDE, width: SIDE };
  const preprocess = [{ step: "minmax" }];
  const head = { format: "cellswap-encoder", version: 1, name: "tiny", model: "tiny.onnx" };
  writeFileSync(path, JSON.stringify({ ...head, input, preprocess, outputs: [{ output: "y" }] }));
  return path;
}

interface Measured {
  readonly encoder: string;
  readonly cells: number;
  readonly seconds: number;
  /** Up to the first composite: opening, scales, donors, neighbors. */
  readonly secondsBefore: number;
  /** Processor time of all threads. */
  readonly processorSeconds: number;
  readonly cellsPerSecond: number;
  readonly peakMiB: number;
  /** What the features of all composites take on disk. */
  readonly diskMiB: number;
}

async function measure(name: string, count: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-features-"));
  try {
    const cells = join(folder, "cells");
    const light = name === "tiny" || name === "wide";
    if (light) writeCells(cells, drawnTiles(), count, ["GFP"], SIDE);
    else writeCells(cells, yeastTiles(), count, ["GFP", "RFP"], 64);
    const encoder = readEncoder(light ? tinyEncoder(folder, FEATURES[name]) : encoderPath(name, folder));
    const start = performance.now();
    const before = process.cpuUsage();
    let first = 0;
    const { outputs } = await writeCellFeatures(cells, encoder, {
      out: join(folder, "features.parquet"),
      remedy: `recompose-${DONORS}`,
      onProgress: () => {
        if (first === 0) first = performance.now();
      },
    });
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    const features = outputs.reduce((n, o) => n + o.dimension, 0);
    return {
      encoder: name,
      cells: count,
      seconds,
      secondsBefore: (first - start) / 1000,
      processorSeconds: (user + system) / 1e6,
      cellsPerSecond: count / seconds,
      peakMiB: process.resourceUsage().maxRSS / 1024,
      diskMiB: (count * 2 * DONORS * features * 4) / 2 ** 20,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const only = option("only", "");
if (only !== "") {
  const [name, count] = only.split(":");
  console.log(JSON.stringify(await measure(name, Number(count))));
} else {
  const numbers = (text: string) => text.split(",").map(Number);
  const sizes = smoke ? [400, 800] : numbers(option("sizes", "10000,30000,100000"));
  const bundled = smoke ? [] : numbers(option("bundled", "1000,4000"));
  const encoder = option("encoder", "deeploc");
  const wide = smoke ? [] : [sizes[sizes.length >> 1]];
  const runs = [
    ...sizes.map((n) => `tiny:${n}`),
    ...wide.map((n) => `wide:${n}`),
    ...bundled.map((n) => `${encoder}:${n}`),
  ];
  const rows = runs.map((run) => {
    const args = ["--import", "tsx", import.meta.filename, "--only", run, ...(smoke ? ["--smoke"] : [])];
    const text = execFileSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const row = JSON.parse(text.trim().split("\n").at(-1)!) as Measured;
    console.log(row);
    return row;
  });
  record("features", { donors: DONORS, features: FEATURES, side: SIDE, perField: PER_FIELD, rows });
}
