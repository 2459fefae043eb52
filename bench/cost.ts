/**
 * How near the time that a run says before it begins comes to what it takes, in seconds of the processor, so that other
 * programs on the machine do not matter. Simulated yeast, studies of several kinds; their preparation (plan, scales, trial
 * of encoders), which is over when the estimate is made, does not count.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mulberry32 } from "../src/core/rng.ts";
import { built, option, record, smoke } from "./harness.ts";

const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { OnnxGraph } = await built<typeof import("../src/encode/onnx/graph.ts")>("encode/onnx/graph");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { dryRun, runStudy } = await built<typeof import("../src/study.ts")>("study");

const folder = mkdtempSync(join(tmpdir(), "cellswap-cost-"));
const cells = smoke ? 8 : Number(option("cells", "100"));

/** Studies: classes of the first so many, at most so many cells of each. */
const STUDIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "small, 2 encoders": { encoders: ["deeploc", "deeploc-swap"], cellsPerClass: smoke ? 6 : 24 },
  published: { encoders: ["pci"], preset: "published" },
  "2 encoders, no curve": { encoders: ["deeploc", "pifia"], learningCurve: false },
  wide: { encoders: ["wide.json"], backgrounds: ["ER"], learningCurve: false },
  "wide, transfer alone": { encoders: ["wide.json"], backgrounds: ["ER"], pairs: "none" },
};

/** Random convolutions behind a pool: as many features as asked for, of a network that takes little time. */
function writeWide(features: number): void {
  const graph = new OnnxGraph("wide");
  const random = mulberry32(1);
  const kernel = Float32Array.from({ length: features * 2 * 49 }, () => random() - 0.5);
  const x = graph.input("x", ["batch", 2, 64, 64]);
  const weights = graph.weight("kernel", [features, 2, 7, 7], kernel);
  const map = graph.node("Relu", [graph.node("Conv", [x, weights], { strides: [8, 8] })], {}, "map");
  graph.output(map, ["batch", features, 8, 8]);
  writeFileSync(join(folder, "wide.onnx"), graph.encode());
  const description = {
    format: "cellswap-encoder",
    version: 1,
    name: "wide",
    model: "wide.onnx",
    input: { name: "x", channels: ["GFP", "RFP"], height: 64, width: 64 },
    preprocess: [{ step: "standardize", epsilon: 1e-6 }],
    outputs: [{ output: "map", layout: "NCHW", pool: "max" }],
  };
  writeFileSync(join(folder, "wide.json"), JSON.stringify(description));
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

try {
  await writeSimulatedCells(join(folder, "cells"), {
    seed: 5,
    localizations: ["cytoplasm", "ER", "mitochondrion", "nucleus", "vacuole"],
    proteinsPerLocalization: 2,
    cellsPerProtein: Math.ceil(cells / 2),
    fieldsPerProtein: 3,
  });
  writeWide(smoke ? 64 : 768);
  const rows: object[] = [];
  for (const [name, keys] of Object.entries(STUDIES)) {
    const path = join(folder, "study.json");
    writeFileSync(path, JSON.stringify({ cells: "cells", ...keys }));
    const study = readStudyFile(path);
    const out = join(folder, name);
    let said: Awaited<ReturnType<typeof dryRun>> | undefined;
    const before = await seconds(async () => {
      said = await dryRun(study, { out });
    });
    const took = (await seconds(() => runStudy(study, { out }))) - before;
    const { cost } = said!;
    const { encode, pairs, probes, results } = cost.seconds;
    const estimate = (encode + pairs) * cost.threads + probes + results;
    const row = {
      name,
      estimate,
      took,
      ratio: took / estimate,
      seconds: cost.seconds,
      measured: cost.measured,
      memory: cost.memory,
    };
    console.log(
      `${name}: said ${estimate.toFixed(1)} s of processor, took ${took.toFixed(1)} (${row.ratio.toFixed(2)}); measured on ${JSON.stringify(cost.measured)}`,
    );
    rows.push(row);
  }
  record("cost", { cells, rows, peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
