import { type Command, InvalidArgumentError } from "commander";
import { encoderPath } from "../encode/bundled.ts";
import { type Device, onDevice } from "../encode/device.ts";
import { readEncoder } from "../encode/encoder-file.ts";
import { LIFTABLE, type Liftable } from "../masks/verdict.ts";
import { type CellFeatures, writeCellFeatures } from "../remedy/cell-features.ts";
import { deviceOption, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { programLines } from "./program.ts";
import { monitored, type ProgressOptions, progressOptions } from "./progress.ts";

export function configure(command: Command): void {
  progressOptions(command)
    .argument("<cells>", "cell store, as `cellswap import` makes it")
    .requiredOption(
      "--encoder <encoder>",
      "encoder description (NAME.json), or the name of a bundled encoder",
    )
    .requiredOption("-o, --out <file>", "table to write: NAME.parquet or NAME.h5ad (AnnData)")
    .option("--all", "take cells whose mask failed its quality checks as well")
    .option(
      "--allow <limits>",
      `limits of masks that leave no cell out, comma-separated: ${LIFTABLE.join(", ")}`,
      limits,
    )
    .option(
      "--remedy <name>",
      "take the neighbors out: recompose (4 donors), recompose-8, masked, masked-2 (2 px of halo stay), clear",
    )
    .option("--class <column>", "with --remedy: metadata column that holds the class (default: Localization)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
One row per cell as it was imaged, in the order of the store: its Metadata_
columns, by which the table joins others (Metadata_Plate, Metadata_Well,
Metadata_Site, Metadata_ImageNumber, Metadata_ObjectNumber), and its features
(ENCODER_0001, ...). When it was stopped, the same command goes on.
docs/anndata.md says what is in the file.

With --remedy recompose every cell is shown on the cell-free media of several
other cells and its features are averaged, so that its neighbors no longer
count. Columns say what they did: Metadata_NeighborInfluence (how far the
neighbors move the features, 1 being the distance between classes) and
Metadata_NeighborInfluence_Probability (what they add to the probability of
the cell's class), each with its standard error (_SE); Metadata_Neighbors and
Metadata_NeighborArea. Meanwhile OUT.unfinished takes cells x 2 x donors x
features x 4 bytes of disk.

Examples:
  cellswap features yeast.cells --encoder deeploc --out deeploc.parquet
  cellswap features yeast.cells --encoder deeploc --remedy recompose --out neighbor-free.h5ad`,
    )
    .action(run);
}

interface Options extends ProgressOptions {
  readonly encoder: string;
  readonly out: string;
  readonly all?: boolean;
  readonly allow?: readonly Liftable[];
  readonly remedy?: string;
  readonly class?: string;
  readonly workers?: number;
  readonly device?: Device;
}

async function run(cells: string, options: Options): Promise<void> {
  const { encoder, out, all, allow, remedy, workers, json = false } = options;
  const file = onDevice(readEncoder(encoderPath(encoder, process.cwd())), options.device ?? "cpu");
  const done = await monitored(options, async (monitor, signal) => {
    if (file.kind === "command") monitor.tell(programLines(file).join("\n"));
    const made = await writeCellFeatures(cells, file, {
      out,
      signal,
      ...(all === undefined ? {} : { all }),
      ...(allow === undefined ? {} : { allow }),
      ...(remedy === undefined ? {} : { remedy }),
      ...(options.class === undefined ? {} : { class: options.class }),
      ...(workers === undefined ? {} : { workers }),
      onProgress: monitor.stage("encode", "cells").update,
      onFlag: ({ severity, text }) => {
        if (severity !== "refuse") monitor.say(text, severity);
      },
    });
    for (const note of made.remedy?.notes ?? []) monitor.say(note, "note");
    return made;
  });
  if (json) printJson(done);
  else print(text(done));
}

/** Reads the value of `--allow`. */
function limits(text: string): readonly Liftable[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names)
    if (!LIFTABLE.includes(name as Liftable))
      throw new InvalidArgumentError(`${JSON.stringify(name)} is none of ${LIFTABLE.join(", ")}.`);
  return names as Liftable[];
}

function text({ out, cells, leftOut, outputs, remedy }: CellFeatures): string {
  const of = outputs.map(({ name, dimension }) => `${name} ${dimension}`).join(", ");
  const left =
    leftOut === 0 ? "" : `, ${leftOut} left out as their masks failed (--allow or --all takes them)`;
  const free = remedy === null ? "" : ` without neighbors (${remedy.name})`;
  return `${cells} cells${free}, features ${of}: ${out}${left}`;
}
