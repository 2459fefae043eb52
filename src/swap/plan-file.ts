import { createHash } from "node:crypto";
import { extname } from "node:path";
import { DataError } from "../errors.ts";
import { readCsv, readParquet, table, writeCsvPieces, writeParquetPieces } from "../files/table.ts";
import { hasDonor, pastesBack, SETTINGS, type Setting, traitsOf } from "../settings.ts";
import type { Cells, Column, PlanRun, SwapPlan, Table } from "../types.ts";
import { planArrays } from "./plan.ts";
import { isSameField, runsOf } from "./runs.ts";

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

/**
 * Reads a plan (`.csv`, or Parquet under any other ending) and takes it as it is: columns `setting` and `cell_id`
 * or `cell` (row of the store, from 0), and `background`, `donor_id` or `donor` where a setting needs them. Rows may
 * be in any order; the plan returned is sorted. `same_field` is worked out from the cells.
 *
 * @param classes class names of the study; backgrounds must be among them
 * @param classOf class of every row of the store, -1 for cells that the study does not use: those may lend any background
 * @throws DataError with the row (the header is row 1) for an unknown cell, setting or class, ids and rows that do not
 * match, a donor that is missing, is the cell itself or of another class than the background, and for a row that is there twice
 */
export async function readPlan(
  path: string,
  cells: Pick<Cells, "id" | "field" | "count">,
  classes: readonly string[],
  classOf: ArrayLike<number>,
): Promise<SwapPlan> {
  const columns = extname(path).toLowerCase() === ".csv" ? readCsv(path) : (await readParquet(path)).columns;
  const column = (name: string) => columns.get(name) as ArrayLike<string | number | null> | undefined;
  const setting = column("setting");
  if (setting === undefined || (column("cell") ?? column("cell_id")) === undefined)
    throw new DataError(
      `has the columns ${[...columns.keys()].join(", ")}; a swap plan needs setting, cell_id (or cell), background, donor_id (or donor)`,
      { path },
    );
  const rowOf = new Map(cells.id.map((id, row) => [id, row]));
  const text = (name: string, row: number) => {
    const v = column(name)?.[row];
    return v === null || v === undefined || v === "" || (typeof v === "number" && Number.isNaN(v))
      ? null
      : String(v);
  };
  const count = setting.length;
  const plan = { ...planArrays(count), setting: new Uint8Array(count), background: new Int16Array(count) };
  for (let row = 0; row < count; row++) {
    const fail = (what: string): never => {
      throw new DataError(`row ${row + 2}: ${what}`, { path });
    };
    const lookUp = (what: "cell" | "donor"): number => {
      const id = text(`${what}_id`, row);
      const number = text(what, row);
      if (id === null && (number === null || number === "-1")) return -1;
      const byId = id === null ? undefined : rowOf.get(id);
      if (id !== null && byId === undefined)
        return fail(`there is no cell ${id} in the store; make the plan for these cells`);
      if (number === null || (number === "-1" && byId === undefined)) return byId ?? -1;
      const n = Number(number);
      if (!Number.isInteger(n) || n < 0 || n >= cells.count)
        return fail(`${what} is ${number}; a row of the store, 0 to ${cells.count - 1}, is needed`);
      if (byId !== undefined && byId !== n)
        return fail(
          `${what}_id ${id} is row ${byId} of the store, but ${what} is ${n}; leave the column ${what} out or make the plan for these cells`,
        );
      return n;
    };
    const name = text("setting", row) ?? "";
    const s = SETTINGS.indexOf(name as Setting);
    if (s < 0) fail(`setting ${name || "(empty)"} is not known; use ${SETTINGS.join(", ")}`);
    const cell = lookUp("cell");
    if (cell < 0) fail("has no cell; give cell_id or cell");
    let donor = lookUp("donor");
    const background = text("background", row);
    const b = background === null ? -1 : classes.indexOf(background);
    if (background !== null && b < 0)
      fail(`background ${background} is not a class of the study (${classes.join(", ")})`);
    if (hasDonor(SETTINGS[s])) {
      if (donor < 0) fail(`setting ${name} needs a donor; give donor_id or donor`);
      if (b < 0) fail(`setting ${name} needs a background class`);
      if (donor === cell) fail(`cell ${cells.id[cell]} is its own donor; only setting self allows that`);
      if (classOf[donor] >= 0 && classOf[donor] !== b)
        fail(
          `the background is ${background}, but the donor ${cells.id[donor]} is ${classes[classOf[donor]]}; name a donor of ${background}, or give the background as ${classes[classOf[donor]]}`,
        );
      const own = traitsOf(SETTINGS[s]).background === "own-class" ? classOf[cell] : -1;
      if (own >= 0 && own !== b)
        fail(
          `setting ${name} takes the background of the cell's own class, ${classes[own]}, not ${background}; correct the background`,
        );
    } else {
      if (b >= 0) fail(`setting ${name} has no background class; leave it empty`);
      const own = pastesBack(SETTINGS[s]);
      if (donor >= 0 && !(own && donor === cell))
        fail(`setting ${name} has no donor${own ? " but the cell itself" : ""}; leave it empty`);
      donor = own ? cell : -1;
    }
    plan.cell[row] = cell;
    plan.setting[row] = s;
    plan.background[row] = b;
    plan.donor[row] = donor;
  }
  const order = sortedRows(plan);
  for (let i = 1; i < count; i++)
    if (compareRows(plan, order[i - 1], order[i]) === 0)
      throw new DataError(
        `row ${Math.max(order[i - 1], order[i]) + 2}: cell ${cells.id[plan.cell[order[i]]]} has ${SETTINGS[plan.setting[order[i]]]} twice with one background; name each once`,
        { path },
      );
  return {
    seed: null,
    count,
    classes: [...classes],
    runs: runsOf(
      Uint8Array.from(order, (row) => plan.setting[row]),
      Int16Array.from(order, (row) => plan.background[row]),
    ),
    cell: order.map((row) => plan.cell[row]),
    donor: order.map((row) => plan.donor[row]),
  };
}

interface Sortable extends Pick<SwapPlan, "cell"> {
  readonly setting: Uint8Array;
  readonly background: Int16Array;
}

function compareRows(plan: Sortable, a: number, b: number): number {
  return (
    plan.setting[a] - plan.setting[b] ||
    plan.background[a] - plan.background[b] ||
    plan.cell[a] - plan.cell[b]
  );
}

function sortedRows(plan: Sortable): Int32Array {
  const order = Int32Array.from(plan.cell, (_, row) => row);
  for (let i = 1; i < order.length; i++)
    if (compareRows(plan, i - 1, i) > 0) return order.sort((a, b) => compareRows(plan, a, b));
  return order;
}
