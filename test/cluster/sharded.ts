import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { tree } from "../faults/harness.ts";
import type { Cluster } from "./cluster.ts";

/** Scripts for Slurm as the package brings them. */
export const scripts = resolve(import.meta.dirname, "../../workflows/slurm");

/** Puts a `cellswap` into `folder` that starts the built package; for the PATH of a cluster. */
export function installCommand(folder: string, dist: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "cellswap");
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${join(dist, "cli.js")}" "$@"\n`);
  chmodSync(file, 0o755);
  return folder;
}

/** A study that is made in shards on a cluster, by the scripts that the package brings. */
export class ShardedStudy {
  readonly #cluster: Cluster;
  readonly #study: string;
  readonly out: string;

  constructor(cluster: Cluster, study: string, out: string) {
    this.#cluster = cluster;
    this.#study = study;
    this.out = out;
  }

  /** Runs a command of cellswap for this study on the controller. */
  cellswap(command: string, ...options: string[]): Promise<string> {
    return this.#cluster.login("cellswap", command, this.#study, "-o", this.out, ...options);
  }

  plan(shards: number): Promise<string> {
    return this.cellswap("plan", "--shards", String(shards), "--progress", "none");
  }

  /** Ranges of the shards that lack something of the first stage that is not done. */
  async missing(): Promise<string> {
    return (await this.cellswap("status", "--missing")).trim();
  }

  /** Submits shards as an array, with further options of sbatch; gives its number. */
  submit(ranges: string, ...options: string[]): Promise<string> {
    const script = join(scripts, "shard.sbatch");
    return this.#cluster.submit(`--array=${ranges}`, ...options, script, this.#study, "-o", this.out);
  }

  /** Makes the report of the shards, on the controller. */
  merge(): Promise<string> {
    return this.cellswap("merge", "--progress", "none");
  }
}

/**
 * Makes the features of all shards of a planned study while nodes fail: the last shard runs on both nodes at once; then
 * node1 loses power between two files of a part, and node2 is cut off, so that its task runs a second time, from its
 * beginning, while the first is still there. All tasks succeed. Calls `tell` with what happens.
 * @throws Error where that is not what happens
 */
export async function makeAmidFaults(
  cluster: Cluster,
  made: ShardedStudy,
  shards: number,
  tell: (what: string) => void = () => {},
): Promise<void> {
  const last = String(shards - 1);
  const both = [cluster.hold("node1", "rename:2"), cluster.hold("node2", "rename:2")];
  const twice = [await made.submit(last, "--nodelist=node1"), await made.submit(last, "--nodelist=node2")];
  for (const { goOn } of await Promise.all(both.map((held) => held()))) await goOn();
  for (const job of twice) succeeded(await cluster.ended(job));
  tell(`shard ${last} ran on both nodes at once`);

  const holds = [cluster.hold("node1", "rename:2"), cluster.hold("node2", "rename:2")];
  const job = await made.submit(`0-${last}`);
  const [lost, cut] = await Promise.all(holds.map((held) => held()));
  const missing = await made.missing();
  if (missing !== `0-${shards - 2}`) throw new Error(`before any shard of the array is done ${missing} lack`);
  await cluster.node("kill", "node1");
  tell(`node1 lost power in shard ${lost.task}`);
  await cluster.node("cut", "node2");
  tell(`node2 was cut off in shard ${cut.task}`);
  const twin = cluster.hold("node1", "rename:1", cut.task);
  await cluster.node("boot", "node1");
  // Its turn comes after that of all others.
  const second = await twin(3600);
  await Promise.all([cut.goOn(), second.goOn()]);
  tell(`shard ${cut.task} went on on node2 while node1 made it as well`);
  await cluster.node("join", "node2");
  succeeded(await cluster.ended(job, 3600));
}

function succeeded(others: readonly string[]): void {
  if (others.length > 0) throw new Error(`tasks ended otherwise: ${others.join(", ")}`);
}

/** The plan of the shards, where the cells lie, and what killed tasks left half-written. */
const NOT_COMPARED = /^(shards|view\/sources)\.json$|\.part-/;

/** What differs between the study folder of a run on one machine and one that was made in shards, a line a file. */
export function differences(whole: string, sharded: string): string[] {
  const [expected, found] = [tree(whole), tree(sharded)];
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])]
    .filter((name) => expected[name] !== found[name] && !NOT_COMPARED.test(name))
    .map((name) => `${name} ${name in expected ? (name in found ? "differs" : "is missing") : "is more"}`)
    .sort();
}
