/**
 * The reference study: 1,642 real cells, 28 composites each, three encoders, pairwise SVMs on two choices of cells,
 * against the reference's own Python scripts. Workers are those of the built package: build first. Needs `../shared`;
 * without it, nothing is measured.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pciSource } from "../src/cells/formats/pci.ts";
import { CellStore, CellStoreWriter } from "../src/cells/store.ts";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { NpyReader } from "../src/files/npy.ts";
import { readCsv } from "../src/files/table.ts";
import type { Setting } from "../src/settings.ts";
import { groupOf, measureScales } from "../src/swap/intensity.ts";
import { makePlan } from "../src/swap/plan.ts";
import type { CompositeOptions } from "../src/types.ts";
import { bare, built, option, peerPython, record, smoke, spread } from "./harness.ts";

const shared = resolve(import.meta.dirname, "../../shared");
const reference = join(shared, "reference");
const images = join(shared, "data/yeast/images");
const swaps = ["same", "different"] as const;
/** What the reference calls inpaint + cellfree, feather, naive, and (here with another seed) dilated. */
const VARIANTS: readonly {
  settings: readonly Setting[];
  edge: "hard" | "soft";
  donorCenter: "fill" | "keep";
  seed: number;
}[] = [
  {
    settings: ["original", "masked", "background-only", ...swaps, "cell-free"],
    edge: "hard",
    donorCenter: "fill",
    seed: 1,
  },
  { settings: swaps, edge: "soft", donorCenter: "fill", seed: 1 },
  { settings: swaps, edge: "hard", donorCenter: "keep", seed: 1 },
  { settings: swaps, edge: "hard", donorCenter: "fill", seed: 2 },
];
const PREPROCESS = {
  deeploc: [{ step: "percentile", low: 0.1, high: 99.9, epsilon: 1e-6 }],
  pifia: [{ step: "standardize", epsilon: 1e-6 }],
  pci: [{ step: "minmax", epsilon: 1e-6 }],
};
const names = Object.keys(PREPROCESS) as (keyof typeof PREPROCESS)[];
const channelsOf = (name: string) => (name === "pifia" ? ["GFP"] : ["GFP", "RFP"]);

/** Crops and the reference's masks into a cell store, in its order. */
async function importCells(path: string): Promise<void> {
  const index = readCsv(join(reference, "index.csv"));
  const given = pciSource(images);
  const at = new Map(
    Array.from({ length: given.count }, (_, i) => [String(given.record(i).Metadata_Cell), i]),
  );
  const masks = new NpyReader(join(reference, "masks.npy"));
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP", "RFP"], height: 64, width: 64 },
    "full",
    "reference",
  );
  const mask = new Uint8Array(4096);
  const verdict: string[] = [];
  const ids = index
    .get("protein")!
    .map((protein, i) => `${protein}_${index.get("field")![i]}_${index.get("cell")![i]}`);
  // As the importer does, some cells ahead.
  const ahead = ids.slice(0, 16).map((id) => given.read(at.get(id)!));
  for (const [i, protein] of index.get("protein")!.entries()) {
    const field = `${protein}_${index.get("field")![i]}`;
    const id = ids[i];
    masks.read(i, 1, mask);
    const { crop } = await ahead.shift()!;
    if (i + 16 < ids.length) ahead.push(given.read(at.get(ids[i + 16])!));
    const record = { Metadata_Cell: id, Metadata_Protein: protein, Metadata_Field: field };
    writer.append(crop, mask, { ...record, Metadata_Localization: protein });
    verdict.push(index.get("ok")![i] === "1" ? "ok" : "failed");
  }
  masks.close();
  writer.finish({ verdict, measures: new Map() });
}

/** `n` evenly spaced rows of every class, as the reference picks them. */
function pick(rows: readonly number[][], n: number): Int32Array[] {
  return rows.map((r) => Int32Array.from({ length: n }, (_, k) => r[Math.floor((k * r.length) / n)]));
}

