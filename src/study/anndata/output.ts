import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { features, spatial } from "../../features/feature-table.ts";
import { type Place, PlacedFeatures } from "../../features/placed.ts";
import { type Matrix, type Unstructured, writeH5ad } from "../../files/h5ad.ts";
import { NpyReader } from "../../files/npy.ts";
import { numbersOf, textOf } from "../../files/parquet/columns.ts";
import type { ParquetFile } from "../../files/parquet/file.ts";
import type { Column } from "../../types.ts";
import { version } from "../../version.ts";
import type { StudyResults } from "../read.ts";
import { type Planned, type PlannedBlock, resultsOf } from "./planned.ts";

/** What the file of an output is made from. */
export interface Source {
  readonly plan: Planned;
  /** `results/cells.parquet` */
  readonly table: ParquetFile;
  readonly metadata: ReadonlyMap<string, Column>;
  readonly results: StudyResults;
  /** Study folder. */
  readonly folder: string;
  /** Folder of the features. */
  readonly features: string;
}

/** Writes the file of one output; returns its number of features. */
export async function writeOutput(path: string, encoder: string, source: Source): Promise<number> {
  const { plan, table, metadata, results } = source;
  const from = await resultsOf(plan, table, results.report, encoder);
  const text = (name: string, rows: PlannedBlock) => textOf(table, name, from + rows.start, from + rows.end);
  const numbers = (name: string, rows: PlannedBlock) =>
    numbersOf(table, name, from + rows.start, from + rows.end);
  const position = new Map(Array.from(plan.cells, (row, i) => [plan.cell[row], i]));
  /** Position among the cells of every row of a block. */
  const positions = (b: PlannedBlock) =>
    Array.from(plan.cell.subarray(b.start, b.end), (cell) => position.get(cell) ?? -1);

  const obs = new Map<string, Column>(metadata);
  const original = plan.blocks.find((b) => b.setting === "original")!;
  obs.set("class", plan.columns.get("class")!);
  obs.set("group", Int32Array.from(await numbers("group", original)));
  obs.set("prediction", await text("prediction", original));
  for (const name of ["probability", "probability_own", "margin", "correct"])
    obs.set(name, Float32Array.from(await numbers(name, original)));
  const placed = new Map<string, Places>();
  for (const block of plan.blocks) {
    const [files, rows] = [await text("features_file", block), await numbers("features_row", block)];
    const at = positions(block);
    const places = new Places(source.features, plan.cells.length);
    at.forEach((i, k) => {
      if (i >= 0) places.set(i, files[k]!, rows[k]);
    });
    placed.set(block.name, places);
    if (block === original) continue;
    const predicted = await text("prediction", block);
    const column = new Array<string | null>(plan.cells.length).fill(null);
    at.forEach((i, k) => {
      if (i >= 0) column[i] = predicted[k];
    });
    obs.set(`prediction_${block.name}`, column);
  }
  const dimension = dimensionOf(placed, source);
  const reader = new PlacedFeatures(dimension);
  const matrix = (name: string): Matrix => {
    const places = placed.get(name)!;
    return {
      columns: dimension,
      read: (start, end, out) => reader.read(end - start, (i) => places.at(start + i), out),
    };
  };
  const others = plan.blocks.filter((b) => b !== original);
  try {
    await writeH5ad(path, {
      x: matrix(original.name),
      obs: { index: plan.id as string[], columns: obs },
      var: features([{ name: encoder, dimension }]),
      obsm: new Map([...others.map((b) => [`X_${b.name}`, matrix(b.name)] as const), ...spatial(obs)]),
      uns: { cellswap: provenance(encoder, others, results) },
    });
  } finally {
    reader.close();
  }
  return dimension;
}

function dimensionOf(
  placed: ReadonlyMap<string, Places>,
  { features: place, folder }: Pick<Source, "features" | "folder">,
): number {
  const bases = [...new Set([...placed.values()].flatMap((places) => places.bases))];
  for (const base of bases)
    if (!existsSync(`${base}.npy`))
      throw new DataError(
        `holds no features of the study ${folder} (${base}.npy is not there); give the study file that names their folder, or run the study again`,
        { path: place },
      );
  const array = new NpyReader(`${bases[0]}.npy`);
  array.close();
  return array.shape[1];
}

/** Where the features of every cell in one block lie. */
class Places {
  /** Arrays, without ending. */
  readonly bases: string[] = [];
  readonly #folder: string;
  readonly #numbers = new Map<string, number>();
  readonly #base: Int32Array;
  readonly #row: Int32Array;

  constructor(folder: string, cells: number) {
    this.#folder = folder;
    this.#base = new Int32Array(cells).fill(-1);
    this.#row = new Int32Array(cells);
  }

  set(cell: number, file: string, row: number): void {
    let number = this.#numbers.get(file);
    if (number === undefined) {
      this.#numbers.set(file, (number = this.bases.length));
      this.bases.push(join(this.#folder, file.replace(/\.npy$/, "")));
    }
    this.#base[cell] = number;
    this.#row[cell] = row;
  }

  /** Null for a cell that has none. */
  at(cell: number): Place | null {
    const number = this.#base[cell];
    return number < 0 ? null : { base: this.bases[number], row: this.#row[cell] };
  }
}

/** How the file was made: choices as JSON, and which setting and background an entry of obsm is. */
function provenance(
  encoder: string,
  blocks: readonly PlannedBlock[],
  { record, report }: StudyResults,
): Unstructured {
  const of = Object.keys(record.encoders).find((name) => encoder === name || encoder.startsWith(`${name}.`));
  return {
    exported_by: `cellswap ${version}`,
    studied_by: `cellswap ${record.cellswap}`,
    title: report.title,
    date: record.date ?? "",
    crops_sha256: record.crops,
    study: JSON.stringify(record.study),
    encoder,
    encoder_record: JSON.stringify(of === undefined ? null : record.encoders[of]),
    stages: JSON.stringify(record.stages),
    settings: {
      obsm: blocks.map((b) => `X_${b.name}`),
      setting: blocks.map((b) => b.setting),
      background: blocks.map((b) => b.background ?? ""),
    },
  };
}
