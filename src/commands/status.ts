import type { Command } from "commander";
import { ranges, type ShardStatus, shardStatus } from "../study/shards/status.ts";
import { print, printJson } from "./output.ts";
import { folderOfStudy } from "./study-place.ts";

interface Options {
  readonly out?: string;
  readonly missing?: boolean;
  readonly json?: boolean;
}

/** Adds arguments, options and the action of `cellswap status`. */
export function configure(command: Command): void {
  command
    .argument("<study>", "study file (JSON), or its study folder")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option(
      "--missing",
      "print only the numbers of the shards to run next, as ranges; nothing where all is done",
    )
    .option("--json", "print the status as JSON")
    .addHelpText(
      "after",
      `
Looks at the names of files only, so it may be asked at any time. The next shards
are those that lack features and, once none does, those that lack probes.

Examples:
  cellswap status yeast.json
  sbatch --array=$(cellswap status yeast.json --missing) --wrap "cellswap shard yeast.json"`,
    )
    .action(run);
}

function run(path: string, { out, missing, json }: Options): void {
  const status = shardStatus(out ?? folderOfStudy(path));
  if (missing) print(ranges(status.stages.find((stage) => stage.missing.length > 0)?.missing ?? []));
  else if (json)
    printJson({
      shards: status.shards,
      stages: status.stages.map((stage) => ({ ...stage, ranges: ranges(stage.missing) })),
    });
  else print(text(status));
}

function text({ shards, stages }: ShardStatus): string {
  return [
    `${shards} ${shards === 1 ? "shard" : "shards"}, numbered 0 to ${shards - 1}`,
    ...stages.map(({ stage, made, of, missing }) => {
      const what = stage === "features" ? "parts" : "blocks";
      const lacking = missing.length === 0 ? "all there" : `missing: shards ${ranges(missing)}`;
      return `${stage}: ${made} of ${of} ${what}, ${lacking}`;
    }),
  ].join("\n");
}
