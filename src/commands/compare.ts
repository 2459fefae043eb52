import type { Command } from "commander";
import { points } from "../core/format.ts";
import type { ComparedNumber, ComparedPair } from "../explore/compare.ts";
import { compareStudies } from "../study/compare/compare.ts";
import { print, printJson } from "./output.ts";
import { folderOfStudy } from "./study-place.ts";

interface Options {
  readonly encoder?: string;
  readonly against?: string;
  readonly json?: boolean;
}

/** Adds arguments, options and the action of `cellswap compare`. */
export function configure(command: Command): void {
  command
    .argument("<study>", "study folder, or the study file (.json) that it was made from")
    .argument("[other]", "another study of the same cells (default: the encoders of the one study)")
    .option("--encoder <name>", "encoder of the first study, with --against (default: every one)")
    .option("--against <name>", "encoder that it is compared with, of the other study where there is one")
    .option("--json", "print everything as JSON: single classes, transfer, capture and flips too")
    .addHelpText(
      "after",
      `
Differences of encoders on the same composites, first minus second, with paired
95 % intervals: of two encoders in one study, or in two studies of the same cells,
closed groups, donors and pixels. Other studies are refused with the key that
differs. Intervals of averages over classes hold for all pairs that are printed at
once, statement by statement; those of single classes each by itself.
docs/explorer.md says how to read them.

Example:
  cellswap compare yeast.study
  cellswap compare first.study second.study --encoder deeploc --against mynet`,
    )
    .action(run);
}

async function run(
  study: string,
  other: string | undefined,
  { encoder, against, json = false }: Options,
  command: Command,
): Promise<void> {
  if ((encoder === undefined) !== (against === undefined))
    command.error("error: --encoder and --against go together: give both, or none for all pairs");
  const [first, second] = [study, other ?? study].map(folderOfStudy);
  const encoders = encoder === undefined ? {} : { encoders: [encoder, against!] as const };
  const pairs = await compareStudies(first, second, encoders);
  if (json) printJson(pairs);
  else print(pairs.map((pair) => describe(pair)).join("\n\n"));
}

/** A pair as text: averages over classes. */
function describe({ first, second, numbers, atOnce, leftOut }: ComparedPair): string {
  const shown = numbers.filter((n) => n.class === null);
  const width = Math.max(...shown.map((n) => n.statement.length));
  const row = (n: ComparedNumber) => {
    const range =
      n.low === null || n.high === null
        ? `no interval: ${n.refused}`
        : `[${points(n.low)}, ${points(n.high)}]`;
    const [one, two, difference] = [n.first, n.second, n.estimate].map((v) => points(v).padStart(6));
    return `  ${n.statement.padEnd(width)}  ${one}  ${two}  ${difference}  ${range}`;
  };
  const sample = shown[0];
  return [
    `${first.encoder} minus ${second.encoder}: percent of each, and the difference in points`,
    ...shown.map(row),
    ...(sample === undefined
      ? []
      : [
          `  ${100 * sample.level} % intervals${atOnce > 1 ? ` for all ${atOnce} pairs at once` : ""}; ${sample.cells} cells, ${sample.clusters} ${sample.unit}s in the class with fewest; ${sample.groups} groups`,
        ]),
    ...(leftOut.length === 0 ? [] : [`  only in one study: ${leftOut.join(", ")}`]),
  ].join("\n");
}
