import type { Command } from "commander";
import { type ImportPlan, type ImportSummary, importCells } from "../cells/importer.ts";
import { readLabels } from "../cells/labels.ts";
import { planPci } from "../cells/pci.ts";
import { judgeMask } from "../masks/verdict.ts";
import { progress } from "./progress.ts";

interface Options {
  readonly out: string;
  readonly labels?: string;
  readonly json?: boolean;
}

export function configure(command: Command): void {
  command
    .usage("FORMAT SOURCE [options]")
    .addHelpText(
      "after",
      "\nExample:\n  cellswap import pci images --labels labels.csv --out cells\n\nEach format has its own help: cellswap import pci --help",
    );
  format(
    command,
    "pci",
    "<dir>",
    "Paired Cell Inpainting: PROTEIN/PROTEIN_FIELD_rfp_CELL_{gfp,rfp|bf}.tif",
  ).action((dir: string, options: Options) => run(() => planPci(dir), options));
}

function format(command: Command, name: string, argument: string, summary: string): Command {
  return command
    .command(`${name} ${argument}`)
    .summary(summary)
    .description(summary)
    .option("--out <cells>", "folder for the cell store", "cells")
    .option("--labels <csv>", "table with the columns protein and localization")
    .option("--json", "print the summary as JSON")
    .option("--debug", "show where in the program an error arose");
}

async function run(plan: () => ImportPlan | Promise<ImportPlan>, options: Options): Promise<void> {
  const labels = options.labels === undefined ? undefined : readLabels(options.labels);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const bar = progress("Import", "cells", options.json === true);
  try {
    const summary = await importCells(await plan(), options.out, {
      judge: judgeMask,
      labels,
      signal: stop.signal,
      onCell: (done, total) => bar.update(done, total),
    });
    bar.end();
    console.log(
      options.json === true
        ? JSON.stringify(summary, null, 2)
        : describe(summary, labels !== undefined).join("\n"),
    );
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string, many = `${one}s`) => `${number.format(n)} ${n === 1 ? one : many}`;

/** The summary in plain words, with what to type next. */
export function describe(summary: ImportSummary, labeled: boolean): string[] {
  const { out, labels } = summary;
  const lines = [
    `${count(summary.cells, "cell")} of ${count(summary.proteins, "protein")} in ${count(summary.fields, "field")}, ${summary.channels.join(" and ")}, ${summary.height} x ${summary.width} px: ${out}`,
  ];
  if (labels.cellsWithLocalization > 0)
    lines.push(
      `${count(labels.cellsWithLocalization, "cell")} with ${count(labels.localizations, "localization")}.`,
    );
  if (labeled && labels.unknown > 0)
    lines.push(
      `${count(labels.unknown, "protein")} not named in the labels: ${labels.firstUnknown.join(", ")}${labels.unknown > labels.firstUnknown.length ? ", ..." : ""}`,
    );
  if (labeled && labels.unused > 0)
    lines.push(`${count(labels.unused, "protein")} of the labels without cells here.`);
  if (summary.usable !== null)
    lines.push(
      `Masks (${summary.masks === "full" ? "center cell and neighbors" : "center cell only"}): ${number.format(summary.usable)} of ${number.format(summary.cells)} usable${
        Object.keys(summary.reasons).length === 0
          ? ""
          : ` (left out: ${Object.entries(summary.reasons)
              .map(([why, n]) => `${why} ${n}`)
              .join(", ")}; see ${out}/quality.csv)`
      }.`,
    );
  if (summary.constant.cells > 0)
    lines.push(
      `Warning: ${count(summary.constant.cells, "cell")} with a constant channel: ${summary.constant.first.join(", ")}`,
    );
  lines.push(...summary.notes);
  lines.push(
    summary.masks === "none"
      ? `Next: cellswap segment ${out}`
      : summary.masks === "center"
        ? `Next: cellswap segment ${out} --neighbors`
        : "Next: cellswap run STUDY.json",
  );
  return lines;
}
