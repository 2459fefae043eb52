/**
 * What sensitivity costs in time, and what it says of encoders whose reading of the surroundings is known. Time: all
 * variants on the demo, after its study has run, against the study's own processor time; `--quick` for one encoder and its
 * twin. Truth: the oracles of `bench/influence/oracles.ts` (doses 0, 0.25 and 1 of what lies around the cell) on simulated
 * cells under every variant; `--truth` alone, `--time` alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, option, record, smoke } from "./harness.ts";
import { writeOracles } from "./influence/oracles.ts";

const { runDemo } = await built<typeof import("../src/demo.ts")>("demo");
const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");
const { numberOf } = await built<typeof import("../src/evidence/sensitivity.ts")>("evidence/sensitivity");

const quick = smoke || process.argv.includes("--quick");
const sensitivity = smoke ? ["erode-2", "keep"] : option("variants", "all").split(",");
const folder = mkdtempSync(join(tmpdir(), "cellswap-sensitivity-"));

async function timed(work: () => Promise<unknown>) {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

async function time(): Promise<void> {
  let study = "";
  const demo = await timed(async () => {
    study = (await runDemo(join(folder, "demo"), { quick, ...(smoke ? { cells: 10 } : {}) })).study;
  });
  const base = readStudyFile(study);
  const out = study.replace(/\.json$/, "");
  const again = await timed(() => runStudy(base, { out }));
  let variants = 0;
  const found = await timed(async () => {
    const done = await runStudy({ ...base, sensitivity }, { out });
    variants = done.sensitivity[0].variants.length;
  });
  const all = { wall: found.wall - again.wall, processor: found.processor - again.processor };
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${variants} variants: ${all.processor.toFixed(1)} s of processor, ${(all.processor / demo.processor).toFixed(2)} times the demo's own (${demo.processor.toFixed(1)} s), ${(all.processor / demo.processor / variants).toFixed(2)} for each; peak memory ${peakMiB} MiB`,
  );
  record(quick ? "sensitivity-quick" : "sensitivity", { variants, demo, again, all, peakMiB });
}

async function truth(): Promise<void> {
  const dataset = {
    seed: 12,
    localizations: ["cytoplasm", "ER", "mitochondrion", "nucleus", "vacuole"] as const,
    proteinsPerLocalization: 2,
    cellsPerProtein: smoke ? 6 : 30,
    fieldsPerProtein: 3,
  };
  await writeSimulatedCells(join(folder, "cells"), dataset);
  writeOracles(folder, [0, 0.25, 1]);
  const path = join(folder, "study.json");
  const settings = ["original", "self", "cell-free", "different"];
  const study = { cells: "cells", encoders: ["oracles.json"], settings, learningCurve: false, sensitivity };
  writeFileSync(path, JSON.stringify(study));
  const run = await runStudy(readStudyFile(path), { out: join(folder, "study") });
  const rows = run.sensitivity.flatMap((found) => {
    console.log(found.sentence);
    return ["as-run", ...found.variants.map((v) => v.variant)].map((variant) => {
      const number = (of: string, what?: "sensitivity-change") => {
        const n = numberOf(found, variant, of, what);
        return n === undefined ? null : { estimate: n.estimate, low: n.low, high: n.high };
      };
      const points = (of: string) => {
        const n = number(of);
        const range = n?.low == null ? "" : ` [${(100 * n.low).toFixed(1)}, ${(100 * n.high!).toFixed(1)}]`;
        return `${of} ${(100 * (n?.estimate ?? Number.NaN)).toFixed(1)}${range}`;
      };
      console.log(
        `${found.encoder.padEnd(16)} ${variant.padEnd(16)} ${["neighbor", "medium", "paste"].map(points).join(", ")}`,
      );
      return {
        encoder: found.encoder,
        variant,
        masks: found.variants.find((v) => v.variant === variant)?.masks ?? null,
        neighbor: number("neighbor"),
        change: number("neighbor", "sensitivity-change"),
        medium: number("medium"),
        paste: number("paste"),
        original: number("original"),
        "cell-free": number("cell-free"),
      };
    });
  });
  record("sensitivity-oracles", { dataset, rows });
}

try {
  if (!process.argv.includes("--time")) await truth();
  if (!process.argv.includes("--truth")) await time();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
