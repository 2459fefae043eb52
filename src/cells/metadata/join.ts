import { DataError } from "../../errors.ts";
import { type Csv, isRowIndex, readCsvFile } from "../../files/csv.ts";
import { findColumn, type MetadataOptions, type TableOptions, type TextTable } from "./cells.ts";

/** What `cellMetadata` is told of a table that is read from a CSV; `lines` are those of the cells, in their order. */
export function csvOptions(
  csv: Csv,
  { missing, separator }: TableOptions,
  lines: readonly number[] = csv.lines,
): Pick<MetadataOptions, "row" | "comma" | "apart" | "missing" | "separator"> {
  return {
    row: (at) => `row ${lines[at]}`,
    comma: csv.separator !== ",",
    apart: (name) => isRowIndex(csv, name),
    missing,
    separator,
  };
}

/** Cells that a CSV names, in the order of the source. */
export interface Joined {
  readonly csv: Csv;
  /** Places of these cells in the source. */
  readonly kept: readonly number[];
  /** The CSV's columns, a value for each of these cells, without the column that names them. */
  readonly table: TextTable;
  /** Each cell's line in the CSV. */
  readonly lines: readonly number[];
  readonly notes: readonly string[];
}

/**
 * Reads a CSV that says who the cells of a source are: a row per cell, named in a column `Cell` or `ID`. Cells that it
 * does not name are left out, with a note.
 * @param names what each cell may be called in the CSV; @param what names a cell in messages
 * @throws DataError where the CSV lacks such a column, has a cell twice, names none of the cells or several by one
 * name.
 */
export function joinCsv(manifest: string, names: readonly (readonly string[])[], what: string): Joined {
  const csv = readCsvFile(manifest);
  const { columns, lines } = csv;
  const ids = findColumn(columns, "Cell") ?? findColumn(columns, "ID");
  if (ids === undefined)
    throw new DataError(
      `has no column Cell or ID (its columns: ${[...columns.keys()].join(", ")}); name the ${what}s there`,
      { path: manifest },
    );
  const places = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const twin = places.get(id);
    if (twin !== undefined)
      throw new DataError(
        `names ${id} in rows ${lines[twin]} and ${lines[row]}; one row per ${what} is needed`,
        { path: manifest },
      );
    places.set(id, row);
  }
  const kept: number[] = [];
  const rows: number[] = [];
  const cellOf = new Map<number, number>();
  for (const [place, possible] of names.entries()) {
    const name = possible.find((n) => places.has(n));
    if (name === undefined) continue;
    const row = places.get(name) as number;
    const twin = cellOf.get(row);
    if (twin !== undefined)
      throw new DataError(
        `names ${name} in row ${lines[row]}, and two ${what}s are called so (${names[twin][0]}, ${names[place][0]}); write which`,
        { path: manifest },
      );
    cellOf.set(row, place);
    kept.push(place);
    rows.push(row);
  }
  if (kept.length === 0)
    throw new DataError(
      `names none of the ${names.length} ${what}s (the first is ${names[0]?.[0]}, the CSV's first ${ids[0] ?? "missing"}); name them alike`,
      { path: manifest },
    );
  const [without, unknown] = [names.length - kept.length, ids.length - rows.length];
  return {
    csv,
    kept,
    table: new Map(
      [...columns]
        .filter(([, values]) => values !== ids)
        .map(([name, values]) => [name, rows.map((row) => values[row])]),
    ),
    lines: rows.map((row) => lines[row]),
    notes: [
      ...(without === 0
        ? []
        : [`${without} of ${names.length} ${what}s have no row in ${manifest}: left out.`]),
      ...(unknown === 0
        ? []
        : [`${unknown} of ${ids.length} rows of ${manifest} name no ${what} that is there.`]),
    ],
  };
}