async function ours(folder: string) {
  const { PairGrid } = await built<typeof import("../src/evaluate/grid.ts")>("evaluate/grid");
  const { stratifiedPairs } = await built<typeof import("../src/evaluate/split.ts")>("evaluate/split");
  const { extract, tryEncoder } =
    await built<typeof import("../src/features/extract.ts")>("features/extract");
  const { evaluateBlocks } = await built<typeof import("../src/study/blocks.ts")>("study/blocks");
  const { listBlocks, PlanIndex } = await built<typeof import("../src/study/block.ts")>("study/block");
  const { StudyLayout } = await built<typeof import("../src/study/layout.ts")>("study/layout");
  const seconds: Record<string, number> = {};
  const timed = async <T>(stage: string, run: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await run();
    seconds[stage] = (seconds[stage] ?? 0) + (performance.now() - start) / 1000;
    return result;
  };
  const before = process.cpuUsage();
  const encoders = names.map((name) => {
    copyFileSync(join(reference, `onnx/${name}.onnx`), join(folder, `${name}.onnx`));
    const input = { name: "x", channels: channelsOf(name), height: 64, width: 64 };
    const outputs = [{ output: "max" }, { output: "mean" }];
    const head = { format: "cellswap-encoder", version: 1, name, model: `${name}.onnx` };
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ ...head, input, preprocess: PREPROCESS[name], outputs }),
    );
    return readEncoder(join(folder, `${name}.json`));
  });
  const cells = join(folder, "cells");
  await timed("import", () => importCells(cells));
  const store = await CellStore.open(cells);
  const classes = [...new Set(store.cells.protein!)].sort();
  const usable = [...store.cells.usable.keys()].filter((row) => store.cells.usable[row] === 1);
  const of = (name: string, field: string) =>
    usable.filter((row) => store.cells.protein![row] === name && store.cells.field[row].endsWith(field));
  const kinds = {
    all: pick(
      classes.map((name) => of(name, "")),
      200,
    ),
    heldout: pick(
      classes.map((name) => of(name, "_4")),
      60,
    ),
  };
  const grid = new PairGrid();
  const dimensions = await timed("trying the encoders", async () => {
    const found: (readonly number[])[] = [];
    for (const encoder of encoders) found.push(await tryEncoder(encoder, store));
    return found;
  });
  // The variants share one intensity, so its scales are measured once, as in a study.
  const scales = await timed("scales", () =>
    measureScales(store, { intensity: "field" }, groupOf(store.cells, "field")),
  );
  let composites = 0;
  let fits = 0;
  let encodingMs = 0;
  for (const [v, { settings, edge, donorCenter, seed }] of VARIANTS.entries()) {
    const composite: CompositeOptions = {
      edge,
      sigma: 1,
      donorCenter,
      halo: 3,
      intensity: "field",
      clip: [-1, 6],
      seed,
    };
    const plan = makePlan({
      classes,
      classOf: Int16Array.from(store.cells.protein!, (p) => classes.indexOf(p)),
      field: store.cells.field,
      protein: store.cells.protein!,
      usable: store.cells.usable,
      settings,
      sameDonor: "any",
      seed,
    });
    composites += plan.count;
    const targets = encoders.map((encoder, e) => ({
      encoder,
      names: ["max", "mean"].map((pool) => `${names[e]}.${pool}`),
      dimensions: dimensions[e],
    }));
    const { sets, ...made } = await timed("composites and encoding", () =>
      extract({
        store,
        plan,
        scales,
        composite,
        encoders: targets,
        folder: join(folder, `${v}-features`),
      }),
    );
    encodingMs += made.encodingMs;
    const index = new PlanIndex(plan);
    await timed("probes", async () => {
      for (const [kind, rows] of Object.entries(kinds)) {
        const found = await evaluateBlocks({
          layout: new StudyLayout(join(folder, `${v}-${kind}`)),
          sets: sets.filter((_, s) => s % 2 === 0),
          blocks: listBlocks(settings, classes),
          classes,
          rows,
          index,
          splits: stratifiedPairs(
            rows.map((list) => list.length),
            5,
          ),
          grid: () => grid,
        });
        for (const { pairs } of found) fits += pairs.length * 5;
      }
    });
  }
  await grid.dispose();
  store.close();
  const used = process.cpuUsage(before);
  return {
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    encodingSeconds: encodingMs / 1000,
    composites,
    fits,
  };
}

/** Seconds that the bare networks need for one composite, on all cores. */
async function pureEncoding(): Promise<number> {
  let seconds = 0;
  for (const name of names) {
    const dims = [16, channelsOf(name).length, 64, 64];
    seconds += 1 / (await bare(join(reference, `onnx/${name}.onnx`), dims, 2, 1, 4));
  }
  return seconds;
}

const total = (seconds: Record<string, number>) => Object.values(seconds).reduce((a, b) => a + b, 0);

if (!existsSync(images) || !existsSync(reference))
  console.log("skipped: the real crops and the reference (../shared) are not here");
else if (smoke) console.log("skipped: the reference study has no small form; run it without --smoke");
else {
  const rounds = Number(option("rounds", "1"));
  const peer = option("peer", "");
  const results: Awaited<ReturnType<typeof ours>>[] = [];
  const peers: Record<string, { wall: number; cpu: number }>[] = [];
  const encodings: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), "cellswap-study-"));
    try {
      // Before and after, as the machine drifts.
      const before = await pureEncoding();
      const result = await ours(folder);
      console.log(result);
      results.push(result);
      encodings.push((result.composites * (before + (await pureEncoding()))) / 2);
      console.log(`pure encoding: ${encodings[round].toFixed(1)} s`);
      const text =
        peer !== ""
          ? readFileSync(peer, "utf8")
          : process.argv.includes("--no-peers")
            ? ""
            : execFileSync(
                peerPython("study.txt"),
                [join(import.meta.dirname, "peers/study.py"), reference, images, join(folder, "peer")],
                { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
              );
      if (text !== "") peers.push(JSON.parse(text));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const walls = results.map((r) => total(r.seconds));
  const peerOf = (what: "wall" | "cpu") =>
    peers.map((p) => Object.values(p).reduce((sum, s) => sum + s[what], 0));
  const against = {
    wall: peers.map((_, i) => walls[i] / peerOf("wall")[i]),
    cpu: peers.map((_, i) => results[i].cpuSeconds / peerOf("cpu")[i]),
  };
  console.log({ walls, peers, against, overEncoding: walls.map((w, i) => w / encodings[i]) });
  record("study", {
    rounds: results,
    pureEncodingSeconds: encodings,
    peers,
    ...(peers.length === 0
      ? {}
      : { oursOfPeerWall: spread(against.wall), oursOfPeerCpu: spread(against.cpu) }),
    wholeOfEncoding: spread(walls.map((w, i) => w / encodings[i])),
  });
}
