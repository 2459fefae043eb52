import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { dealtShardOptions } from "../../src/commands/shard-option.ts";
import type { Shard } from "../../src/files/shards.ts";

afterEach(() => vi.unstubAllEnvs());

/** The shard that a command line means; what it says where it is wrong. */
async function shardOf(
  args: string,
  environment: Record<string, string> = {},
): Promise<Shard | string | undefined> {
  for (const name of ["SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"])
    vi.stubEnv(name, environment[name] ?? "");
  let found: Shard | undefined;
  const errors: string[] = [];
  const command = dealtShardOptions(
    new Command().exitOverride().configureOutput({ writeErr: (t) => errors.push(t) }),
  );
  command.action((options: { shard?: Shard }) => {
    found = options.shard;
  });
  await command
    .parseAsync(
      args.split(" ").filter((a) => a !== ""),
      { from: "user" },
    )
    .catch(() => {});
  return errors.length > 0 ? errors.join("").trim() : found;
}

test("a shard is named in full, or its number is that of the job array", async () => {
  expect(await shardOf("--shard 3/16")).toEqual({ index: 3, count: 16 });
  expect(await shardOf("--shard 3/16", { SLURM_ARRAY_TASK_ID: "5" })).toEqual({ index: 3, count: 16 });
  for (const name of ["SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"]) {
    expect(await shardOf("--shard /16", { [name]: "5" })).toEqual({ index: 5, count: 16 });
    expect(await shardOf("--shards 2", { [name]: "0" })).toEqual({ index: 0, count: 2 });
  }
  expect(await shardOf("--shard 2 --shards 4")).toEqual({ index: 2, count: 4 });
  expect(await shardOf("", { SLURM_ARRAY_TASK_ID: "5" })).toBeUndefined();
});

test("what is no shard is told with where it was said and what to do", async () => {
  for (const text of ["x", "1/2/3", "1.5/4", "/"])
    expect(await shardOf(`--shard ${text}`), text).toMatch("Give the number");
  expect(await shardOf("--shard 16/16")).toMatch("Of 16 shards, numbered 0 to 15, 16 is none");
  expect(await shardOf("--shards 16", { SLURM_ARRAY_TASK_ID: "16" })).toBe(
    "error: SLURM_ARRAY_TASK_ID is 16, and the 16 shards are numbered 0 to 15 (`sbatch --array=0-15`)",
  );
  expect(await shardOf("--shards 16", { JOB_COMPLETION_INDEX: "two" })).toMatch(
    "JOB_COMPLETION_INDEX is two",
  );
  expect(await shardOf("--shards 16")).toMatch("which shard? give --shard I/N");
  expect(await shardOf("--shard 3")).toBe("error: --shard 3 does not say of how many; give --shard 3/N");
  expect(await shardOf("--shard 3/8 --shards 16")).toBe(
    "error: --shard says 8 shards, and --shards 16; give one of them",
  );
});
