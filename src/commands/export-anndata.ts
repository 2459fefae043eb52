import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { type AnnDataExport, type AnnDataExportOptions, exportAnnData } from "../study/anndata/export.ts";
import { readStudyFile } from "../study/schema.ts";
import { print, printJson, say } from "./output.ts";

export function configureAnnData(command: Command): void {
  const summary = "the cells of a finished study with features and predictions, as AnnData (.h5ad)";
  command
    .command("anndata <study>")
    .summary(summary)
    .description(`Write ${summary}.`)
    .requiredOption(
      "-o, --out <file>",
      "file to write; of several encoders each gets its own, FILE.ENCODER.h5ad",
    )
    .option("--encoder <name>", "only this encoder (or output of one), by its name in the results")
    .option("--folder <folder>", "study folder, where it is not the study file's name with .study behind it")
    .option("--json", "print the result as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText(
      "after",
      `
<study> is the study file, or the study folder alone; then obs has no metadata
but cell, protein and field. X holds the features of the crops as imaged, obsm
those of every other setting (X_masked, X_different_ER, ...), obs what is known
and predicted of the cells. docs/anndata.md lists it all.

Example:
  cellswap export anndata study.json --out study.h5ad`,
    )
    .action(run);
}

interface Options {
  readonly out: string;
  readonly encoder?: string;
  readonly folder?: string;
  readonly json?: boolean;
}

async function run(given: string, { out, encoder, folder, json = false }: Options): Promise<void> {
  const alone = statSync(given, { throwIfNoEntry: false })?.isDirectory() === true;
  const study = alone ? undefined : readStudyFile(given);
  const place = alone ? given : resolve(folder ?? `${basename(given).replace(/\.json$/, "")}.study`);
  const options: AnnDataExportOptions = {
    ...(study === undefined ? {} : { study }),
    ...(encoder === undefined ? {} : { encoder }),
    onFile: (path) => {
      if (!json) say(`export: ${path}`);
    },
  };
  const done = await exportAnnData(place, out, options);
  if (json) printJson(done);
  else print(text(done, alone));
}

function text({ cells, files }: AnnDataExport, alone: boolean): string {
  return [
    ...files.map(
      ({ path, encoder, dimension }) => `${cells} cells, ${encoder} ${dimension} features: ${path}`,
    ),
    ...(alone ? ["Give the study file instead of its folder to have all metadata of the cells."] : []),
  ].join("\n");
}
