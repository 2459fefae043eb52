import type { Command } from "commander";
import type { Shard } from "../files/shards.ts";
import type { SegmentSummary } from "../segment/segment-store.ts";
import { describe, segmentStore } from "../segment/segment-store.ts";
import { segmentShard } from "../segment/shards/segment-shard.ts";
import { positive, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { monitored, type ProgressOptions, progressOptions } from "./progress.ts";
import { dealtShardOptions, shardLines } from "./shard-option.ts";

/** Adds arguments, options and the action of `cellswap segment`. */
export function configure(command: Command): void {
  dealtShardOptions(progressOptions(command))
    .argument("<cells>", "cell store, as `cellswap import` makes it")
    .option(
      "--channel <name>",
      "channel to find the cells in, best a stain of the whole cell (default: the last)",
    )
    .option("--nuclei <name>", "channel of nuclei: find cells that touch from their nuclei (adherent cells)")
    .option(
      "--diameter <px>",
      "typical diameter of a cell, kept in the store (default: the store's)",
      positive,
    )
    .option("--neighbors", "keep the center masks that are there and add neighbor labels")
    .option("--force", "replace masks that came from elsewhere")
    .addOption(workersOption())
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      `
Writes masks.npy, quality.csv (a verdict per cell; cells that are not ok are
left out of studies) and contact-sheet.png (outlines on crops, to judge the
masks by eye) into the cell store.

Examples:
  cellswap segment yeast.cells --channel RFP
  cellswap segment hpa.cells --nuclei DNA --channel Microtubules
  cellswap segment pifia.cells --neighbors
  cellswap segment yeast.cells --shard 3/16     (docs/cluster.md)`,
    )
    .action(run);
}

interface Options extends ProgressOptions {
  shard?: Shard;
  channel?: string;
  nuclei?: string;
  diameter?: number;
  neighbors?: boolean;
  force?: boolean;
  workers?: number;
}

async function run(cells: string, options: Options): Promise<void> {
  const { shard, ...choices } = options;
  if (shard !== undefined) {
    const made = await monitored(options, (monitor, signal) =>
      segmentShard(cells, shard, {
        ...{ ...choices, signal },
        onProgress: monitor.stage(`segment shard ${shard.index}`, "cells").update,
      }),
    );
    if (options.json === true) printJson(made);
    else print(shardLines("Segmented", made, cells));
    return;
  }
  const summary = await monitored(options, (monitor, signal) =>
    segmentStore(cells, { ...options, signal, onProgress: monitor.stage("segment", "cells").update }),
  );
  if (options.json === true) printJson(summary);
  else print(text(summary, cells));
}

/** The summary as a person reads it. */
export function text(summary: SegmentSummary, cells: string): string {
  const n = (value: number) => value.toLocaleString("en-US");
  const { ok, leftOut, diameter, medianDiameter } = summary;
  const left = summary.cells - ok;
  const lines = [
    `${n(ok)} of ${n(summary.cells)} cells are ok (${((100 * ok) / summary.cells).toFixed(1)} %), found in channel ${summary.channel}, ${medianDiameter.toFixed(0)} px across (median)`,
    left === 0 ? "no cell is left out" : `${n(left)} left out: ${describe(leftOut)}`,
    `listed in   ${summary.quality}`,
    `look at     ${summary.contactSheet}`,
  ];
  const ratio = medianDiameter / diameter;
  if (left > 0.1 * summary.cells || ratio < 0.6 || ratio > 1.6)
    lines.push(
      `if the outlines are wrong, give the cells' diameter in px (${diameter} was assumed): cellswap segment ${cells} --diameter ${Math.round(medianDiameter)}, or another --channel`,
    );
  if (summary.liftable.length > 0)
    lines.push(
      `where the masks are right, "allow": ${JSON.stringify(summary.liftable).replaceAll(",", ", ")} in the study takes cells that are left out by limits only`,
    );
  lines.push("next        cellswap run STUDY.json, with these cells in the study file");
  return lines.join("\n");
}
