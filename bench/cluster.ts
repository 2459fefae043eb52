/**
 * The simulated cluster against a real Slurm of two nodes (`scripts/cluster/slurm.sh`; needs root), each of which has a core
 * of this machine and makes one shard at a time. What an attempt takes before its first batch, what a composite takes, the
 * spread, the queue and the time between two tasks are measured on few and many shards that nothing befalls. Then, for every
 * kind of trouble, what 16 shards take is predicted and measured: tasks killed at a known rate, attempts and a node that are
 * slow, nodes that lose power, and a disk that takes few bytes. `--nice -15` sets the tasks above other work on the machine;
 * `--only "nodes fail,a slow disk"` measures some of them, `--log` prints every attempt.
 */
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

if (noSlurm !== undefined) {
  console.log(`skipped: ${noSlurm}`);
  process.exit(0);
}
const { planShards } = await built<typeof import("../src/study/shards/plan.ts")>("study/shards/plan");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");

const base = mkdtempSync(join(tmpdir(), "cellswap-cluster-"));
const study = join(base, "study.json");
const perClass = smoke ? 12 : Number(option("cells", "400"));
const rounds = smoke ? 1 : Number(option("rounds", "3"));
const [few, between, many] = smoke ? [1, 2, 3] : [4, 16, 32];
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
  ...(hasDisk ? { "a slow disk": { disk: 0 } } : {}),
};
const only = option("only", smoke ? "tasks killed" : "");
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

const results = resolve(import.meta.dirname, "results/cluster.json");
const found: Record<string, unknown>[] = [];
const cluster = new Cluster(join(base, "cluster"), base, {
  PATH: `${join(base, "bin")}:${process.env.PATH}`,
  TROUBLE: trouble,
});
try {
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
  for (const folder of ["bin", "real", "slow", "cluster"]) mkdirSync(join(base, folder));
  const task = `exec '${process.execPath}' '${join(import.meta.dirname, "cluster-task.mjs")}' "$@"`;
  writeFileSync(join(base, "bin/cellswap"), `#!/bin/sh\n${task}\n`, { mode: 0o755 });
  const [long, short] = [await plan(few), await plan(many)];
  // A disk that takes 0.4 of what both nodes would write by the plan's estimate.
  const rate = Math.round((0.8 * short.width) / short.said);
  if (hasDisk)
    writeFileSync(join(cluster.folder, "login.boot"), `${lateDisk} ${base}/real ${base}/slow 0 ${rate}\n`);
  const up = Date.now();
  await cluster.up();
  console.log(`Slurm is up after ${((Date.now() - up) / 1000).toFixed(1)} s`);

  // A line through few long shards and many short ones: what each takes anyway, and what a composite takes.
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
  const measured = {
    start,
    composite,
    pace: composite / short.said,
    spread: standardDeviation(off, 2),
    queue: mean(calm.map(({ began, all }) => (Math.min(...all.map((a) => a.began)) - began) / 1000)),
    dispatch: mean(calm.flatMap(({ all }) => gaps(all))),
  };
  const text = Object.entries(measured).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
  console.log(`measured: ${text.join(", ")}; load ${loadavg()[0].toFixed(1)}`);

  const planned = await plan(between);
  const tasks = planned.tasks.map(({ composites, bytes, steps }) => ({
    seconds: composite * composites,
    bytes,
    pieces: steps,
  }));
  for (const [name, given] of troubles) {
    const own = given.disk === undefined ? given : { ...given, disk: rate };
    const { killsPerHour = 0, stragglers = { share: 0, times: 1 }, failures, disk, speeds } = own;
    const simulated: Simulated = {
      ...{
        nodes: 2,
        cores: 1,
        taskCores: 1,
        speeds: speeds ?? [1, 1],
        stragglers,
        preemptions: killsPerHour,
      },
      ...{ queue: measured.queue, dispatch: measured.dispatch, requeue: REQUEUE, attempts: 100 },
      spread: { node: 0, attempt: measured.spread },
      // SlurmdTimeout of `slurm.sh`; a node starts in a few seconds.
      failures: failures === undefined ? { perHour: 0, noticed: 0, back: 0 } : { noticed: 5, ...failures },
      disk: disk ?? Number.POSITIVE_INFINITY,
    };
    const said = Array.from({ length: smoke ? 50 : 2000 }, (_, i) =>
      runArray({ tasks, start }, simulated, mulberry32(namedSeed(1, name, i))),
    );
    const range = (of: (r: (typeof said)[0]) => number) =>
      [0.5, 0.05, 0.95].map((q) => quantile(said.map(of), q));
    const [wall, repeated] = [range((r) => r.wall), range((r) => r.repeated)];
    console.log(`${name}: predicted ${wall.map((w) => w.toFixed(1))} s, ${repeated} repeated`);
    const real = [];
    for (let round = 0; round < rounds; round++) {
      const { wall: took, all } = await run(cluster, planned, own, 100 + round);
      const again = Math.max(...all.map(({ attempt }) => attempt)) === 0 ? 0 : repeats(all);
      real.push({ wall: took, repeated: again, dispatch: mean(gaps(all)), load: loadavg()[0] });
      console.log(`  took ${took.toFixed(1)} s, ${again} repeated, load ${loadavg()[0].toFixed(1)}`);
      if (process.argv.includes("--log")) for (const line of all) console.log(JSON.stringify(line));
    }
    const composites = planned.tasks.reduce((n, t) => n + t.composites, 0);
    found.push({ name, ...own, composites, measured, predicted: { wall, repeated }, real });
  }
  // Kinds of trouble that were measured before, and are not now, stay in the record.
  const before: typeof found = existsSync(results)
    ? (JSON.parse(readFileSync(results, "utf8")).result.found ?? [])
    : [];
  const now = new Set(found.map(({ name }) => name));
  record("cluster", {
    ...{ shards: { few, between, many }, nice, requeue: REQUEUE },
    found: [...before.filter(({ name }) => !now.has(name)), ...found],
  });
} finally {
  await cluster.down();
  rmSync(base, { recursive: true, force: true });
}

/** Attempts beyond the first of every task; those that lost their node left no note of their own. */
function repeats(all: readonly Attempt[]): number {
  const last = new Map<string, number>();
  for (const { task, attempt } of all) last.set(task, Math.max(last.get(task) ?? 0, attempt));
  return [...last.values()].reduce((a, b) => a + b, 0);
}
