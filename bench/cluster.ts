/**
 * The simulated cluster against a real Slurm of two nodes (`scripts/cluster/slurm.sh`; needs root), each of which has a core
 * of this machine and makes one shard at a time. What an attempt takes before its first batch, what a composite takes, the
 * spread, the queue and the time between two tasks are measured on few and many shards that nothing befalls. Then, for every
 * kind of trouble, what 16 shards take is predicted and measured: tasks killed at a known rate, attempts and a node that are
 * slow, nodes that lose power, and a disk that takes few bytes. `--nice -15` sets the tasks above other work on the machine;
 * `--only "nodes fail,a slow disk"` measures some of them, `--log` prints every attempt. `--smoke` predicts from numbers
 * that are given here, and starts no Slurm, which test/cluster does.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mulberry32, namedSeed } from "../src/core/rng.ts";
import { mean, quantile, standardDeviation } from "../src/core/statistics.ts";
import { writeSimulatedCells } from "../src/simulate/write-cells.ts";
import { runArray, type Cluster as Simulated } from "../src/study/shards/cluster.ts";
import { Cluster, type Node, noSlurm, until } from "../test/cluster/cluster.ts";
import { scripts } from "../test/cluster/sharded.ts";
import { built, option, record, smoke } from "./harness.ts";

if (!smoke && noSlurm !== undefined) {
  console.log(`skipped: ${noSlurm}`);
  process.exit(0);
}
const { planShards } = await built<typeof import("../src/study/shards/plan.ts")>("study/shards/plan");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");

const base = mkdtempSync(join(tmpdir(), "cellswap-cluster-"));
const study = join(base, "study.json");
const perClass = smoke ? 12 : Number(option("cells", "400"));
const rounds = Number(option("rounds", "3"));
const [few, between, many] = [4, 16, 32];
const nice = option("nice", "0");
const lateDisk = resolve(import.meta.dirname, "../scripts/cluster/late-disk.py");
const hasDisk = existsSync("/usr/lib/python3/dist-packages/fusepy.py") && existsSync("/dev/fuse");
/** What Slurm does by `slurm.sh`: cred_expire, and a second more. */
const REQUEUE = 6;

/** What befalls tasks and nodes. */
interface Trouble {
  readonly killsPerHour?: number;
  readonly stragglers?: Simulated["stragglers"];
  readonly speeds?: readonly [number, number];
  readonly failures?: { readonly perHour: number; readonly back: number };
  readonly disk?: number;
}
const TROUBLES: Record<string, Trouble> = {
  calm: {},
  "tasks killed": { killsPerHour: 180 },
  stragglers: { stragglers: { share: 0.25, times: 3 } },
  "a slow node": { speeds: [1, 0.5] },
  "nodes fail": { failures: { perHour: 60, back: 10 } },
  ...(smoke || hasDisk ? { "a slow disk": { disk: 0 } } : {}),
};
const only = option("only", "");
const troubles = Object.entries(TROUBLES).filter(([name]) => only === "" || only.split(",").includes(name));

/** An attempt of a task, as `cluster-task.mjs` notes it; milliseconds. */
interface Attempt {
  readonly task: string;
  readonly attempt: number;
  readonly node: string;
  readonly times: number;
  readonly began: number;
  readonly ended: number;
  readonly code: number | null;
}

/** Shards that were planned: where, and of each its composites, bytes and steps; seconds that the plan says of them. */
async function plan(shards: number) {
  const out = join(base, `planned-${shards}`);
  const planned = await planShards(readStudyFile(study), { shards, out, workers: 1 });
  const said = planned.seconds.features;
  const all = said.reduce((a, b) => a + b, 0);
  const width = Object.values(planned.shards.dimensions).reduce((n, d) => n + 4 * d + 12, 0);
  const tasks = said.map((own, i) => {
    const composites = (own / all) * planned.cost.composites;
    return { composites, bytes: composites * width, steps: Math.max(1, planned.steps[i]) };
  });
  return { out, shards, tasks, width, said: all / planned.cost.composites };
}
type Planned = Awaited<ReturnType<typeof plan>>;

