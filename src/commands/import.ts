import { type Command, Option } from "commander";
import { deeplocSource } from "../cells/formats/deeploc.ts";
import { type FolderOptions, folderSource } from "../cells/formats/folder.ts";
import { pciSource } from "../cells/formats/pci.ts";
import { pifiaSource } from "../cells/formats/pifia.ts";
import { type CellSource, type ImportSummary, importCells } from "../cells/importer.ts";
import { type Labels, readLabels } from "../cells/metadata/labels.ts";
import { importShard } from "../cells/shards/import-shard.ts";
import { type ShardPlan, shardOf } from "../cells/shards/shard-plan.ts";
import { checkReplaceable } from "../cells/store.ts";
import type { Shard } from "../files/shards.ts";
import { configureCrops } from "./import-crops.ts";
import { configureFields } from "./import-fields.ts";
import { configureLocations } from "./import-locations.ts";
import { list, positive } from "./options.ts";
import { print, printJson } from "./output.ts";
import { type Monitor, monitored, type ProgressOptions, progressOptions } from "./progress.ts";
import { dealtShardOptions, shardLines } from "./shard-option.ts";

interface Options extends ProgressOptions {
  readonly shard?: Shard;
  readonly shards?: number;
  readonly debug?: boolean;
  readonly out: string;
  readonly labels?: string;
  readonly diameter?: number;
  readonly missing?: readonly string[];
  readonly separator?: string;
}

/** What is to be imported: all of a source, or one shard of it where that was asked for. */
export type Planned = CellSource | ShardPlan;

export function configure(command: Command): void {
  command
    .usage("FORMAT SOURCE [options]")
    .addHelpText(
      "after",
      "\nExamples:\n  cellswap import pci images --labels labels.csv --out cells\n  cellswap import pci images --out cells --shard 3/16     (docs/cluster.md)\n\nEach format has its own help: cellswap import pci --help",
    );
  format(
    command,
    "pci <dir>",
    "Paired Cell Inpainting: PROTEIN/PROTEIN_FIELD_rfp_CELL_{gfp,rfp|bf}.tif",
    "cellswap import pci images --out cells",
  ).action((dir: string, options: Options) => run(() => pciSource(dir), options));
  format(
    command,
    "pifia <dir>",
    "PIFiA: PROTEIN/PROTEIN_{ch1,ch2,ch3,mask}_N.tiff, or NAME_{gfp,rfp,mask}.tiff",
    "cellswap import pifia data_subset --labels labels.csv",
  ).action((dir: string, options: Options) => run(() => pifiaSource(dir), options));
  format(
    command,
    "folder <dir>",
    "any TIFF or PNG crops, listed in a CSV",
    "cellswap import folder crops --manifest cells.csv\n  cellswap import folder crops --manifest excel.csv --missing nan,NA --separator ';'",
  )
    .requiredOption(
      "--manifest <csv>",
      "one row per cell: File_CHANNEL columns (or FileName_CHANNEL, URL_CHANNEL, File), and as known Mask, Cell, Protein, Localization, Plate, Well, Site, Field; other columns are kept",
    )
    .option("--channels <names>", "channels of the files in a column File, in order, comma between", list)
    .addOption(
      new Option("--masks <kind>", "what the masks know; found out from the labels by default").choices([
        "center",
        "full",
        "none",
      ]),
    )
    .action((dir: string, options: Options & FolderOptions) =>
      run(() => folderSource(dir, options), options),
    );
  configureDeeploc(command);
  configureFields(
    format(
      command,
      "fields <dir>",
      "whole images with label images: cuts the cells out",
      "cellswap import fields plate --manifest fields.csv --size 96 --out cells",
    ),
    run,
  );
  configureCrops(command, format, run);
  configureLocations(command, format, run);
}

function configureDeeploc(command: Command): void {
  format(
    command,
    "deeploc <file>",
    "DeepLoc data set (HDF5: data1, Index1, Info1, ...)",
    "cellswap import deeploc Chong_train_set.hdf5",
  ).action((file: string, options: Options) => run(() => deeplocSource(file), options));
}

