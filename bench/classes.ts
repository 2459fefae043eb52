/**
 * A screen: a study of 1,500 classes of a few drawn cells each, from the cell store to the report, with sampled pairs and
 * the probe of all classes. What a dry run says, seconds of the processor by stage, peak memory and the size of what it
 * leaves; one process a size.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellStoreWriter } from "../src/cells/store.ts";
import { mulberry32, namedSeed } from "../src/core/rng.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import type { StudyCost } from "../src/study/cost/cost.ts";
import { resolveStudy } from "../src/study/schema.ts";
import type { StudyOptions, StudyRun } from "../src/study.ts";
import { built, option, record, smoke } from "./harness.ts";

const SIDE = 16;
const FIELDS = 3;
const PER_FIELD = 2;
/** Features of the drawn encoder. */
const FEATURES = Number(option("features", "8"));

/** Every class has a brightness and a texture of its own, shown by the cell and by its neighbor. */
function writeCells(path: string, classes: number): void {
  const writer = new CellStoreWriter(path, { channels: ["GFP"], height: SIDE, width: SIDE }, "full", "drawn");
  const verdict: string[] = [];
  const crop = new Float32Array(SIDE * SIDE);
  const mask = new Uint8Array(SIDE * SIDE);
  for (let c = 0; c < classes; c++) {
    const own = mulberry32(namedSeed(1, "class", c));
    const [bright, wave, turn] = [200 + 300 * own(), 0.5 + 2 * own(), 3 * own()];
    for (let i = 0; i < FIELDS * PER_FIELD; i++) {
      const random = mulberry32(namedSeed(2, c, i));
      const field = mulberry32(namedSeed(3, c, i % FIELDS))();
      for (let p = 0; p < crop.length; p++) {
        const [y, x] = [Math.floor(p / SIDE), p % SIDE];
        mask[p] = Math.hypot(y - 7.5, x - 7.5) < 3.5 ? 1 : Math.hypot(y - 1, x - 14) < 3 ? 2 : 0;
        const texture = 1 + 0.5 * Math.sin(wave * (x * Math.cos(turn) + y * Math.sin(turn)));
        crop[p] = 100 + 20 * field + 40 * random() + (mask[p] === 0 ? 0 : bright * texture);
      }
      writer.append(crop, mask, {
        Metadata_Cell: `p${c}-${i}`,
        Metadata_Field: `p${c}-f${i % FIELDS}`,
        Metadata_Protein: `protein ${String(c).padStart(4, "0")}`,
        Metadata_Localization: c % 2 === 0 ? "one" : "two",
      });
      verdict.push("ok");
    }
  }
  writer.finish({ verdict, measures: new Map() });
}

function writeEncoder(folder: string): void {
  const graph = new OnnxGraph("tiny");
  const weights = Float32Array.from({ length: FEATURES * 9 }, (_, i) => Math.sin(3 * i));
  const x = graph.input("x", ["batch", 1, SIDE, SIDE]);
  const kernel = graph.weight("w", [FEATURES, 1, 3, 3], weights);
  const maps = graph.node("Conv", [x, kernel], { kernel_shape: [3, 3], strides: [2, 2] });
  graph.node("ReduceMean", [graph.node("Relu", [maps])], { axes: [2, 3], keepdims: 0 }, "y");
  graph.output("y", ["batch", FEATURES]);
  writeFileSync(join(folder, "tiny.onnx"), graph.encode());
  const description = {
    format: "cellswap-encoder",
    version: 1,
    name: "tiny",
    model: "tiny.onnx",
    input: { name: "x", channels: ["GFP"], height: SIDE, width: SIDE },
    preprocess: [{ step: "scale", factor: 0.01 }],
    outputs: [{ output: "y" }],
  };
  writeFileSync(join(folder, "tiny.json"), JSON.stringify(description));
}