/** A disk that takes 0.4 of what both nodes would write by the plan's estimate; bytes a second. */
const slowDisk = ({ width, said }: Planned): number => Math.round((0.8 * width) / said);

/** What is measured of the cluster where nothing befalls it; seconds. */
interface Measured {
  /** Of an attempt before its first batch, and of a composite. */
  readonly start: number;
  readonly composite: number;
  /** Standard deviation of the logarithm of an attempt's seconds. */
  readonly spread: number;
  /** From the submission to the first attempt; from an attempt's end to the next one's beginning. */
  readonly queue: number;
  readonly dispatch: number;
}

/** What shards take by the simulation: medians and the ends of nine tenths. */
function predict(
  name: string,
  { tasks }: Planned,
  { start, composite, spread, queue, dispatch }: Measured,
  { killsPerHour = 0, stragglers = { share: 0, times: 1 }, speeds = [1, 1], failures, disk }: Trouble,
) {
  const simulated: Simulated = {
    ...{ nodes: 2, cores: 1, taskCores: 1, speeds, stragglers, preemptions: killsPerHour },
    ...{ queue, dispatch, requeue: REQUEUE, attempts: 100 },
    spread: { node: 0, attempt: spread },
    // SlurmdTimeout of `slurm.sh`; a node starts in a few seconds.
    failures: failures === undefined ? { perHour: 0, noticed: 0, back: 0 } : { noticed: 5, ...failures },
    disk: disk ?? Number.POSITIVE_INFINITY,
  };
  const array = {
    tasks: tasks.map(({ composites, bytes, steps }) => ({
      seconds: composite * composites,
      bytes,
      pieces: steps,
    })),
    start,
  };
  const said = Array.from({ length: smoke ? 50 : 2000 }, (_, i) =>
    runArray(array, simulated, mulberry32(namedSeed(1, name, i))),
  );
  const range = (of: (r: (typeof said)[0]) => number) =>
    [0.5, 0.05, 0.95].map((q) => quantile(said.map(of), q));
  const predicted = { wall: range((r) => r.wall), repeated: range((r) => r.repeated) };
  console.log(
    `${name}: predicted ${predicted.wall.map((w) => w.toFixed(1))} s, ${predicted.repeated} repeated`,
  );
  return predicted;
}

const log = join(base, "log");
const trouble = join(base, "trouble.json");
const attempts = (): Attempt[] =>
  existsSync(log)
    ? readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => JSON.parse(line))
    : [];

/** Makes all shards on the cluster. @returns seconds by the clock, and all attempts that were noted */
async function run(
  cluster: Cluster,
  { out, shards }: Planned,
  { killsPerHour = 0, stragglers = { share: 0, times: 1 }, speeds = [1, 1], failures, disk }: Trouble,
  seed: number,
) {
  const folder = join(disk === undefined ? base : join(base, "slow"), "out");
  if (disk === undefined) {
    rmSync(folder, { recursive: true, force: true });
    cpSync(out, folder, { recursive: true });
  } else await cluster.login("bash", "-c", `rm -rf '${folder}' && cp -r '${out}' '${folder}'`);
  rmSync(log, { force: true });
  const own = { seed, killsPerHour, stragglers, speeds: { node1: speeds[0], node2: speeds[1] } };
  const cli = resolve(import.meta.dirname, "../dist/cli.js");
  writeFileSync(trouble, JSON.stringify({ ...own, nice, cli, log }));
  const began = Date.now();
  await cluster.submit(`--array=0-${shards - 1}`, join(scripts, "shard.sbatch"), study, "-o", folder);
  const over = new AbortController();
  let broken: unknown = null;
  const failing = (["node1", "node2"] as const).map((node) =>
    failures === undefined
      ? null
      : fail(cluster, node, failures, seed, over.signal).catch((error) => {
          broken = error;
        }),
  );
  const done = () => attempts().filter(({ code }) => code === 0);
  await until("all shards", 1200, () => {
    if (broken !== null) throw broken;
    return new Set(done().map(({ task }) => task)).size === shards;
  });
  over.abort();
  await Promise.all(failing);
  const all = attempts();
  // What the next run would have to wait for.
  await until("an empty queue", 60, async () => (await cluster.login("squeue", "--noheader")).trim() === "");
  return { began, wall: (Math.max(...done().map(({ ended }) => ended)) - began) / 1000, all };
}

