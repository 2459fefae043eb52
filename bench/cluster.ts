/**
 * The simulated cluster against a real one of two nodes: two cores of this machine, each of which runs one shard after the
 * other (`cellswap shard`), as a scheduler hands them out. What a shard takes before its first batch, the pace against the
 * estimate of the plan and the spread between shards are measured with few and with many shards; what a number of shards
 * in between takes is predicted, then measured. `--nice -15` sets both nodes above other work on the machine.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { mulberry32, namedSeed } from "../src/core/rng.ts";
import { mean, quantile, standardDeviation } from "../src/core/statistics.ts";
import { writeSimulatedCells } from "../src/simulate/write-cells.ts";
import { type Cluster, runArray } from "../src/study/shards/cluster.ts";
import { option, record, smoke } from "./harness.ts";

const cli = resolve(import.meta.dirname, "../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "cellswap-cluster-"));
const study = join(folder, "study.json");
const out = join(folder, "out");
const cells = smoke ? 12 : Number(option("cells", "60"));
const rounds = smoke ? 1 : Number(option("rounds", "3"));
const [few, between, many] = smoke ? [1, 2, 3] : [4, 10, 24];
const nice = option("nice", "0");

/** Runs a command on one core. @returns seconds by the clock */
function onCore(core: number, args: readonly string[]): Promise<number> {
  const began = performance.now();
  const words = ["-n", nice, "taskset", "-c", String(core), process.execPath, cli, ...args];
  const child = spawn("nice", [...words, "--progress", "none"], { stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((done, fail) => {
    child.once("exit", (code) =>
      code === 0 ? done((performance.now() - began) / 1000) : fail(new Error(`${args.join(" ")}: ${code}`)),
    );
  });
}

/** Plans anew, without features. @returns estimated seconds of every shard */
function plan(shards: number): readonly number[] {
  rmSync(out, { recursive: true, force: true });
  const words = ["plan", study, "--out", out, "--shards", String(shards), "--workers", "1", "--json"];
  const { stdout } = spawnSync("taskset", ["-c", "0", process.execPath, cli, ...words], { encoding: "utf8" });
  return JSON.parse(stdout).features.seconds;
}

/** Runs all shards on two nodes. @returns seconds from the first to the last, and of every shard */
async function runShards(shards: number): Promise<{ wall: number; each: number[] }> {
  const each: number[] = [];
  const began = performance.now();
  let next = 0;
  const node = async (core: number) => {
    while (next < shards) {
      const shard = next++;
      each[shard] = await onCore(core, [
        "shard",
        study,
        "--out",
        out,
        "--shard",
        String(shard),
        "--workers",
        "1",
      ]);
    }
  };
  await Promise.all([node(0), node(1)]);
  return { wall: (performance.now() - began) / 1000, each };
}

if (!existsSync(cli)) throw new Error("run npm run build");
if (spawnSync("taskset", ["-c", "0,1", "true"]).status !== 0) {
  console.log("skipped: taskset is not there, or there are not two cores");
  process.exit(0);
}
try {
  await writeSimulatedCells(join(folder, "cells"), {
    seed: 5,
    localizations: ["cytoplasm", "ER", "mitochondrion", "nucleus", "vacuole"],
    proteinsPerLocalization: 2,
    cellsPerProtein: Math.ceil(cells / 2),
    fieldsPerProtein: 3,
  });
  writeFileSync(study, JSON.stringify({ cells: "cells", encoders: ["deeploc", "pifia"], pairs: "none" }));
  // A line through few long shards and many short ones: what each takes anyway, and the pace of the rest.
  const [long, short] = [await measured(few), await measured(many)];
  const pace = (mean(long.each) - mean(short.each)) / (mean(long.said) - mean(short.said));
  const start = Math.max(0, mean(short.each) - pace * mean(short.said));
  const expected = (own: typeof long) => own.said.map((s) => start + pace * s);
  const off = [long, short].flatMap((own) => own.each.map((t, i) => Math.log(t / expected(own)[i])));
  const spread = standardDeviation(off, 2);

  const said = plan(between);
  const tasks = said.map((s) => ({ seconds: pace * s, bytes: 0, pieces: 1 }));
  const cluster: Cluster = {
    ...{ nodes: 2, cores: 1, taskCores: 1, queue: 0, dispatch: 0, preemptions: 0, attempts: 1 },
    ...{ spread: { node: 0, attempt: spread }, stragglers: { share: 0, times: 1 } },
    ...{ failures: { perHour: 0, back: 0 }, disk: Number.POSITIVE_INFINITY },
  };
  const walls = Array.from(
    { length: 1000 },
    (_, run) => runArray({ tasks, start }, cluster, mulberry32(namedSeed(1, run))).wall,
  );
  const predicted = [0.5, 0.05, 0.95].map((q) => quantile(walls, q));
  const real: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round > 0) plan(between);
    real.push((await runShards(between)).wall);
    console.log(`measured ${real.at(-1)!.toFixed(1)} s, load ${loadavg()[0].toFixed(1)}`);
  }
  const [median, low, high] = predicted;
  console.log(
    `${between} shards: predicted ${median.toFixed(1)} s (${low.toFixed(1)} to ${high.toFixed(1)}); start ${start.toFixed(2)} s, pace ${pace.toFixed(2)}, spread ${spread.toFixed(3)}`,
  );
  const number = { few, between, many };
  record("cluster", { number, nice, load: loadavg()[0], start, pace, spread, median, low, high, real });
} finally {
  rmSync(folder, { recursive: true });
}

async function measured(shards: number) {
  const said = plan(shards);
  const { wall, each } = await runShards(shards);
  console.log(
    `${shards} shards: ${wall.toFixed(1)} s, each ${mean(each).toFixed(2)} s (said ${mean(said).toFixed(2)})`,
  );
  return { said, each };
}
