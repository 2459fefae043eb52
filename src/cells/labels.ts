import { DataError } from "../errors.ts";
import { readCsv } from "../files/table.ts";

/** Localization by protein: sorted classes joined by `|`. */
export type Labels = ReadonlyMap<string, string>;

/**
 * Reads a table of proteins and localizations (CSV with the columns `protein` and `localization`, in any case, also
 * with the `Metadata_` prefix). Several rows of a protein, or several classes joined by `|`, make it multiply
 * localized; the classes are stored once each, sorted by code unit.
 * @throws DataError where a column is missing, a cell of it is empty or there is no row.
 */
export function readLabels(path: string): Labels {
  const table = readCsv(path);
  const column = (name: string): string[] => {
    const found = [...table.keys()].find((k) => k.toLowerCase().replace(/^metadata_/, "") === name);
    if (found === undefined)
      throw new DataError(`has no column ${name} (its columns: ${[...table.keys()].join(", ")}); add one`, {
        path,
      });
    return table.get(found) as string[];
  };
  const proteins = column("protein");
  const localizations = column("localization");
  if (proteins.length === 0)
    throw new DataError(
      "has a header but no rows; add one line per protein, for instance `AAC1,mitochondrion`",
      { path },
    );
  const classes = new Map<string, Set<string>>();
  for (let row = 0; row < proteins.length; row++) {
    const protein = proteins[row];
    const names = localizations[row]
      .split("|")
      .map((c) => c.trim())
      .filter((c) => c !== "");
    if (protein === "" || names.length === 0)
      throw new DataError(
        `has no ${protein === "" ? "protein" : "localization"} in row ${row + 2}; fill it in or take the row out`,
        { path },
      );
    const known = classes.get(protein) ?? new Set<string>();
    for (const name of names) known.add(name);
    classes.set(protein, known);
  }
  return new Map([...classes].map(([protein, names]) => [protein, [...names].sort().join("|")]));
}