/** Takes a node's power at drawn times, and gives it back. */
async function fail(
  cluster: Cluster,
  node: Node,
  { perHour, back }: { readonly perHour: number; readonly back: number },
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const random = mulberry32(namedSeed(seed, "fail", node));
  try {
    for (;;) {
      await sleep((-Math.log(1 - random()) * 3_600_000) / perHour, undefined, { signal });
      await cluster.node("kill", node);
      if (process.argv.includes("--log")) console.log(`${node} lost power at ${Date.now()}`);
      await sleep(1000 * back);
      await cluster.node("boot", node);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Seconds of every attempt that nothing befell, with the share of the composites that it made. */
const each = ({ tasks }: Planned, all: readonly Attempt[]) =>
  all.map(({ task, began, ended }) => ({
    composites: tasks[Number(task)].composites,
    seconds: (ended - began) / 1000,
  }));

/** Seconds between the end of an attempt and the beginning of the next on the same node. */
function gaps(all: readonly Attempt[]): number[] {
  return ["node1", "node2"].flatMap((node) => {
    const own = all.filter((a) => a.node === node).sort((a, b) => a.began - b.began);
    return own.slice(1).map(({ began }, i) => (began - own[i].ended) / 1000);
  });
}

/** The simulation, as Git names the content of its file. */
const simulation = () =>
  execFileSync("git", ["hash-object", resolve(import.meta.dirname, "../src/study/shards/cluster.ts")], {
    encoding: "utf8",
  }).slice(0, 7);

/** What was found of a kind of trouble. */
interface Found extends Trouble {
  readonly name: string;
  readonly simulation: string;
  readonly composites: number;
  readonly [more: string]: unknown;
}

/** Records what was found; what was measured before stays, but for the same of the same simulation. */
function keep(found: readonly Found[]): void {
  const results = resolve(import.meta.dirname, "results/cluster.json");
  const before: Found[] = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")).result.found : [];
  const key = ({ name, composites, simulation }: Found) => JSON.stringify([name, composites, simulation]);
  const now = new Set(found.map(key));
  record("cluster", {
    ...{ shards: { few, between, many }, nice, requeue: REQUEUE },
    found: [...before.filter((own) => !now.has(key(own))), ...found],
  });
}

async function writeStudy(): Promise<void> {
  await writeSimulatedCells(join(base, "cells"), {
    seed: 5,
    localizations: ["cytoplasm", "ER", "mitochondrion", "nucleus", "vacuole"],
    proteinsPerLocalization: 2,
    cellsPerProtein: Math.ceil(perClass / 2),
    fieldsPerProtein: 3,
  });
  writeFileSync(
    study,
    JSON.stringify({ cells: "cells", encoders: ["deeploc"], cellsPerClass: perClass, pairs: "none" }),
  );
}

/** A line through few long shards and many short ones: what each takes anyway, and what a composite takes. */
async function measure(cluster: Cluster, long: Planned, short: Planned): Promise<Measured> {
  const calm = [await run(cluster, long, {}, 1), await run(cluster, short, {}, 2)];
  const taken = [each(long, calm[0].all), each(short, calm[1].all)];
  const average = (list: (typeof taken)[0], key: "composites" | "seconds") =>
    mean(list.map((own) => own[key]));
  const composite = Math.max(
    1e-6,
    (average(taken[0], "seconds") - average(taken[1], "seconds")) /
      (average(taken[0], "composites") - average(taken[1], "composites")),
  );
  const start = Math.max(0, average(taken[1], "seconds") - composite * average(taken[1], "composites"));
  const off = taken.flat().map((own) => Math.log(own.seconds / (start + composite * own.composites)));
  return {
    start,
    composite,
    spread: standardDeviation(off, 2),
    queue: mean(calm.map(({ began, all }) => (Math.min(...all.map((a) => a.began)) - began) / 1000)),
    dispatch: mean(calm.flatMap(({ all }) => gaps(all))),
  };
}

/** Measures what was predicted, on a real Slurm. */
async function compare(cluster: Cluster): Promise<void> {
  for (const folder of ["bin", "real", "slow", "cluster"]) mkdirSync(join(base, folder));
  const task = `exec '${process.execPath}' '${join(import.meta.dirname, "cluster-task.mjs")}' "$@"`;
  writeFileSync(join(base, "bin/cellswap"), `#!/bin/sh\n${task}\n`, { mode: 0o755 });
  const [long, short] = [await plan(few), await plan(many)];
  const rate = slowDisk(short);
  if (hasDisk)
    writeFileSync(join(cluster.folder, "login.boot"), `${lateDisk} ${base}/real ${base}/slow 0 ${rate}\n`);
  const up = Date.now();
  await cluster.up();
  console.log(`Slurm is up after ${((Date.now() - up) / 1000).toFixed(1)} s`);
  const calm = await measure(cluster, long, short);
  const measured = { ...calm, pace: calm.composite / short.said };
  const text = Object.entries(measured).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
  console.log(`measured: ${text.join(", ")}; load ${loadavg()[0].toFixed(1)}`);

  const planned = await plan(between);
  const composites = planned.tasks.reduce((n, t) => n + t.composites, 0);
  const found: Found[] = [];
  for (const [name, given] of troubles) {
    const own = given.disk === undefined ? given : { ...given, disk: rate };
    const predicted = predict(name, planned, measured, own);
    const real = [];
    for (let round = 0; round < rounds; round++) {
      const { wall: took, all } = await run(cluster, planned, own, 100 + round);
      const again = Math.max(...all.map(({ attempt }) => attempt)) === 0 ? 0 : repeats(all);
      real.push({ wall: took, repeated: again, dispatch: mean(gaps(all)), load: loadavg()[0] });
      console.log(`  took ${took.toFixed(1)} s, ${again} repeated, load ${loadavg()[0].toFixed(1)}`);
      if (process.argv.includes("--log")) for (const line of all) console.log(JSON.stringify(line));
    }
    found.push({ name, simulation: simulation(), ...own, composites, measured, predicted, real });
  }
  keep(found);
}

/** Attempts beyond the first of every task; those that lost their node left no note of their own. */
function repeats(all: readonly Attempt[]): number {
  const last = new Map<string, number>();
  for (const { task, attempt } of all) last.set(task, Math.max(last.get(task) ?? 0, attempt));
  return [...last.values()].reduce((a, b) => a + b, 0);
}

const cluster = new Cluster(join(base, "cluster"), base, {
  PATH: `${join(base, "bin")}:${process.env.PATH}`,
  TROUBLE: trouble,
});
try {
  await writeStudy();
  if (smoke) {
    const planned = await plan(between);
    const given = { start: 1.5, composite: 7e-4, spread: 0.2, queue: 2.5, dispatch: 2.5 };
    for (const [name, own] of troubles)
      predict(name, planned, given, own.disk === undefined ? own : { ...own, disk: slowDisk(planned) });
  } else await compare(cluster);
} finally {
  if (!smoke) await cluster.down();
  rmSync(base, { recursive: true, force: true });
}
