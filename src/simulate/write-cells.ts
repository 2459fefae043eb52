import { join } from "node:path";
import { CellStoreWriter } from "../cells/store.ts";
import { InterruptedError } from "../errors.ts";
import { table, writeCsv } from "../files/table.ts";
import { judgeMask, MEASURES } from "../masks/verdict.ts";
import type { Column } from "../types.ts";
import { CROP_SIDE, cellsOf, type DatasetOptions, datasetProteins, simulateDataset } from "./dataset.ts";
import type { SimulatedCell } from "./field.ts";
import type { Protein } from "./proteins.ts";

/** What {@link writeSimulatedCells} made. */
export interface SimulationSummary {
  readonly out: string;
  readonly cells: number;
  /** Cells whose masks passed the quality checks. */
  readonly usable: number;
  readonly proteins: number;
  readonly fields: number;
  readonly localizations: number;
  readonly seed: number;
  readonly proteome: number;
}

export interface SimulationOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every cell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Simulates a data set into a cell store at `out`: float32 crops of GFP and RFP (counts, 2 x {@link CROP_SIDE} x
 * {@link CROP_SIDE}) with exact masks, `truth.csv` (a row per cell) and `proteins.csv` (a row per protein and
 * localization). Same data set, same bytes. What stood at `out` is replaced only when all is done; on any failure,
 * and when `signal` aborts, nothing is left.
 * @throws DataError where something else than a cell store stands at `out` or nothing can be written there,
 * InterruptedError on `signal`, RangeError as {@link simulateDataset}.
 */
export async function writeSimulatedCells(
  out: string,
  dataset: DatasetOptions,
  { signal, onProgress }: SimulationOptions = {},
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
      onProgress?.(truth.length, total);
      if (truth.length % 64 === 0) await new Promise((resume) => setImmediate(resume));
      if (signal?.aborted) throw new InterruptedError("stopped; nothing was written");
    }
    writer.finish({
      verdict,
      measures: new Map([...measures].map(([name, values]) => [name, Float64Array.from(values)])),
    });
  } catch (error) {
    writer.abandon();
    throw error;
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
