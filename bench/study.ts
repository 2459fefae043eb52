/**
 * The reference study: 1,642 real cells, 28 composites each, three encoders, pairwise SVMs on two choices of cells,
 * against the reference's own Python scripts. Workers are those of the built package: build first. Needs `../shared`;
 * without it, nothing is measured.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellStore } from "../src/cells/store.ts";
import { readEncoder } from "../src/encode/encoder-file.ts";
import type { Setting } from "../src/settings.ts";
import { groupOf, measureScales } from "../src/swap/intensity.ts";
import { makePlan } from "../src/swap/plan.ts";
import type { CompositeOptions } from "../src/types.ts";
import { bare, built, option, peerPython, record, smoke, spread } from "./harness.ts";
import { channelsOf, describeEncoders, images, importCells, isHere, names, reference } from "./reference.ts";

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
  const encoders = describeEncoders(folder).map(readEncoder);
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

if (!isHere) console.log("skipped: the real crops and the reference (../shared) are not here");
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
