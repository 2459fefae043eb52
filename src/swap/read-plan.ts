import { DataError } from "../errors.ts";
import { openRows } from "../files/rows/rows.ts";
import { hasDonor, pastesBack, SETTINGS, type Setting, traitsOf } from "../settings.ts";
import type { Cells, SwapPlan } from "../types.ts";
import { runsOf } from "./runs.ts";

/**
 * Reads a plan (CSV or Parquet, by what the file holds), a piece at a time, and takes it as it is: columns `setting` and `cell_id`
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
  cells: Pick<Cells, "id" | "count">,
  classes: readonly string[],
  classOf: ArrayLike<number>,
): Promise<SwapPlan> {
  const source = await openRows(path);
  const has = (name: string) => source.columns.includes(name);
  if (!has("setting") || !(has("cell") || has("cell_id")))
    throw new DataError(
      `has the columns ${source.columns.join(", ")}; a swap plan needs setting, cell_id (or cell), background, donor_id (or donor)`,
      { path },
    );
  const rowOf = new Map(cells.id.map((id, row) => [id, row]));
  const read = new GrowingPlan();
  const named = COLUMNS.filter(has);
  const at = COLUMNS.map((name) => named.indexOf(name));
  await source.each(named, (values) => {
    const text = (column: number) => (at[column] < 0 ? "" : values[at[column]]);
    const [name, background] = [text(0), text(1)];
    const fail = (what: string): never => {
      throw new DataError(`row ${read.count + 2}: ${what}`, { path });
    };
    const lookUp = (what: "cell" | "donor", number: string, id: string): number => {
      const byId = id === "" ? undefined : rowOf.get(id);
      if (id !== "" && byId === undefined)
        return fail(`there is no cell ${id} in the store; make the plan for these cells`);
      if (number === "" || (number === "-1" && byId === undefined)) return byId ?? -1;
      const n = Number(number);
      if (!Number.isInteger(n) || n < 0 || n >= cells.count)
        return fail(`${what} is ${number}; a row of the store, 0 to ${cells.count - 1}, is needed`);
      if (byId !== undefined && byId !== n)
        return fail(
          `${what}_id ${id} is row ${byId} of the store, but ${what} is ${n}; leave the column ${what} out or make the plan for these cells`,
        );
      return n;
    };
    const s = SETTINGS.indexOf(name as Setting);
    if (s < 0) fail(`setting ${name || "(empty)"} is not known; use ${SETTINGS.join(", ")}`);
    const cell = lookUp("cell", text(2), text(3));
    if (cell < 0) fail("has no cell; give cell_id or cell");
    let donor = lookUp("donor", text(4), text(5));
    const b = background === "" ? -1 : classes.indexOf(background);
    if (background !== "" && b < 0)
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
    read.add(s, b, cell, donor);
  });
  const plan = read.arrays();
  const { count } = read;
  const order = sortedRows(plan);
  const row = (i: number) => order?.[i] ?? i;
  for (let i = 1; i < count; i++)
    if (compareRows(plan, row(i - 1), row(i)) === 0)
      throw new DataError(
        `row ${Math.max(row(i - 1), row(i)) + 2}: cell ${cells.id[plan.cell[row(i)]]} has ${SETTINGS[plan.setting[row(i)]]} twice with one background; name each once`,
        { path },
      );
  const sorted = <T extends Int32Array | Int16Array | Uint8Array>(values: T): T =>
    order === null ? values : (values.map((_, i) => values[order[i]]) as T);
  const runs = runsOf(sorted(plan.setting), sorted(plan.background));
  return {
    ...{ seed: null, count, classes: [...classes], runs },
    cell: sorted(plan.cell),
    donor: sorted(plan.donor),
  };
}

/** What is read of a plan's table. */
const COLUMNS = ["setting", "background", "cell", "cell_id", "donor", "donor_id"];

/** Rows of a plan of which nobody knows yet how many there are. */
class GrowingPlan {
  count = 0;
  #plan = {
    setting: new Uint8Array(1024),
    background: new Int16Array(1024),
    cell: new Int32Array(1024),
    donor: new Int32Array(1024),
  };

  add(setting: number, background: number, cell: number, donor: number): void {
    const row = this.count++;
    if (row === this.#plan.cell.length) this.#grow();
    const plan = this.#plan;
    plan.setting[row] = setting;
    plan.background[row] = background;
    plan.cell[row] = cell;
    plan.donor[row] = donor;
  }

  arrays() {
    const { setting, background, cell, donor } = this.#plan;
    const { count } = this;
    return {
      setting: setting.slice(0, count),
      background: background.slice(0, count),
      cell: cell.slice(0, count),
      donor: donor.slice(0, count),
    };
  }

  #grow(): void {
    const length = 2 * this.#plan.cell.length;
    const { setting, background, cell, donor } = this.#plan;
    const own = {
      setting: new Uint8Array(length),
      background: new Int16Array(length),
      cell: new Int32Array(length),
      donor: new Int32Array(length),
    };
    own.setting.set(setting);
    own.background.set(background);
    own.cell.set(cell);
    own.donor.set(donor);
    this.#plan = own;
  }
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

/** The order of a plan's rows; null where they are sorted. */
function sortedRows(plan: Sortable): Int32Array | null {
  for (let i = 1; i < plan.cell.length; i++)
    if (compareRows(plan, i - 1, i) > 0)
      return Int32Array.from(plan.cell, (_, row) => row).sort((x, y) => compareRows(plan, x, y));
  return null;
}
