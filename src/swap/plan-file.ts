import { createHash } from "node:crypto";
import { table, writeCsvPieces, writeParquetPieces } from "../files/table.ts";
import { SETTINGS } from "../settings.ts";
import type { Cells, Column, PlanRun, SwapPlan, Table } from "../types.ts";
import { isSameField } from "./runs.ts";

/** The cells of a plan, and what the plan's table tells of them. */
export interface PlanCells extends Pick<Cells, "id" | "field" | "protein"> {
  /** Class of every row of the store by position among the plan's classes, -1 where it has none. */
  readonly classOf: ArrayLike<number>;
}

/**
 * The plan as a table: cell and donor by row of the cell store and by id, setting and background by name, and what
 * they are, so that the table can be grouped without the cell store.
 */
export function planTable(plan: SwapPlan, cells: PlanCells): Map<string, Column> {
  const { classes } = plan;
  const className = (row: number) => classes[cells.classOf[row]] ?? null;
  const byRun = (of: (run: PlanRun) => string | null) => {
    const out = new Array<string | null>(plan.count);
    for (const run of plan.runs) out.fill(of(run), run.start, run.end);
    return out;
  };
  return new Map<string, Column>([
    ["cell", plan.cell],
    ["cell_id", texts(plan.cell, (c) => cells.id[c])],
    ["class", texts(plan.cell, className)],
    ["field", texts(plan.cell, (c) => cells.field[c])],
    ["protein", texts(plan.cell, (c) => cells.protein?.[c] ?? null)],
    ["setting", byRun(({ setting }) => SETTINGS[setting])],
    ["background", byRun(({ background }) => classes[background] ?? null)],
    ["donor", plan.donor],
    ["donor_id", texts(plan.donor, (d) => (d < 0 ? null : cells.id[d]))],
    ["donor_class", texts(plan.donor, (d) => (d < 0 ? null : className(d)))],
    ["same_field", Uint8Array.from(plan.cell, (_, row) => (isSameField(plan, row, cells.field) ? 1 : 0))],
    ...lentColumns(plan, cells),
  ]);
}

/** A text of every value, in an array that does not grow: `Array.from` leaves three times as much to the collector. */
function texts(values: ArrayLike<number>, of: (value: number) => string | null): (string | null)[] {
  const out = new Array<string | null>(values.length);
  for (let i = 0; i < values.length; i++) out[i] = of(values[i]);
  return out;
}

/** Whose medium a composite shows, where donors are so crowded that it is lent. */
function lentColumns({ medium }: SwapPlan, cells: PlanCells): [string, Column][] {
  if (medium === undefined) return [];
  return [
    ["medium", medium.of],
    ["medium_id", texts(medium.of, (c) => (c < 0 ? null : cells.id[c]))],
  ];
}

/** SHA-256 of what a plan says: setting, background, cell and donor of every row, by number. */
export function planHash({ runs, cell, donor, medium }: SwapPlan): string {
  const hash = createHash("sha256");
  const update = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => {
    // Pieces, as a hash takes 2 GiB at most.
    for (let at = 0; at < byteLength; at += HASHED)
      hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(HASHED, byteLength - at)));
  };
  const most = runs.reduce((n, { start, end }) => Math.max(n, end - start), 0);
  const rows = Math.min(most, REPEATED);
  const repeat = (values: Uint8Array | Int16Array, of: (run: PlanRun) => number) => {
    for (const run of runs) {
      values.fill(of(run));
      for (let at = run.start; at < run.end; at += rows) update(values.subarray(0, run.end - at));
    }
  };
  repeat(new Uint8Array(rows), ({ setting }) => setting);
  repeat(new Int16Array(rows), ({ background }) => background);
  for (const values of [cell, donor, medium?.of ?? NOTHING]) update(values);
  return hash.digest("hex");
}

/** Rows of one setting and background that are hashed at once. */
const REPEATED = 1 << 16;

const NOTHING = new Int32Array(0);

/** Bytes that are hashed at once. */
const HASHED = 1 << 28;

/** Rows that a plan written as CSV has at most: about 100 MB; nobody reads more by eye. */
const CSV_ROWS = 1_000_000;

/** Rows of a plan that are turned into text at once. */
const PIECE = 100_000;

function* planPieces(plan: SwapPlan, cells: PlanCells): Generator<Table> {
  for (let from = 0; from === 0 || from < plan.count; from += PIECE) {
    const to = Math.min(plan.count, from + PIECE);
    const [cell, donor] = [plan.cell.subarray(from, to), plan.donor.subarray(from, to)];
    const runs = plan.runs.flatMap((run) => {
      const [start, end] = [Math.max(run.start, from) - from, Math.min(run.end, to) - from];
      return start < end ? [{ ...run, start, end }] : [];
    });
    const medium = plan.medium && { ...plan.medium, of: plan.medium.of.subarray(from, to) };
    yield table(planTable({ ...plan, count: to - from, runs, cell, donor, medium }, cells));
  }
}

/** The files that {@link writePlan} leaves. */
export function planFiles(base: string, plan: SwapPlan): string[] {
  return plan.count <= CSV_ROWS ? [`${base}.csv`, `${base}.parquet`] : [`${base}.parquet`];
}

/**
 * Writes `BASE.parquet`, and up to 1 million rows `BASE.csv` beside it; columns cell, cell_id, class, field, protein,
 * setting, background, donor, donor_id, donor_class, same_field, and where medium is lent medium and medium_id.
 */
export function writePlan(base: string, plan: SwapPlan, cells: PlanCells): void {
  if (plan.count <= CSV_ROWS) writeCsvPieces(`${base}.csv`, planPieces(plan, cells));
  writeParquetPieces(`${base}.parquet`, planPieces(plan, cells));
}
