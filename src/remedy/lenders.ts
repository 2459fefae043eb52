import { addTo } from "../core/group.ts";
import { DataError } from "../errors.ts";
import type { Cells } from "../types.ts";
import type { Lenders } from "./recompose.ts";

/** Classes that lend medium in turns at most; of more, all cells are one, as chance then mixes them well enough. */
const MOST_LENDING = 50;

/** Class of every row of a store: position in `names`, -1 for none or several. */
export interface CellClasses {
  readonly names: readonly string[];
  readonly of: Int32Array;
}

/**
 * Classes of the cells of a store.
 * @param column metadata column without its prefix; undefined: Localization
 * @throws DataError for a column that the cells do not have
 */
export function cellClasses(cells: Cells, column: string | undefined, path: string): CellClasses {
  const found = cells.metadata.columns.get(`Metadata_${column ?? "Localization"}`);
  if (found === undefined) {
    if (column === undefined) return { names: [], of: new Int32Array(cells.count).fill(-1) };
    const known = [...cells.metadata.columns.keys()].map((name) => name.replace(/^Metadata_/, ""));
    throw new DataError(`has no column ${column} for --class; the cells have ${known.join(", ")}`, { path });
  }
  const ids = new Map<string, number>();
  const several = (column ?? "Localization") === "Localization";
  const of = Int32Array.from(found as ArrayLike<string | number | null>, (value) => {
    if (value === null || value === "" || Number.isNaN(value)) return -1;
    const name = String(value);
    if (several && name.includes("|")) return -1;
    if (!ids.has(name)) ids.set(name, ids.size);
    return ids.get(name)!;
  });
  return { names: [...ids.keys()], of };
}

/**
 * Who lends medium to the cells of a store, of which no study says so. Classes lend in turns; usable cells of no class, or
 * alone in theirs, make a class of their own. Cells whose mask failed are given medium and lend none.
 * @param rows cells that are to be recomposed
 * @throws DataError where no two cells could lend
 */
export function storeLenders(cells: Cells, classes: CellClasses, rows: Int32Array, path: string): Lenders {
  const members = new Map<number, number[]>();
  for (const row of rows) if (cells.usable[row] === 1) addTo(members, classes.of[row], row);
  const large = [...members].filter(([c, list]) => c >= 0 && list.length > 1).map(([c]) => c);
  large.sort((a, b) => a - b);
  const named = large.length <= MOST_LENDING ? large : [];
  const names = named.map((c) => classes.names[c]);
  const place = new Map(named.map((c, k) => [c, k]));
  const [rest, failed] = ["the rest", "masks that failed"].map((name) => unlike(name, names));
  const kind = (row: number) =>
    cells.usable[row] === 0 ? failed : (names[place.get(classes.of[row]) ?? -1] ?? rest);
  const sizes = new Map<string, number>();
  for (const row of rows) sizes.set(kind(row), (sizes.get(kind(row)) ?? 0) + 1);
  const alone = (sizes.get(rest) ?? 0) < 2;
  if (names.length === 0 && alone)
    throw new DataError(
      "has no two cells with usable masks, and a cell is recomposed onto the medium of others; add cells, or take --remedy clear or masked",
      { path },
    );
  const all = [...names, rest, failed].filter((name) => sizes.has(name));
  const classOf = new Int16Array(cells.count).fill(-1);
  for (const row of rows) classOf[row] = all.indexOf(kind(row));
  return {
    classes: all,
    classOf,
    field: cells.field,
    usable: Uint8Array.from(classOf, (c) => (c >= 0 ? 1 : 0)),
    backgrounds: alone ? names : [...names, rest],
  };
}

/** A name that is none of `names`. */
function unlike(name: string, names: readonly string[]): string {
  let found = name;
  while (names.includes(found)) found += " ";
  return found;
}