function format(command: Command, usage: string, summary: string, example: string): Command {
  return dealtShardOptions(progressOptions(command.command(usage)).summary(summary).description(summary))
    .option("--out <cells>", "folder for the cell store", "cells")
    .option("--labels <csv>", "table with the columns protein and localization")
    .option(
      "--diameter <px>",
      "typical diameter of a cell (default: from the masks, else half the crop's shorter side)",
      positive,
    )
    .option(
      "--missing <texts>",
      "texts that stand for missing values in columns of text, comma between; nan, NA, None, ... are asked about by default",
      list,
    )
    .option("--separator <sign>", "what joins several localizations; | by default, ; and , are asked about")
    .option("--json", "print the summary as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText("after", `\nExample:\n  ${example}`);
}

/** What a plan may depend on besides its own options. */
export interface PlanContext {
  readonly labels: Labels | undefined;
  readonly signal: AbortSignal;
  readonly monitor: Monitor;
  /** Part of the source that is imported; null for all of it. */
  readonly shard: Shard | null;
}

async function run(
  plan: (context: PlanContext) => Planned | Promise<Planned>,
  options: Options,
): Promise<void> {
  const shard = options.shard ?? null;
  // Finding cells may take long: first what would stop the import at its end.
  checkReplaceable(options.out);
  const notes: string[] = [];
  const labels =
    options.labels === undefined
      ? undefined
      : readLabels(options.labels, options, (note) => notes.push(note));
  const { diameter } = options;
  if (shard !== null) {
    const made = await monitored(options, async (monitor, signal) => {
      const source = await plan({ labels, signal, monitor, shard });
      const onProgress = monitor.stage(`import shard ${shard.index}`, "cells").update;
      const choices = choicesOf(options);
      const part = "listing" in source ? source : shardOf(source, shard);
      return importShard(part, options.out, shard, { labels, diameter, signal, onProgress, choices });
    });
    if (options.json === true) printJson(made);
    else print(shardLines("Imported", made, options.out));
    return;
  }
  const imported = await monitored(options, async (monitor, signal) => {
    const source = (await plan({ labels, signal, monitor, shard })) as CellSource;
    return importCells(source, options.out, {
      ...{ labels, diameter, signal },
      onProgress: monitor.stage("import", "cells").update,
      choices: choicesOf(options),
      onTaken: (cells) => monitor.say(`import: ${cells} cells are taken from the import that was stopped`),
    });
  });
  const summary = { ...imported, notes: [...notes, ...imported.notes] };
  if (options.json === true) printJson(summary);
  else print(describe(summary, labels !== undefined).join("\n"));
}

/** The options that say which pixels are read, and how. */
function choicesOf(options: Options): Record<string, unknown> {
  const { out: _, json: __, labels: ___, progress: ____, log: _____, ...more } = options;
  const { shard: ______, shards: _______, debug: ________, ...choices } = more;
  return choices;
}

const names = new Intl.ListFormat("en-US");
const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string, many = `${one}s`) => `${number.format(n)} ${n === 1 ? one : many}`;

/** The summary in plain words, with what to type next. */
export function describe(summary: ImportSummary, labeled: boolean): string[] {
  const { out, labels, constant } = summary;
  const lines = [
    `${count(summary.cells, "cell")}${summary.proteins === 0 ? "" : ` of ${count(summary.proteins, "protein")}`} in ${count(summary.fields, "field")}, ${names.format(summary.channels)}, ${summary.height} x ${summary.width} px: ${out}`,
  ];
  if (labels.cellsWithLocalization > 0)
    lines.push(
      `${count(labels.cellsWithLocalization, "cell")} with ${count(labels.localizations, "localization")}.`,
    );
  else
    lines.push(
      summary.proteins > 0
        ? 'No localizations: give them with --labels, or set "class": "Protein" in the study.'
        : `No localizations: set "class" in the study to a column (${summary.columns.join(", ")}).`,
    );
  if (labeled && labels.unknown > 0)
    lines.push(
      `${count(labels.unknown, "protein")} not named in the labels: ${labels.firstUnknown.join(", ")}${labels.unknown > labels.firstUnknown.length ? ", ..." : ""}`,
    );
  if (labeled && labels.unused > 0)
    lines.push(`${count(labels.unused, "protein")} of the labels without cells here.`);
  if (summary.usable !== null) lines.push(describeMasks(summary));
  if (constant.cells > 0)
    lines.push(
      `Warning: ${count(constant.cells, "cell")} with a constant channel: ${constant.first.join(", ")}${constant.cells > constant.first.length ? ", ..." : ""}`,
    );
  lines.push(...summary.notes);
  if (summary.masks === "none") lines.push(`Next: cellswap segment ${out}${segmentHint(summary.channels)}`);
  else if (summary.masks === "center") lines.push(`Next: cellswap segment ${out} --neighbors`);
  else lines.push("Next: cellswap run STUDY.json");
  return lines;
}

/** Channels in which nuclei are stained, by name: cells that touch are found from them. */
const NUCLEI = /dna|dapi|hoechst|draq|nucle/i;

function segmentHint(channels: readonly string[]): string {
  const nuclei = channels.find((name) => NUCLEI.test(name));
  const others = channels.filter((name) => !NUCLEI.test(name));
  return nuclei === undefined || others.length === 0
    ? ""
    : ` --nuclei ${nuclei} --channel CHANNEL (a stain of the whole cell: ${others.join(", ")})`;
}

function describeMasks(summary: ImportSummary): string {
  const reasons = Object.entries(summary.reasons).map(([why, n]) => `${why} ${number.format(n)}`);
  const why =
    reasons.length === 0 ? "" : ` (left out: ${reasons.join(", ")}; see ${summary.out}/quality.csv)`;
  const kind = summary.masks === "full" ? "center cell and neighbors" : "center cell only";
  return `Masks (${kind}): ${number.format(summary.usable ?? 0)} of ${number.format(summary.cells)} usable${why}.`;
}