interface Measured {
  readonly classes: number;
  readonly pairs: unknown;
  readonly composites: number;
  /** What a dry run says: seconds of the processor, and memory at most. */
  readonly said: StudyCost["seconds"];
  readonly saidMiB: number;
  /** By the clock. */
  readonly wall: number;
  /** Of the processor, all threads, until the stage ended; the last one is what follows the probes. */
  readonly seconds: Record<string, number>;
  readonly peakMiB: number;
  /** MB. */
  readonly sizes: Record<string, number>;
}

async function measure(classes: number, pairs: "none" | { sample: number }, keep: string): Promise<Measured> {
  const folder = keep === "" ? mkdtempSync(join(tmpdir(), "cellswap-classes-")) : keep;
  try {
    writeCells(join(folder, "cells"), classes);
    writeEncoder(folder);
    const { dryRun, runStudy } = await built<{
      dryRun(study: unknown, options: { out: string; workers?: number }): Promise<{ cost: StudyCost }>;
      runStudy(study: unknown, options: StudyOptions): Promise<StudyRun>;
    }>("study");
    const backgrounds = [0, 1].map(
      (k) => `protein ${String(Math.floor((k * classes) / 2)).padStart(4, "0")}`,
    );
    const study = resolveStudy(
      {
        title: `${classes} proteins`,
        cells: "cells",
        encoders: ["tiny.json"],
        class: "Protein",
        groupBy: "Field",
        backgrounds,
        pairs,
        settings: option("settings", "original,self,cell-free,different").split(","),
        learningCurve: false,
      },
      folder,
      "study",
    );
    const used = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    };
    const seconds: Record<string, number> = {};
    const out = join(folder, "study");
    // On one thread seconds by the clock are those of the processor.
    const said = (await dryRun(study, { out, workers: 1 })).cost.seconds;
    const saidMiB = (await dryRun(study, { out })).cost.memory / 2 ** 20;
    const [start, began] = [used(), performance.now()];
    let [stage, since] = ["check", start];
    const run = await runStudy(study, {
      out,
      force: true,
      onProgress: (now) => {
        if (now === stage) return;
        seconds[stage] = used() - since;
        [stage, since] = [now, used()];
      },
    });
    seconds[`${stage} and all that follows`] = used() - since;
    const size = (name: string) => statSync(join(folder, "study", name)).size / 1e6;
    return {
      classes,
      pairs,
      composites: run.composites,
      said,
      saidMiB,
      seconds: { ...seconds, total: used() - start },
      wall: (performance.now() - began) / 1000,
      peakMiB: process.resourceUsage().maxRSS / 1024,
      sizes: Object.fromEntries(
        ["report.html", "report.json", "view/summary.json", "results/pairs.csv", "results/effects.csv"].map(
          (name) => [name, size(name)],
        ),
      ),
    };
  } finally {
    if (keep === "") rmSync(folder, { recursive: true });
  }
}

const only = option("only", "");
const sample = Number(option("sample", "6"));
if (only !== "") {
  const pairs = sample === 0 ? "none" : { sample };
  console.log(JSON.stringify(await measure(Number(only), pairs, option("keep", ""))));
} else {
  // Of so many classes the probe of all is fitted in pieces.
  const sizes = smoke ? [12, 420] : option("sizes", "150,500,1500").split(",").map(Number);
  const rows = sizes.flatMap((size) =>
    (smoke ? (size === 12 ? [4, 0] : [4]) : [sample]).map((pairs) => {
      const text = execFileSync(
        process.execPath,
        [
          "--import",
          "tsx",
          import.meta.filename,
          "--only",
          String(size),
          "--sample",
          String(pairs),
          "--features",
          String(FEATURES),
          ...(smoke ? ["--smoke"] : []),
        ],
        { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
      );
      const row = JSON.parse(text) as Measured;
      console.log(row);
      return row;
    }),
  );
  record("classes", {
    side: SIDE,
    fields: FIELDS,
    cellsPerClass: FIELDS * PER_FIELD,
    features: FEATURES,
    rows,
  });
}
