import { type Command, Option } from "commander";
import { readStudyFile } from "../study/schema.ts";
import { readShards, STAGES, type Stage } from "../study/shards/file.ts";
import { makeShard, type ShardMade } from "../study/shards/make.ts";
import { deviceOption, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { programLines } from "./program.ts";
import { monitored, type Progress, progressOptions } from "./progress.ts";
import { type ShardGiven, shardNumber, shardOption, waiting, waitOption } from "./shard-option.ts";
import { placeOfStudy } from "./study-place.ts";
import type { StudyRunOptions } from "./study-run.ts";

interface Options extends StudyRunOptions {
  readonly shard?: ShardGiven;
  readonly stage: Stage;
  readonly wait: number;
}

/** Adds arguments, options and the action of `cellswap shard`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument(
      "<study>",
      "study file (JSON), or its study folder, in which `cellswap plan` planned the shards",
    )
    .addOption(shardOption())
    .addOption(
      new Option("--stage <stage>", "what of the shard is made; probes need all features")
        .choices(STAGES)
        .default("features"),
    )
    .addOption(waitOption())
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .option("--json", "print what was made as JSON")
    .addHelpText(
      "after",
      `
Shards run side by side on any machines that see the study folder. Each writes
its files under names of its own and gives them their names when they are whole,
so one that is killed, or run twice at once, harms nothing: run it again. What is
there is not made again; a shard that is done ends at once.

Examples:
  cellswap shard yeast.json --shard 3/16
  cellswap shard yeast.json --shard 3/16 --stage probes
  sbatch --array=0-15 --wrap "srun cellswap shard yeast.json"

Exit codes: 0 done, 1 bad data, files or study file, 2 wrong command line,
75 stopped (the same command goes on).`,
    )
    .action(run);
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const { file, folder } = placeOfStudy(path, options.out);
  const study = readStudyFile(file);
  const { stage, wait, workers, device } = options;
  const shard = shardNumber(command, options.shard, readShards(folder).shards);
  const made = await monitored(options, (monitor, signal) => {
    let fetched: Progress | undefined;
    let bar: Progress | undefined;
    const onFetch = (done: number, total: number) => {
      fetched ??= monitor.stage("cells", "MB");
      fetched.update(Math.round(done / 1e6), Math.round(total / 1e6));
    };
    const onProgress = (done: number, total: number) => {
      bar ??= monitor.stage(stage, stage === "features" ? "crops" : "blocks");
      bar.update(done, total);
    };
    return makeShard(study, {
      ...{ out: folder, stage, shard, wait, signal, onFetch, onProgress },
      ...(stage === "probes" ? { onWait: waiting(monitor) } : {}),
      ...(workers === undefined ? {} : { workers }),
      ...(device === undefined ? {} : { device }),
      onProgram: (encoder) => monitor.tell(programLines(encoder).join("\n")),
    });
  });
  if (options.json) printJson(made);
  else print(text(made));
}

function text({ shard, shards, stage, made }: ShardMade): string {
  const what = stage === "features" ? "composites encoded" : "blocks of probes fitted";
  return `shard ${shard} of ${shards}: ${made === 0 ? "all was there" : `${made.toLocaleString("en-US")} ${what}`}`;
}
