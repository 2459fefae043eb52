import type { Command } from "commander";
import { gigabytes } from "../study/cost/limit.ts";
import type { ShardPlan } from "../study/shards/plan.ts";
import { deviceOption, whole, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { progressOptions } from "./progress.ts";
import { planNamed, type StudyRunOptions } from "./study-run.ts";

/** More shards than any scheduler takes as one array. */
const MOST = 100_000;

interface Options extends StudyRunOptions {
  readonly shards: number;
}

/** Adds arguments, options and the action of `cellswap plan`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument("<study>", "study file (JSON), or its study folder")
    .requiredOption("--shards <n>", "into how many shards the work is divided", whole(1, MOST))
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .option("--json", "print the plan as JSON")
    .addHelpText(
      "after",
      `
Draws the swap plan, tries every encoder, and writes into the study folder what
each shard makes: features first, then the probes of pairs. Shards are run on any
machines that see the folder, in any order, and a merge makes the report:
  cellswap plan yeast.json --shards 16
  sbatch --array=0-15 --wrap "cellswap shard yeast.json"
  sbatch --array=0-15 --wrap "cellswap shard yeast.json --stage probes"
  cellswap merge yeast.json

The number of shards changes no result. A study may be planned again, with
another number, at any time; what is made already stays. docs/cluster.md shows
it on Slurm, with Snakemake and with Nextflow.

Examples:
  cellswap plan yeast.json --shards 16
  cellswap plan yeast.json --shards 200 --json`,
    )
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  const { plan, folder } = await planNamed(path, options);
  if (options.json) printJson({ out: folder, ...planJson(plan) });
  else print(planText(plan, folder));
}

/** What machines are asked for, a number for each shard. */
function planJson({ shards, cost }: ShardPlan) {
  const { shards: count, pieces, blocks, seconds, memory } = shards;
  return {
    shards: count,
    composites: cost.composites,
    features: { parts: pieces.reduce((n, { parts }) => n + parts.length, 0), seconds: seconds.features },
    probes: { blocks: blocks.length, seconds: seconds.probes },
    /** Bytes of a shard, and of the merge, at most, about. */
    memory,
    cost,
  };
}

function planText({ shards, cost }: ShardPlan, folder: string): string {
  const { shards: count, pieces, blocks, seconds, memory } = shards;
  const most = (costs: readonly number[]) => duration(Math.max(...costs));
  const number = (n: number) => n.toLocaleString("en-US");
  const idle = count - new Set(pieces.map(({ shard }) => shard)).size;
  return [
    `${count} ${count === 1 ? "shard" : "shards"}, numbered 0 to ${count - 1}, planned in ${folder}`,
    `features: ${number(cost.composites)} composites in ${number(pieces.length)} pieces${idle > 0 ? ` (${number(idle)} ${idle === 1 ? "shard has" : "shards have"} none)` : ""}, at most ${most(seconds.features)} of a processor a shard (estimate)`,
    `probes: ${number(blocks.length)} blocks, at most ${most(seconds.probes)} of a processor a shard (estimate)`,
    `memory: ${gigabytes(memory)} a shard at most, about`,
  ].join("\n");
}

/** Seconds as people read them. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
