import type { Command } from "commander";
import { awaitShards } from "../study/shards/merge.ts";
import { isCells, mergeCells } from "./merge-cells.ts";
import { deviceOption, limitOption, workersOption } from "./options.ts";
import { print } from "./output.ts";
import { monitored, progressOptions } from "./progress.ts";
import { resultJson, resultText } from "./result.ts";
import { waiting, waitOption } from "./shard-option.ts";
import { placeOfStudy } from "./study-place.ts";
import { runNamed, type StudyRunOptions } from "./study-run.ts";

interface Options extends StudyRunOptions {
  readonly wait: number;
}

/** Adds arguments, options and the action of `cellswap merge`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument(
      "<study>",
      "study file (JSON), or its study folder; or a cell store that was imported or segmented in shards",
    )
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(waitOption())
    .addOption(workersOption())
    .addOption(deviceOption())
    .addOption(limitOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Holds the features of all shards to their check sums, fits the probes that no
shard has fitted, and writes the tables and the report. Nothing is copied. The
study folder is the one that \`cellswap run\` makes on one machine, to the byte.
Remedies and the sensitivity of effects, where a study asks for them, are made
here.

Of a cell store the shards that \`cellswap import --shard\` or \`cellswap segment
--shard\` made are joined, and removed.

Examples:
  cellswap merge yeast.json
  cellswap merge yeast.cells`,
    )
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  if (isCells(path)) return mergeCells(path, options);
  const { folder } = placeOfStudy(path, options.out);
  await monitored(options, (monitor, signal) =>
    awaitShards(folder, { wait: options.wait, signal, onWait: waiting(monitor) }),
  );
  const { done } = await runNamed("cellswap run", path, { ...options, encoded: true });
  print(options.json ? resultJson(done, folder) : resultText(done, folder));
}
