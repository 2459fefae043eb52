import { DataError } from "../../errors.ts";
import { readCsvFile } from "../../files/csv.ts";
import { askMissing, findColumn, type TableOptions } from "./cells.ts";
import { findSeparator, JOINED, splitClasses } from "./classes.ts";
import { emptyMissing } from "./missing.ts";

/** Localization by protein: sorted classes joined by `|`. */
export type Labels = ReadonlyMap<string, string>;

/**
 * Reads a table of proteins and localizations (any CSV that `readCsvFile` reads, with the columns `protein` and
 * `localization`, in any case, also with the `Metadata_` prefix). Several rows of a protein, or several classes joined
 * by `|` or the `separator`, make it multiply localized; the classes are stored once each, sorted by code unit. Rows
 * whose localization is one of `missing` are passed over.
 * @param note called with what a person should know, one sentence each
 * @throws DataError where a column is missing, a cell of it is empty, there is no row, or localizations may be joined by
 * another sign.
 */
export function readLabels(
  path: string,
  options: TableOptions = {},
  note: (text: string) => void = () => {},
): Labels {
  const { columns, lines } = readCsvFile(path);
  const missing = new Set(options.missing);
  const column = (name: string): readonly string[] => {
    const values = findColumn(columns, name);
    if (values === undefined)
      throw new DataError(`has no column ${name} (its columns: ${[...columns.keys()].join(", ")}); add one`, {
        path,
      });
    const { doubtful } = emptyMissing(values, { missing: options.missing && missing });
    for (const text of askMissing(name, doubtful, "row", path)) note(text);
    return values;
  };
  const proteins = column("protein");
  const localizations = column("localization");
  if (proteins.length === 0)
    throw new DataError(
      "has a header but no rows; add one line per protein, for instance `AAC1,mitochondrion`",
      { path },
    );
  const place = (row: number) => `row ${lines[row]}`;
  const { separator, notes } = findSeparator(localizations, options.separator, path, place);
  notes.forEach(note);
  const classes = new Map<string, Set<string>>();
  for (const [row, protein] of proteins.entries()) {
    if (missing.has(localizations[row])) continue;
    const names = splitClasses(localizations[row], separator);
    if (protein === "" || names.length === 0)
      throw new DataError(
        `has no ${protein === "" ? "protein" : "localization"} in ${place(row)}; fill it in or take the row out`,
        { path },
      );
    const known = classes.get(protein) ?? new Set<string>();
    for (const name of names) known.add(name);
    classes.set(protein, known);
  }
  return new Map([...classes].map(([protein, names]) => [protein, [...names].sort().join(JOINED)]));
}
