import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { ranges } from "../files/shards.ts";
import { STAGES, type Stage } from "../study/shards/file.ts";
import { type ShardStatus, shardStatusEverywhere } from "../study/shards/status.ts";
import { isCells, printCells } from "./merge-cells.ts";
import { print, printJson } from "./output.ts";
import { placeOfStudy } from "./study-place.ts";

interface Options {
  readonly out?: string;
  readonly missing?: boolean;
  readonly stage?: Stage;
  readonly json?: boolean;
}

/** Adds arguments, options and the action of `cellswap status`. */
export function configure(command: Command): void {
  command
    .argument(
      "<study>",
      "study file (JSON), or its study folder; or a cell store that is imported or segmented in shards",
    )
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option(
      "--missing",
      "print only the numbers of the shards to run next, as ranges; nothing where all is done",
    )
    .addOption(
      new Option(
        "--stage <stage>",
        "with --missing: of this stage (default: the first that lacks something)",
      ).choices(STAGES),
    )
    .option("--json", "print the status as JSON")
    .addHelpText(
      "after",
      `
Looks at names of files and keys of probes (in an object store: at its list), so
it may be asked at any time.

Examples:
  cellswap status yeast.json
  sbatch --array=$(cellswap status yeast.json --missing --stage features) \\
    --wrap "srun cellswap shard yeast.json"`,
    )
    .action(run);
}

async function run(path: string, { out, missing, stage, json }: Options): Promise<void> {
  if (isCells(path)) {
    printCells(path, { missing: missing === true, json: json === true });
    return;
  }
  const status = await shardStatusEverywhere(out ?? folderOf(path));
  const asked = status.stages.find((own) =>
    stage === undefined ? own.missing.length > 0 : own.stage === stage,
  );
  if (missing) print(ranges(asked?.missing ?? []));
  else if (json)
    printJson({
      shards: status.shards,
      stages: status.stages.map((own) => ({ ...own, ranges: ranges(own.missing) })),
    });
  else print(text(status));
}

/** The folder that `plan`, `shard` and `merge` take. */
function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : placeOfStudy(path).folder;
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
