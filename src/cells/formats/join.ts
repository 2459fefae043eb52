import { DataError } from "../../errors.ts";
import { type Csv, isRowIndex, readCsvFile } from "../../files/csv.ts";
import { findColumn, type MetadataOptions, type TableOptions, type TextTable } from "./metadata.ts";

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

/**
 * Reads a CSV with one row per cell, named in a column `Cell` or `ID`, in the order of the cells.
 * @param names what a cell may be called in the CSV, by its place; @param what names a cell in messages
 * @returns the columns in the order of the cells, without the one that names them, and each cell's line in the CSV
 * @throws DataError where the CSV lacks such a column or a cell, or has a cell twice.
 */
export function joinCsv(
  manifest: string,
  names: readonly (readonly string[])[],
  what: string,
): { csv: Csv; table: TextTable; lines: readonly number[] } {
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
  const rows = names.map((possible) => {
    const name = possible.find((n) => places.has(n));
    if (name === undefined)
      throw new DataError(`has no row for the ${what} ${possible[0]}; add it, or remove the ${what}`, {
        path: manifest,
      });
    return places.get(name) as number;
  });
  const table = new Map(
    [...columns]
      .filter(([, values]) => values !== ids)
      .map(([name, values]) => [name, rows.map((row) => values[row])]),
  );
  return { csv, table, lines: rows.map((row) => lines[row]) };
}
