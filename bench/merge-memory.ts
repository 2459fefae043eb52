/**
 * Memory of planning and of merging as the composites of a study grow: what the commands themselves hold at most, stage
 * by stage, from the start to the last look at the features. Cells are drawn tiles of 12 x 12 px with ids as screens have
 * them; the encoder gives two features, which are not computed but written as if shards had made them. What is measured is
 * the largest resident memory of the process that runs the command (VmHWM of Linux), threads included.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { CellStoreWriter } from "../src/cells/store.ts";
import { mulberry32 } from "../src/core/rng.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import { requestedShelves } from "../src/features/extract.ts";
import { FillingPart } from "../src/features/part.ts";
import { prepareStudy } from "../src/study/prepare.ts";
import { resolveStudy } from "../src/study/schema.ts";
import { piecesOf } from "../src/swap/segments.ts";
import { option, record, smoke } from "./harness.ts";

const SIDE = 12;
const PER_FIELD = 100;
const DIMENSION = 2;
/** Settings without a background class, `different` on the own class left out: composites of a cell are 2 K + 4. */
const perCell = (classes: number) => 2 * classes + 4;

/** Writes `count` cells of `classes` classes, ten proteins each. */
function writeCells(path: string, count: number, classes: number): void {
  const random = mulberry32(5);
  const pixels = SIDE * SIDE;
  const crop = new Uint8Array(pixels);
  const mask = new Uint8Array(pixels);
  for (let p = 0; p < pixels; p++) {
    const [y, x] = [Math.floor(p / SIDE), p % SIDE];
    mask[p] = Math.hypot(y - 5.5, x - 5.5) < 3 ? 1 : Math.hypot(y - 1, x - 10) < 2 ? 2 : 0;
  }
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP"], height: SIDE, width: SIDE, diameter: 6 },
    "full",
    "drawn tiles",
    "uint8",
  );
  const perClass = Math.ceil(count / classes);
  const perField = Math.min(PER_FIELD, Math.max(2, Math.floor(perClass / 8)));
  for (let i = 0; i < count; i++) {
    const own = Math.floor(i / perClass);
    const field = Math.floor((i % perClass) / perField);
    for (let p = 0; p < pixels; p++) crop[p] = (mask[p] === 0 ? 20 : 140) + 16 * random();
    // No two crops are alike.
    for (let b = 0; b < 4; b++) crop[b] = 20 + ((i >> (5 * b)) & 31);
    const name = String(own).padStart(4, "0");
    writer.append(crop, mask, {
      Metadata_Cell: `plate${name}-f${String(field).padStart(3, "0")}-c${String(i % perField).padStart(4, "0")}`,
      Metadata_Protein: `protein${name}-${i % 10}`,
      Metadata_Field: `plate${name}-f${String(field).padStart(3, "0")}`,
      Metadata_Localization: `class${name}`,
    });
  }
  const area = new Float64Array(count).fill(28);
  writer.finish({ verdict: new Array(count).fill("ok"), measures: new Map([["Quality_CenterArea", area]]) });
}

function writeEncoder(folder: string): void {
  const graph = new OnnxGraph("tiny");
  const weights = Float32Array.from({ length: DIMENSION * 9 }, (_, i) => Math.sin(i));
  const x = graph.input("x", ["batch", 1, SIDE, SIDE]);
  const maps = graph.node("Conv", [x, graph.weight("w", [DIMENSION, 1, 3, 3], weights)], {
    kernel_shape: [3, 3],
    strides: [3, 3],
  });
  graph.node("ReduceMax", [maps], { axes: [2, 3], keepdims: 0 }, "y");
  graph.output("y", ["batch", DIMENSION]);
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
}

/** Writes the features of every composite as shards would, of drawn numbers. */
async function writeFeatures(folder: string): Promise<number> {
  const out = join(folder, "study.study");
  const study = resolveStudy(JSON.parse(readFileSync(join(folder, "study.json"), "utf8")), folder, "study");
  const { study: fitted, store, plan, scales, targets, close } = await prepareStudy(study, { out });
  const request = { store, plan, scales, composite: fitted.composite, encoders: targets };
  const where = { ...request, folder: join(out, "features") };
  for (const { missing } of requestedShelves(where, piecesOf(plan), { look: true })[0][0]) {
    if (missing === null) continue;
    const part = new FillingPart(missing.base, missing.count, DIMENSION);
    part.write(
      0,
      Float32Array.from({ length: missing.count * DIMENSION }, (_, i) => Math.sin(i)),
    );
    part.finish(missing.rows());
  }
  await close();
  return plan.count;
}

