import { renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { CellStoreWriter } from "../cells/store.ts";
import { InterruptedError } from "../errors.ts";
import { partName } from "../files/atomic.ts";
import { NpyWriter } from "../files/npy.ts";
import { table, writeCsv } from "../files/table.ts";
import { judgeMask, MEASURES, passes } from "../masks/verdict.ts";
import type { Column } from "../types.ts";
import { kindOf, plateName } from "./cultures.ts";
import {
  cellsOf,
  type DatasetCell,
  type DatasetOptions,
  datasetProteins,
  organismOf,
  simulateFields,
} from "./dataset.ts";
import type { SimulatedCell } from "./field.ts";
import { FieldCells, type Seen, seenCells } from "./field-cells.ts";
import type { Organism } from "./organism.ts";
import type { Protein } from "./proteins.ts";
import { FieldFolder } from "./write-fields.ts";

/** What {@link writeSimulatedCells} made. */
export interface SimulationSummary {
  readonly out: string;
  readonly cells: number;
  /** Cells whose masks passed the quality checks that hold for the organism. */
  readonly usable: number;
  readonly proteins: number;
  readonly fields: number;
  readonly localizations: number;
  readonly seed: number;
  readonly proteome: number;
  /** Folder of the whole fields, where they were asked for. */
  readonly fieldsOut?: string;
}

export interface SimulationOptions {
  /** Folder for the fields that the cells are cut from, see {@link FieldFolder}. */
  readonly fieldsOut?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every cell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Simulates a data set into a cell store at `out`: float32 crops (counts, channels x side x side) with exact masks,
 * `truth.csv` (a row per cell), `proteins.csv` (a row per protein and localization) and, for organisms with a nuclear
 * channel, `nuclei.npy` (cells x side x side, uint8: 1 the cell's own nuclei, 2 those of others). With co-cultures, plates or
 * correlated states the store knows where its cells are (`Metadata_ObjectNumber`, `_X`, `_Y`, and `_Plate`), and
 * `field-cells.csv` lists every cell of every field, in the store or not. Same data set, same
 * bytes. What stood at `out` is replaced only when all is done; on any failure, and when `signal` aborts, nothing is
 * left.
 * @throws DataError where something else than a cell store stands at `out` or nothing can be written there,
 * InterruptedError on `signal`, RangeError as {@link simulateDataset}.
 */
export async function writeSimulatedCells(
  out: string,
  dataset: DatasetOptions,
  { fieldsOut, signal, onProgress }: SimulationOptions = {},
): Promise<SimulationSummary> {
  const organism = organismOf(dataset);
  const { side, channels, diameter, allowed } = organism;
  const proteins = datasetProteins(dataset);
  const total = proteins.reduce((sum, protein) => sum + cellsOf(protein, dataset), 0);
  const folder = fieldsOut === undefined ? undefined : new FieldFolder(fieldsOut, organism, out);
  const verdicts: string[] = [];
  const measures = new Map<string, number[]>(MEASURES.map((m) => [m, []]));
  const truth: DatasetCell[] = [];
  const source = `simulated ${organism.name === "yeast" ? "" : `${organism.name} `}fields, seed ${dataset.seed}, proteome ${dataset.proteome ?? 1}`;
  const everyCell = listsAll(dataset) ? new FieldCells() : null;
  let store: CellStoreWriter | undefined;
  let nuclei: NucleiFile | undefined;
  try {
    store = new CellStoreWriter(out, { channels, height: side, width: side, diameter }, "full", source);
    if (organism.nuclei) nuclei = new NucleiFile(out, side);
    for (const planned of simulateFields(dataset)) {
      folder?.add(planned);
      const seen = everyCell === null ? null : seenCells(planned.field);
      if (seen !== null) everyCell?.add(planned, seen);
      for (const cell of planned.cells) {
        store.append(cell.crop, cell.mask, {
          Metadata_Cell: cell.id,
          Metadata_Protein: cell.protein.name,
          Metadata_Field: cell.field,
          Metadata_Localization: kindOf(cell.protein),
          ...(seen !== null && isLocated(dataset) ? placeOf(seen.get(cell.cell.label)!) : {}),
          ...(cell.plate === null ? {} : { Metadata_Plate: plateName(cell.plate) }),
        });
        if (cell.nuclei !== null) nuclei?.append(cell.nuclei);
        const judgment = judgeMask(cell.mask, side, side, diameter);
        verdicts.push(judgment.verdict);
        for (const [name, values] of measures) values.push(judgment.measures[name]);
        truth.push({ ...cell, crop: NOTHING, mask: NO_MASK, nuclei: null });
        onProgress?.(truth.length, total);
        if (truth.length % 64 === 0) await new Promise((resume) => setImmediate(resume));
        if (signal?.aborted) throw new InterruptedError("stopped; nothing was written");
      }
    }
    const columns = [...measures].map(([name, values]) => [name, Float64Array.from(values)] as const);
    nuclei?.finish(store);
    store.add("truth.csv", (path) => writeCsv(path, truthTable(truth, organism)));
    store.add("proteins.csv", (path) => writeCsv(path, proteinTable(proteins)));
    if (everyCell !== null) store.add("field-cells.csv", (path) => writeCsv(path, everyCell.table()));
    store.finish({ verdict: verdicts, measures: new Map(columns) });
    folder?.finish();
  } catch (error) {
    store?.abandon();
    nuclei?.abandon();
    folder?.abandon();
    throw error;
  }
  return {
    out,
    cells: truth.length,
    usable: verdicts.filter((v) => passes(v, allowed)).length,
    proteins: proteins.length,
    fields: new Set(truth.map((t) => t.field)).size,
    localizations: new Set(proteins.flatMap((p) => p.shares.map((s) => s.localization))).size,
    seed: dataset.seed,
    proteome: dataset.proteome ?? 1,
    ...(fieldsOut === undefined ? {} : { fieldsOut }),
  };
}

/** Whether cells of other classes may be beside a cell, so that the store says where it is. */
const isLocated = ({ proteinsPerField = 1, plates = 0 }: DatasetOptions) =>
  proteinsPerField > 1 || plates > 0;

/** Whether it matters what the cells are that no crop is cut of. */
const listsAll = (dataset: DatasetOptions) => isLocated(dataset) || (dataset.correlation ?? 0) > 0;

/** Where a cell is, in the words of `cellswap import fields`. */
const placeOf = ({ cell, x, y }: Seen) => ({
  Metadata_ObjectNumber: cell.label,
  Metadata_X: x,
  Metadata_Y: y,
});

const NOTHING = new Float32Array(0);
const NO_MASK = new Uint8Array(0);

/** `nuclei.npy` of a store, written beside it until the store is whole. */
class NucleiFile {
  readonly #writer: NpyWriter;

  constructor(out: string, side: number) {
    this.#writer = new NpyWriter(partName(`${resolve(out)}.nuclei`), "uint8", [side, side]);
  }

  append(nuclei: Uint8Array): void {
    this.#writer.append(nuclei);
  }

  finish(store: CellStoreWriter): void {
    this.#writer.close();
    store.add("nuclei.npy", (path) => renameSync(this.#writer.path, path));
  }

  abandon(): void {
    rmSync(this.#writer.path, { force: true });
  }
}

function truthTable(truth: readonly DatasetCell[], organism: Organism) {
  const numbers = (of: (cell: SimulatedCell) => number) => Float64Array.from(truth, (t) => of(t.cell));
  const human: [string, Column][] = [
    ["Truth_Nuclei", Int32Array.from(truth, (t) => t.cell.nuclei ?? 0)],
    ["Truth_X", numbers((c) => c.x)],
    ["Truth_Y", numbers((c) => c.y)],
    ["Truth_Label", Int32Array.from(truth, (t) => t.cell.label)],
  ];
  return table(
    new Map<string, Column>([
      ["Metadata_Cell", truth.map((t) => t.id)],
      ["Metadata_Protein", truth.map((t) => t.protein.name)],
      ["Metadata_Field", truth.map((t) => t.field)],
      ["Truth_Localization", truth.map((t) => t.cell.localization)],
      ["Truth_Visible", Int32Array.from(truth, (t) => Number(t.cell.visible))],
      ["Truth_Phase", truth.map((t) => t.cell.phase)],
      ["Truth_Amount", numbers((c) => c.amount)],
      ["Truth_Focused", Int32Array.from(truth, (t) => Number(t.cell.focused))],
      ...(organism.nuclei ? human : []),
    ]),
  );
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
