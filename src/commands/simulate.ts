import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { CellStoreWriter } from "../cells/store.ts";
import { InterruptedError } from "../errors.ts";
import { table, writeCsv } from "../files/table.ts";
import { judgeMask, MEASURES } from "../masks/verdict.ts";
import { LOCALIZATIONS, type Localization } from "../names.ts";
import {
  CROP_SIDE,
  cellsOf,
  type DatasetOptions,
  datasetProteins,
  simulateDataset,
} from "../simulate/dataset.ts";
import type { SimulatedCell } from "../simulate/field.ts";
import type { Protein } from "../simulate/proteins.ts";
import type { Column } from "../types.ts";
import { type Progress, progress } from "./progress.ts";

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

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least || value > 1e8)
      throw new InvalidArgumentError(`Give a whole number from ${least} to 100000000.`);
    return value;
  };
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("Give a number from 0 to 1.");
  return value;
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
  const bar = progress("Simulate", "cells", options.json === true);
  const summary = await writeSimulatedCells(options.out, dataset, bar);
  bar.end();
  console.log(
    options.json === true
      ? JSON.stringify(summary, null, 2)
      : `${summary.cells} cells of ${summary.proteins} proteins in ${summary.fields} fields, ${summary.usable} usable: ${options.out}\nTruth: ${join(options.out, "truth.csv")} (cells), ${join(options.out, "proteins.csv")} (proportions)\nNext: cellswap run STUDY.json`,
  );
}

/** What {@link writeSimulatedCells} made. */
export interface SimulationSummary {
  readonly out: string;
  readonly cells: number;
  readonly usable: number;
  readonly proteins: number;
  readonly fields: number;
  readonly localizations: number;
  readonly seed: number;
  readonly proteome: number;
}

/**
 * Simulates a data set into a cell store with exact masks, `truth.csv` (a row per cell) and `proteins.csv` (a row per
 * protein and localization). What stood at `out` is replaced only when all is done; Ctrl-C leaves nothing behind.
 */
export async function writeSimulatedCells(
  out: string,
  dataset: DatasetOptions,
  bar: Progress,
): Promise<SimulationSummary> {
  const proteins = datasetProteins(dataset);
  const total = proteins.reduce((sum, protein) => sum + cellsOf(protein, dataset), 0);
  const writer = new CellStoreWriter(
    out,
    { channels: ["GFP", "RFP"], height: CROP_SIDE, width: CROP_SIDE },
    "full",
    `simulated fields, seed ${dataset.seed}, proteome ${dataset.proteome ?? 1}`,
  );
  const verdict: string[] = [];
  const measures = new Map<string, number[]>(MEASURES.map((m) => [m, []]));
  const truth: { id: string; protein: string; field: string; cell: SimulatedCell }[] = [];
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    for (const { id, protein, field, cell, crop, mask } of simulateDataset(dataset)) {
      writer.append(crop, mask, {
        Metadata_Cell: id,
        Metadata_Protein: protein.name,
        Metadata_Field: field,
        Metadata_Localization: protein.shares.map((s) => s.localization).join("|"),
      });
      const judgment = judgeMask(mask, CROP_SIDE, CROP_SIDE);
      verdict.push(judgment.verdict);
      for (const [name, values] of measures) values.push(judgment.measures[name]);
      truth.push({ id, protein: protein.name, field, cell });
      bar.update(truth.length, total);
      if (truth.length % 64 === 0) await new Promise((resume) => setImmediate(resume));
      if (stopped) throw new InterruptedError("stopped; nothing was written");
    }
    writer.finish({
      verdict,
      measures: new Map([...measures].map(([name, values]) => [name, Float64Array.from(values)])),
    });
  } catch (error) {
    writer.abandon();
    throw error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
  writeCsv(
    join(out, "truth.csv"),
    table(
      new Map<string, Column>([
        ["Metadata_Cell", truth.map((t) => t.id)],
        ["Metadata_Protein", truth.map((t) => t.protein)],
        ["Metadata_Field", truth.map((t) => t.field)],
        ["Truth_Localization", truth.map((t) => t.cell.localization)],
        ["Truth_Visible", Int32Array.from(truth, (t) => Number(t.cell.visible))],
        ["Truth_Phase", truth.map((t) => t.cell.phase)],
        ["Truth_Amount", Float64Array.from(truth, (t) => t.cell.amount)],
        ["Truth_Focused", Int32Array.from(truth, (t) => Number(t.cell.focused))],
      ]),
    ),
  );
  writeCsv(join(out, "proteins.csv"), proteinTable(proteins));
  return {
    out,
    cells: truth.length,
    usable: verdict.filter((v) => v === "ok").length,
    proteins: proteins.length,
    fields: new Set(truth.map((t) => t.field)).size,
    localizations: new Set(proteins.flatMap((p) => p.shares.map((s) => s.localization))).size,
    seed: dataset.seed,
    proteome: dataset.proteome ?? 1,
  };
}

function proteinTable(proteins: readonly Protein[]) {
  const rows = proteins.flatMap((protein) => protein.shares.map((share) => ({ protein, share })));
  const numbers = (of: (p: Protein) => number) => Float64Array.from(rows, (r) => of(r.protein));
  return table(
    new Map<string, Column>([
      ["Metadata_Protein", rows.map((r) => r.protein.name)],
      ["Truth_Localization", rows.map((r) => r.share.localization)],
      ["Truth_Share", Float64Array.from(rows, (r) => r.share.share)],
      ["Truth_Abundance", numbers((p) => p.abundance)],
      ["Truth_Spread", numbers((p) => p.spread)],
      ["Truth_Penetrance", numbers((p) => p.penetrance)],
      ["Truth_Contrast", numbers((p) => p.contrast)],
      ["Truth_Number", numbers((p) => p.number)],
      ["Truth_Size", numbers((p) => p.size)],
    ]),
  );
}
