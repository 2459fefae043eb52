import { DataError } from "../../errors.ts";
import { backgroundOf, settingOf } from "../../swap/runs.ts";
import type { Cells, SwapPlan } from "../../types.ts";
import { type FeatureFile, IDENTITY, type Identity } from "./file.ts";

const NAMES = Object.keys(IDENTITY) as Identity[];
const AGAIN = "export the composites again (`cellswap export composites`) and make the features of those";

/**
 * Row of the plan of every row of a file of features: found by the columns that say which composite a row is of, where
 * the file has all of them (cell, setting, background and donor); null where its rows stand in the order of the plan,
 * as far as its columns tell.
 * @throws DataError for another number of rows, a row that is not in the plan or is there twice
 */
export function planOrder(
  file: Pick<FeatureFile, "path" | "rows" | "identity">,
  plan: SwapPlan,
  cells: Pick<Cells, "id">,
): Int32Array | null {
  const { path, rows, identity } = file;
  if (rows !== plan.count)
    throw new DataError(
      `has ${rows} rows, the swap plan has ${plan.count}; one row per row of the plan is needed: ${AGAIN}`,
      { path },
    );
  if (identity.size === 0) return null;
  const expected: Record<Identity, (row: number) => string | null> = {
    cell: (row) => cells.id[plan.cell[row]],
    setting: (row) => settingOf(plan, row),
    background: (row) => plan.classes[backgroundOf(plan, row)] ?? null,
    donor: (row) => (plan.donor[row] < 0 ? null : cells.id[plan.donor[row]]),
  };
  const known = NAMES.filter((name) => identity.has(name));
  const told = (row: number) => known.map((name) => identity.get(name)![row]);
  const planned = (row: number) => known.map((name) => expected[name](row));
  const same = (a: readonly (string | null)[], b: readonly (string | null)[]) =>
    a.every((value, i) => value === b[i]);
  let first = 0;
  while (first < rows && same(told(first), planned(first))) first++;
  if (first === rows) return null;
  const lacking = lackingColumns(file);
  if (lacking.length > 0)
    throw new DataError(
      `row ${first} (from 0) is of ${say(told(first))}, that row of the plan of ${say(planned(first))}; ${AGAIN}, or give ${lacking.join(", ")} as well, so that rows can be found in any order`,
      { path },
    );
  const key = (values: readonly (string | null)[]) => JSON.stringify(values);
  const rowOf = new Map<string, number>();
  for (let row = 0; row < rows; row++) rowOf.set(key(planned(row)), row);
  const order = new Int32Array(rows);
  const seen = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = rowOf.get(key(told(row)));
    if (at === undefined)
      throw new DataError(
        `row ${row} (from 0) is of ${say(told(row))}, which is not in the swap plan; ${AGAIN}`,
        { path },
      );
    if (seen[at] === 1)
      throw new DataError(
        `row ${row} (from 0) is of ${say(told(row))}, which is there twice; keep one row per row of the plan`,
        { path },
      );
    seen[at] = 1;
    order[row] = at;
  }
  return order;
}

/** Columns that a file lacks to say which composite every row is of. */
export function lackingColumns({ identity }: Pick<FeatureFile, "identity">): string[] {
  return NAMES.filter((name) => !identity.has(name)).map((name) => IDENTITY[name][0]);
}

const say = (values: readonly (string | null)[]) => values.map((v) => v ?? "none").join(" / ");
