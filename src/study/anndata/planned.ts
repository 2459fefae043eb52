import { DataError, StudyError } from "../../errors.ts";
import { safe } from "../../files/h5ad.ts";
import { numbersOf, textOf } from "../../files/parquet/columns.ts";
import { ParquetFile } from "../../files/parquet/file.ts";
import { hasSharedBackground, type Setting } from "../../settings.ts";
import type { StudyLayout } from "../layout.ts";

/** The swap plan of a study, as its table tells it. */
export interface Planned {
  readonly file: ParquetFile;
  readonly rows: number;
  /** Row of the plan of every cell in `original`. */
  readonly cells: Int32Array;
  readonly id: readonly (string | null)[];
  /** Row of the cell store of every row of the plan. */
  readonly cell: Float64Array;
  readonly blocks: readonly PlannedBlock[];
  readonly columns: ReadonlyMap<string, (string | null)[]>;
}

/** Rows `start` to `end` - 1 of the plan: one setting with one background. */
export interface PlannedBlock {
  readonly setting: Setting;
  readonly background: string | null;
  /** What it is called in obsm and obs. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Reads `plan.parquet` of a study. @throws StudyError where it has no `original` */
export async function readPlanned(layout: StudyLayout): Promise<Planned> {
  const file = await ParquetFile.open(`${layout.plan}.parquet`);
  const { rows } = file;
  const blocks = blocksOf(await textOf(file, "setting"), await textOf(file, "background"));
  const original = blocks.find((b) => b.setting === "original");
  if (original === undefined)
    throw new StudyError(
      'has no setting original, whose features are X; add it to "settings" and run the study again',
      { path: layout.path },
    );
  const { start, end } = original;
  const columns = new Map<string, (string | null)[]>();
  for (const name of ["class", "field", "protein"]) columns.set(name, await textOf(file, name, start, end));
  return {
    file,
    rows,
    cells: Int32Array.from({ length: end - start }, (_, i) => start + i),
    id: await textOf(file, "cell_id", start, end),
    cell: await numbersOf(file, "cell"),
    blocks,
    columns,
  };
}

/**
 * First row of an output in a table of results (`results/cells.parquet`), a row for every one of the plan.
 * @throws DataError where they are of other plans
 */
export async function resultsOf(
  plan: Pick<Planned, "file" | "blocks" | "rows">,
  table: ParquetFile,
  { encoders }: { readonly encoders: readonly { readonly name: string }[] },
  encoder: string,
): Promise<number> {
  const from = encoders.findIndex((e) => e.name === encoder) * plan.rows;
  const [first, last] = await Promise.all(
    [from, from + plan.rows - 1].map((row) => textOf(table, "encoder", row, row + 1)),
  );
  if (first[0] !== encoder || last[0] !== encoder)
    throw new DataError("does not fit the study's plan; run the study again", { path: table.path });
  await checkResults(plan, table, from);
  return from;
}

/** Columns of the plan, and what they are called in the results. */
const COMPARED = { cell_id: "Metadata_Cell", setting: "setting", donor_id: "Metadata_Donor" };

/**
 * Compares the rows from `from` on of a table of results with the plan.
 * @throws DataError where they are of others, as when a run with other choices was stopped before it had results
 */
async function checkResults(
  { file, blocks }: Pick<Planned, "file" | "blocks">,
  table: ParquetFile,
  from: number,
): Promise<void> {
  for (const { start, end } of blocks)
    for (const [planned, name] of Object.entries(COMPARED)) {
      const expected = await textOf(file, planned, start, end);
      const found = await textOf(table, name, from + start, from + end);
      if (found.length === expected.length && found.every((text, i) => text === expected[i])) continue;
      throw new DataError(
        "holds results of another swap plan than the study's, as a later run was stopped; finish it with `cellswap run`",
        { path: table.path },
      );
    }
}

function blocksOf(
  setting: readonly (string | null)[],
  background: readonly (string | null)[],
): PlannedBlock[] {
  const blocks: PlannedBlock[] = [];
  const used = new Set<string>();
  for (let start = 0, row = 1; start < setting.length; row++) {
    const of = setting[start] as Setting;
    // Where every class keeps its own background, its rows are one block.
    const on = hasSharedBackground(of) ? background[start] : null;
    const same = setting[row] === of && (on === null || background[row] === on);
    if (row < setting.length && same) continue;
    let name = safe(on === null ? of : `${of}_${on}`);
    while (used.has(name)) name += "_";
    used.add(name);
    blocks.push({ setting: of, background: on, name, start, end: row });
    start = row;
  }
  return blocks;
}
