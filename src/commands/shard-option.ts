import { type Command, InvalidArgumentError, Option } from "commander";
import type { Shard } from "../files/shards.ts";
import { ranges } from "../files/shards.ts";
import type { ShardStatus } from "../study/shards/status.ts";
import { whole } from "./options.ts";
import type { Monitor, Progress } from "./progress.ts";

/** A shard as a person names it. */
export interface ShardGiven {
  /** Number, from 0; null: the one that the scheduler says. */
  readonly shard: number | null;
  /** How many there are; null: as planned. */
  readonly of: number | null;
}

/** Variables in which schedulers say which task of an array a process is. */
const VARIABLES = ["SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"] as const;

/** Reads `i/N`, `i` or `/N`. */
function parse(text: string): ShardGiven {
  const [, own, all] = /^(\d{1,9})?(?:\/(\d{1,9}))?$/.exec(text.trim()) ?? [];
  const [shard, of] = [own, all].map((digits) => (digits === undefined ? null : Number(digits)));
  if ((shard === null && of === null) || of === 0)
    throw new InvalidArgumentError("Give the number of a shard, from 0, as I or I/N.");
  if (shard !== null && of !== null && shard >= of)
    throw new InvalidArgumentError(`Of ${of} shards, numbered 0 to ${of - 1}, ${shard} is none.`);
  return { shard, of };
}

/** `--shard`, the same for every command that has it. */
export function shardOption(): Option {
  return new Option(
    "--shard <i/N>",
    `which shard, from 0; default: ${VARIABLES.join(", ")}, as schedulers set them`,
  ).argParser(parse);
}

/** Most shards of one work. */
const MOST = 1_000_000;

/**
 * Adds `--shard` and `--shards` to a command whose shards nobody plans: when it is run, its option `shard` is the shard
 * that is meant ({@link Shard}), or undefined for all of the work.
 */
export function dealtShardOptions(command: Command): Command {
  return command
    .addOption(shardOption())
    .option("--shards <N>", "as --shard /N: one of N shards, the scheduler says which", whole(1, MOST))
    .hook("preAction", (_, run) => {
      const { shard, shards } = run.opts<{ shard?: ShardGiven; shards?: number }>();
      run.setOptionValue("shard", dealtShard(run, shard, shards));
    });
}

function dealtShard(command: Command, given: ShardGiven | undefined, shards?: number): Shard | undefined {
  if (given === undefined && shards === undefined) return undefined;
  const count = given?.of ?? shards;
  if (count === undefined)
    return command.error(
      `error: --shard ${given?.shard} does not say of how many; give --shard ${given?.shard}/N`,
    );
  if (shards !== undefined && shards !== count)
    return command.error(`error: --shard says ${count} shards, and --shards ${shards}; give one of them`);
  if (count > MOST) return command.error(`error: --shard says ${count} shards; at most ${MOST} are made`);
  return { index: shardNumber(command, given, count), count };
}

/** Seconds for which machines may not see what others have written on a disk that they share (NFS, acdirmax). */
const WAIT = 60;

/** `--wait`, the same for every command that has it. */
export function waitOption(): Option {
  return new Option(
    "--wait <seconds>",
    "how long features are waited for that a shared disk does not show yet",
  )
    .argParser(whole(0, 86_400))
    .default(WAIT);
}

/** Shows what is waited for, once anything is. */
export function waiting(monitor: Monitor): (status: ShardStatus) => void {
  let bar: Progress | undefined;
  return ({ stages: [{ made, of, missing }] }) => {
    bar ??= monitor.stage("waiting", "parts");
    bar.update(made, of, `for shards ${ranges(missing)}`);
  };
}

/**
 * The number of the shard that a command line, or the scheduler, names.
 * @param of how many there are
 * @throws an error of the command line where neither does, or of another number of shards
 */
export function shardNumber(command: Command, given: ShardGiven | undefined, of: number): number {
  if (given?.of != null && given.of !== of)
    command.error(`error: --shard names one of ${given.of} shards, and ${of} are planned`);
  if (given?.shard != null) return inRange(command, given.shard, of, "--shard");
  for (const name of VARIABLES) {
    const value = process.env[name];
    if (value === undefined || value === "") continue;
    if (!/^\d{1,9}$/.test(value)) command.error(`error: ${name} is ${value}, which is no number of a shard`);
    return inRange(command, Number(value), of, name);
  }
  return command.error(
    `error: which shard? give --shard I/N, or run it as a task of an array (${VARIABLES[0]})`,
  );
}

function inRange(command: Command, shard: number, of: number, name: string): number {
  if (shard >= of)
    command.error(
      `error: ${name} is ${shard}, and the ${of} shards are numbered 0 to ${of - 1} (\`sbatch --array=0-${of - 1}\`)`,
    );
  return shard;
}

/** What is said of a shard of cells that is `made`, as "Imported". */
export function shardLines(
  made: string,
  { index, count, cells, path, done }: Shard & { cells: number; path: string; done: boolean },
  store: string,
): string {
  const what = `shard ${index}/${count}, ${cells.toLocaleString("en-US")} ${cells === 1 ? "cell" : "cells"}`;
  return `${done ? `There already: ${what}` : `${made} ${what}: ${path}`}\nwhen all are there: cellswap merge ${store}`;
}
