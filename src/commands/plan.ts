import { type Command, InvalidArgumentError } from "commander";
import { gigabytes } from "../study/cost/limit.ts";
import type { ClusterCost, Spread } from "../study/shards/cluster.ts";
import { outlook, workloadOf } from "../study/shards/outlook.ts";
import type { ShardPlan } from "../study/shards/plan.ts";
import { deviceOption, positive, whole, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { progressOptions } from "./progress.ts";
import { planNamed, type StudyRunOptions } from "./study-run.ts";

/** More shards than any scheduler takes as one array. */
const MOST = 100_000;

interface Options extends StudyRunOptions {
  readonly shards: number;
  readonly nodes?: { readonly nodes: number; readonly cores: number };
  readonly shardCores?: number;
  readonly price?: number;
}

/** Cores that a shard is given where nobody says otherwise. */
const SHARD_CORES = 4;

/** Adds arguments, options and the action of `cellswap plan`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument("<study>", "study file (JSON), or its study folder")
    .requiredOption("--shards <n>", "into how many shards the work is divided", whole(1, MOST))
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .option("--nodes <nodes>x<cores>", "say what the study takes on such a cluster, by a simulation", nodes)
    .option(
      "--shard-cores <n>",
      `cores that a shard is given there (default: ${SHARD_CORES})`,
      whole(1, 1024),
    )
    .option("--price <amount>", "price of a core hour there, in any currency", positive)
    .option("--json", "print the plan as JSON")
    .addHelpText(
      "after",
      `
Draws the swap plan, tries every encoder, and writes into the study folder what
each shard makes: features first, then the probes of pairs. Shards are run on any
machines that see the folder, in any order, and a merge makes the report:
  cellswap plan yeast.json --shards 16
  sbatch --wait --array=0-15 --wrap "srun cellswap shard yeast.json"
  sbatch --wait --array=0-15 --wrap "srun cellswap shard yeast.json --stage probes"
  cellswap merge yeast.json

The number of shards changes no result. A study may be planned again, with
another number, at any time; what is made already stays. docs/cluster.md shows
it on Slurm, with Snakemake and with Nextflow.

Examples:
  cellswap plan yeast.json --shards 16
  cellswap plan yeast.json --shards 200 --json
  cellswap plan yeast.json --shards 64 --nodes 8x32 --price 0.04`,
    )
    .action(run);
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  if (options.nodes === undefined && (options.shardCores ?? options.price) !== undefined)
    command.error("error: --shard-cores and --price go with --nodes");
  const { plan, folder } = await planNamed(path, options);
  const clusters = simulated(plan, options);
  if (options.json)
    printJson({ out: folder, ...planJson(plan), ...(clusters.length === 0 ? {} : { cluster: clusters }) });
  else print([planText(plan, folder), ...clusterLines(clusters, options)].join("\n"));
}

/** Reads `8x32`: nodes, and the cores of each. */
function nodes(text: string): { nodes: number; cores: number } {
  const [, count, cores] = (/^(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  if (!(count >= 1 && count <= 10_000 && cores >= 1 && cores <= 1024))
    throw new InvalidArgumentError(
      "Give a number of nodes and the cores of each, as 8x32; up to 10,000 nodes of 1,024.",
    );
  return { nodes: count, cores };
}

/** What the study takes on the cluster that was named, with a quarter, all and four times as many shards. */
function simulated(
  plan: ShardPlan,
  { shards, nodes: given, shardCores = SHARD_CORES }: Options,
): ClusterCost[] {
  if (given === undefined) return [];
  const counts = new Set([Math.ceil(shards / 4), shards, Math.min(MOST, 4 * shards)]);
  return outlook(workloadOf(plan), { ...given, shardCores: Math.min(shardCores, given.cores) }, [...counts]);
}

function clusterLines(clusters: readonly ClusterCost[], { nodes: given, price }: Options): string[] {
  if (given === undefined) return [];
  const range = ({ median, low, high }: Spread, text: (value: number) => string) =>
    `${text(median)} (${text(low)} to ${text(high)})`;
  const hours = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)}`;
  return [
    `on ${given.nodes} nodes of ${given.cores} cores, by simulation (median of 200 runs, and where nine tenths of them lie; the estimate of work is taken as exact; queue, failures, stragglers, the disk and what a shard takes to start are guesses, see docs/cluster.md):`,
    ...clusters.map(({ shards, hours: wall, coreHours, repeated }) =>
      [
        `  ${shards} shards: ${range(wall, hours)} h`,
        `${range(coreHours, hours)} core hours`,
        ...(price === undefined ? [] : [`price ${range(coreHours, (value) => (price * value).toFixed(2))}`]),
        `${repeated.toFixed(1)} tasks started again`,
      ].join(", "),
    ),
  ];
}

/** What machines are asked for, a number for each shard. */
function planJson({ shards, seconds, cost }: ShardPlan) {
  const { shards: count, pieces, blocks } = shards;
  return {
    shards: count,
    composites: cost.composites,
    features: { parts: pieces.reduce((n, { parts }) => n + parts.length, 0), seconds: seconds.features },
    probes: { blocks: blocks.length, seconds: seconds.probes },
    /** Bytes of a shard, and of the merge, at most, about. */
    memory: cost.memory,
    cost,
  };
}

function planText({ shards, seconds, cost }: ShardPlan, folder: string): string {
  const { shards: count, pieces, blocks } = shards;
  const most = (costs: readonly number[]) => duration(Math.max(...costs));
  const number = (n: number) => n.toLocaleString("en-US");
  const idle = count - new Set(pieces.map(({ shard }) => shard)).size;
  return [
    `${count} ${count === 1 ? "shard" : "shards"}, numbered 0 to ${count - 1}, planned in ${folder}`,
    `features: ${number(cost.composites)} composites in ${number(pieces.length)} pieces${idle > 0 ? ` (${number(idle)} ${idle === 1 ? "shard has" : "shards have"} none)` : ""}, at most ${most(seconds.features)} of a processor a shard (estimate)`,
    `probes: ${number(blocks.length)} blocks, at most ${most(seconds.probes)} of a processor a shard (estimate)`,
    `memory: ${gigabytes(cost.memory)} a shard at most, about`,
  ].join("\n");
}

/** Seconds as people read them. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