/** Largest resident memory so far, MiB; 0 where the process has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

interface Measured {
  readonly peakMiB: number;
  readonly cpuSeconds: number;
  /** Up to the end of every stage. */
  readonly peakMiBUpTo: Record<string, number>;
}

/** The command line that is measured: that of this version, or of another one. */
const cli = resolve(option("cli", join(import.meta.dirname, "../dist/cli.js")));

/** Runs `cellswap ARGS` and looks at its memory. @param last stage after which it is stopped */
async function watch(args: string[], last: string | null): Promise<Measured> {
  const child = spawn(process.execPath, [cli, ...args, "--progress", "json"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const peakMiBUpTo: Record<string, number> = {};
  let [stage, peak, said, cpu] = ["start", 0, "", 0];
  let stopped = false;
  const look = () => {
    const now = peakOf(child.pid!);
    if (now === 0) return;
    peak = now;
    peakMiBUpTo[stage] = peak;
    cpu = cpuOf(child.pid!) || cpu;
  };
  const timer = setInterval(look, 20);
  for await (const line of createInterface(child.stderr!)) {
    look();
    const { stage: next, message } = JSON.parse(line) as { stage?: string; message?: string };
    if (message !== undefined) said = message;
    if (next === undefined || next === stage) continue;
    if (stage === last) {
      stopped = true;
      child.kill("SIGTERM");
    }
    stage = next;
  }
  clearInterval(timer);
  const code =
    child.exitCode ?? (await new Promise<number>((done) => child.once("exit", (c) => done(c ?? -1))));
  if (code !== 0 && !stopped) throw new Error(`cellswap ${args.join(" ")} ended with ${code}: ${said}`);
  return { peakMiB: peak, cpuSeconds: cpu, peakMiBUpTo };
}

/** Seconds of the processor that a process has used; 0 where it has ended. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

interface Row {
  readonly cells: number;
  readonly classes: number;
  readonly composites: number;
  /** Planning alone, nothing written (`run --dry-run`). */
  readonly dry?: Measured;
  readonly plan?: Measured;
  readonly merge?: Measured;
}

/** Measures one study of about so many composites. */
async function measure(wanted: number, classes: number): Promise<Row> {
  const folder = option("folder", "") || mkdtempSync(join(tmpdir(), "cellswap-merge-"));
  try {
    const cells = Math.ceil(wanted / perCell(classes));
    if (!existsSync(join(folder, "cells"))) writeCells(join(folder, "cells"), cells, classes);
    writeEncoder(folder);
    const study = join(folder, "study.json");
    writeFileSync(
      study,
      JSON.stringify({
        cells: "cells",
        encoders: ["tiny.json"],
        cellsPerClass: cells,
        pairs: "none",
      }),
    );
    const common = [study, "--out", join(folder, "study.study")];
    if (process.argv.includes("--dry")) {
      const dry = await watch(["run", ...common, "--dry-run", "--limit", "1000000"], null);
      return { cells, classes, composites: cells * perCell(classes), dry };
    }
    const plan = await watch(["plan", ...common, "--shards", "64"], null);
    const fill = ["--heap-growing-percent=100", "--import", "tsx", import.meta.filename, "--fill", folder];
    const composites = Number(execFileSync(process.execPath, fill, { encoding: "utf8" }));
    const merge = await watch(["merge", ...common, "--limit", "1000000"], option("until", "encode"));
    return { cells, classes, composites, plan, merge };
  } finally {
    if (option("folder", "") === "") rmSync(folder, { recursive: true });
  }
}

const fill = option("fill", "");
if (fill !== "") console.log(await writeFeatures(fill));
else {
  if (!smoke && !existsSync(resolve(import.meta.dirname, "../dist/cli.js")))
    throw new Error("run npm run build");
  const sizes = (smoke ? "4000" : option("sizes", "100000:48,1000000:48,10000000:48")).split(",");
  const rows: Row[] = [];
  for (const size of sizes) {
    const [composites, classes = 8] = size.split(":").map(Number);
    rows.push(await measure(composites, classes));
    console.log(JSON.stringify(rows.at(-1), null, 1));
  }
  record("merge-memory", { side: SIDE, dimension: DIMENSION, rows });
}
