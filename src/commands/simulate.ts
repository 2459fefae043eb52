import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { LOCALIZATIONS, type Localization } from "../names.ts";
import type { DatasetOptions } from "../simulate/dataset.ts";
import { writeSimulatedCells } from "../simulate/write-cells.ts";
import { interruptible } from "./interruptible.ts";
import { share, whole } from "./options.ts";
import { progress } from "./progress.ts";

interface Options {
  readonly out: string;
  readonly cells: number;
  readonly proteins: number;
  readonly fields: number;
  readonly localizations?: readonly Localization[];
  readonly heterogeneous: number;
  readonly correlation: number;
  readonly seed: number;
  readonly proteome: number;
  readonly json?: boolean;
}

export function configure(command: Command): void {
  command
    .option("--out <cells>", "folder for the cell store", "cells")
    .option("--cells <n>", "cells per localization (and per heterogeneous protein)", whole(1), 60)
    .option("--proteins <n>", "proteins per localization", whole(0), 2)
    .option("--fields <n>", "fields per protein, at least", whole(1), 3)
    .option("--localizations <names>", "comma-separated, instead of all 15", parseLocalizations)
    .option("--heterogeneous <n>", "proteins in two or three localizations", whole(0), 0)
    .option(
      "--correlation <p>",
      "chance that a cell takes over its neighbor's localization, 0 to 1",
      share,
      0,
    )
    .option("--seed <n>", "names fields, cells and noise", whole(0), 1)
    .option("--proteome <n>", "names the proteins' traits", whole(0), 1)
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  cellswap simulate --out cells --cells 60 --seed 7\n\nThe truth about every cell is in truth.csv, the proteins and their\nproportions are in proteins.csv.",
    )
    .action(run);
}

function parseLocalizations(text: string): readonly Localization[] {
  return text.split(",").map((part) => {
    const found = LOCALIZATIONS.find((l) => l.toLowerCase() === part.trim().toLowerCase());
    if (found === undefined)
      throw new InvalidArgumentError(`"${part.trim()}" is not one of ${LOCALIZATIONS.join(", ")}.`);
    return found;
  });
}

async function run(options: Options, command: Command): Promise<void> {
  const localizations = [...new Set(options.localizations ?? LOCALIZATIONS)];
  if (options.proteins + options.heterogeneous === 0)
    command.error("error: --proteins 0: give --heterogeneous as well, or nothing is simulated");
  const dataset: DatasetOptions = {
    seed: options.seed,
    proteome: options.proteome,
    localizations,
    proteinsPerLocalization: options.proteins,
    heterogeneous: options.heterogeneous,
    cellsPerProtein: Math.max(1, Math.ceil(options.cells / Math.max(1, options.proteins))),
    cellsPerHeterogeneous: options.cells,
    fieldsPerProtein: options.fields,
    correlation: options.correlation,
  };
  const bar = progress("simulate", "cells", options.json === true);
  const summary = await interruptible((signal) =>
    writeSimulatedCells(options.out, dataset, { signal, onProgress: bar.update }),
  );
  bar.end();
  console.log(
    options.json === true
      ? JSON.stringify(summary, null, 2)
      : `${summary.cells} cells of ${summary.proteins} proteins in ${summary.fields} fields, ${summary.usable} usable: ${options.out}\nTruth: ${join(options.out, "truth.csv")} (cells), ${join(options.out, "proteins.csv")} (proportions)\nNext: cellswap run STUDY.json`,
  );
}
