import type { Command } from "commander";
import { encoderPath } from "../encode/bundled.ts";
import { readEncoder } from "../encode/encoder-file.ts";
import { type CellFeatures, writeCellFeatures } from "../features/cell-features.ts";
import { interruptible } from "./interruptible.ts";
import { workersOption } from "./options.ts";
import { print, printJson, say } from "./output.ts";
import { programLines } from "./program.ts";
import { progress } from "./progress.ts";

export function configure(command: Command): void {
  command
    .argument("<cells>", "cell store, as `cellswap import` makes it")
    .requiredOption(
      "--encoder <encoder>",
      "encoder description (NAME.json), or the name of a bundled encoder",
    )
    .requiredOption("-o, --out <file>", "table to write: NAME.parquet or NAME.h5ad (AnnData)")
    .option("--all", "take cells whose mask failed its quality checks as well")
    .addOption(workersOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
One row per cell as it was imaged, in the order of the store: its Metadata_
columns, by which the table joins others (Metadata_Plate, Metadata_Well,
Metadata_Site, Metadata_ImageNumber, Metadata_ObjectNumber), and its features
(ENCODER_0001, ...). When it was stopped, the same command goes on.
docs/anndata.md says what is in the file.

Example:
  cellswap features yeast.cells --encoder deeploc --out deeploc.parquet`,
    )
    .action(run);
}

interface Options {
  readonly encoder: string;
  readonly out: string;
  readonly all?: boolean;
  readonly workers?: number;
  readonly json?: boolean;
}

async function run(cells: string, { encoder, out, all, workers, json = false }: Options): Promise<void> {
  const file = readEncoder(encoderPath(encoder, process.cwd()));
  if (file.kind === "command") say(programLines(file).join("\n"));
  const bar = progress("encode", "cells", json);
  const done = await interruptible((signal) =>
    writeCellFeatures(cells, file, {
      out,
      signal,
      ...(all === undefined ? {} : { all }),
      ...(workers === undefined ? {} : { workers }),
      onProgress: bar.update,
      onFlag: ({ severity, text }) => {
        if (!json) say(`${severity}: ${text}`);
      },
    }),
  );
  bar.end();
  if (json) printJson(done);
  else print(text(done));
}

function text({ out, cells, leftOut, outputs }: CellFeatures): string {
  const of = outputs.map(({ name, dimension }) => `${name} ${dimension}`).join(", ");
  const left = leftOut === 0 ? "" : `, ${leftOut} left out as their masks failed (--all takes them)`;
  return `${cells} cells, features ${of}: ${out}${left}`;
}
