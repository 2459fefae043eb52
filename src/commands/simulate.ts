import { join } from "node:path";
import type { Command } from "commander";
import { checkDataset, type DatasetOptions } from "../simulate/dataset.ts";
import type { OrganismName } from "../simulate/organism.ts";
import { ORGANISMS } from "../simulate/organisms.ts";
import { PHYSICS } from "../simulate/parameters.ts";
import type { SimulatedLocalization } from "../simulate/proteins.ts";
import { writeSimulatedCells } from "../simulate/write-cells.ts";
import { organismOption, positive, share, whole } from "./options.ts";
import { print, printJson } from "./output.ts";
import { monitored, type ProgressOptions, progressOptions } from "./progress.ts";

interface Options extends ProgressOptions {
  readonly out: string;
  readonly organism: OrganismName;
  readonly fieldsOut?: string;
  readonly cells: number;
  readonly proteins: number;
  readonly fields: number;
  readonly localizations?: string;
  readonly heterogeneous: number;
  readonly correlation: number;
  readonly proteinsPerField: number;
  readonly patchiness: number;
  readonly plates: number;
  readonly plateSpread: number;
  readonly confounded?: boolean;
  readonly seed: number;
  readonly proteome: number;
}

export function configure(command: Command): void {
  progressOptions(command)
    .option("--out <cells>", "folder for the cell store", "cells")
    .addOption(organismOption())
    .option("--fields-out <folder>", "folder for the whole fields as TIFF, with label images")
    .option("--cells <n>", "cells per localization (and per heterogeneous protein)", whole(1), 60)
    .option("--proteins <n>", "proteins per localization", whole(0), 2)
    .option("--fields <n>", "fields per protein, at least", whole(1), 3)
    .option("--localizations <names>", "comma-separated, instead of all")
    .option("--heterogeneous <n>", "proteins in two or three localizations", whole(0), 0)
    .option(
      "--correlation <p>",
      "chance that a cell takes over its neighbor's localization, 0 to 1",
      share,
      0,
    )
    .option("--proteins-per-field <n>", "co-culture: cells of n localizations share a field", whole(1), 1)
    .option("--patchiness <p>", "chance that a cell of a co-culture is as its neighbor, 0 to 1", share, 0)
    .option("--plates <n>", "plates with gain, medium, haze and blur of their own; 0: none", whole(0), 0)
    .option("--plate-spread <sd>", "how much plates differ (SD of the logarithms)", positive, PHYSICS.plate)
    .option("--confounded", "each localization on one plate instead of on all")
    .option("--seed <n>", "names fields, cells and noise", whole(0), 1)
    .option("--proteome <n>", "names the proteins' traits", whole(0), 1)
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      `
Examples:
  cellswap simulate --out cells --cells 60 --seed 7
  cellswap simulate --organism human --out human --fields-out fields
  cellswap simulate --out mixed --proteins-per-field 3 --fields 6
  cellswap simulate --out plates --plates 3 --plate-spread 0.5

The truth about every cell is in truth.csv, the proteins and their
proportions are in proteins.csv. yeast: GFP and RFP, crops of 64 px; human:
adherent cells with DNA, Microtubules, ER and Protein, crops of 128 px, and
the nuclei's masks in nuclei.npy. --fields-out writes a TIFF per channel and
label images of cells and nuclei; its fields.csv lists them. With co-cultures
and plates the store knows where its cells are, and field-cells.csv lists
every cell of every field.`,
    )
    .action(run);
}

/** The localizations that were asked for, each once. */
function chosen({ localizations, organism }: Options, command: Command): readonly SimulatedLocalization[] {
  const all = ORGANISMS[organism].localizations;
  if (localizations === undefined) return all;
  const found = localizations.split(",").map((part) => {
    const name = part.trim();
    const known = all.find((l) => l.toLowerCase() === name.toLowerCase());
    return known ?? command.error(`error: --localizations: "${name}" is not one of ${all.join(", ")}`);
  });
  return [...new Set(found)];
}

async function run(options: Options, command: Command): Promise<void> {
  const { organism } = options;
  const localizations = chosen(options, command);
  if (options.proteins + options.heterogeneous === 0)
    command.error("error: --proteins 0: give --heterogeneous as well, or nothing is simulated");
  if (options.patchiness > 0 && options.proteinsPerField === 1)
    command.error("error: --patchiness is for fields of several proteins; give --proteins-per-field as well");
  const dataset: DatasetOptions = {
    organism,
    seed: options.seed,
    proteome: options.proteome,
    localizations,
    proteinsPerLocalization: options.proteins,
    heterogeneous: options.heterogeneous,
    cellsPerProtein: Math.max(1, Math.ceil(options.cells / Math.max(1, options.proteins))),
    cellsPerHeterogeneous: options.cells,
    fieldsPerProtein: options.fields,
    correlation: options.correlation,
    ...(options.proteinsPerField === 1
      ? {}
      : { proteinsPerField: options.proteinsPerField, patchiness: options.patchiness }),
    ...(options.plates === 0 ? {} : { plates: options.plates, physics: { plate: options.plateSpread } }),
    ...(options.confounded === true ? { plateLayout: "confounded" } : {}),
  };
  try {
    checkDataset(dataset);
  } catch (error) {
    command.error(`error: ${(error as Error).message}`);
  }
  const summary = await monitored(options, (monitor, signal) =>
    writeSimulatedCells(options.out, dataset, {
      fieldsOut: options.fieldsOut,
      signal,
      onProgress: monitor.stage("simulate", "cells").update,
    }),
  );
  if (options.json === true) printJson(summary);
  else
    print(
      `${summary.cells} cells of ${summary.proteins} proteins in ${summary.fields} fields, ${summary.usable} usable: ${options.out}\nTruth: ${join(options.out, "truth.csv")} (cells), ${join(options.out, "proteins.csv")} (proportions)\nNext: cellswap run STUDY.json`,
    );
}
