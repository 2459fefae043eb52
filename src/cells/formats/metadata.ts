import { DataError } from "../../errors.ts";
import type { CellRecord } from "../store.ts";

/** Columns of text by name, one value per cell, empty where nothing is known. */
export type TextTable = ReadonlyMap<string, readonly string[]>;

export interface MetadataOptions {
  /** File that the table is from, for messages. */
  readonly path: string;
  readonly count: number;
  /** Ids of cells where there is no column `Cell`. */
  readonly ids: (row: number) => string;
  /** Columns that say something else than who the cell is (files, masks). */
  readonly apart?: (name: string) => boolean;
  /** What a row is called in messages. */
  readonly row?: (row: number) => string;
}

/** Who the cells of a set are. */
export interface CellMetadata {
  readonly record: (row: number) => CellRecord;
  /** What a person should know about it, one sentence each. */
  readonly notes: readonly string[];
}

const OWN = ["Cell", "Protein", "Field", "Localization"];

/** The column's name without `Metadata_`. */
export const bare = (name: string) => name.replace(/^metadata_/i, "");

/** The column of this name, whatever its case and with or without `Metadata_`. */
export function findColumn(table: TextTable, name: string): readonly string[] | undefined {
  for (const [key, values] of table) if (bare(key).toLowerCase() === name.toLowerCase()) return values;
  return undefined;
}

/**
 * Makes cell records of a table with the columns `Cell` (unique id), `Protein`, `Plate`, `Well`, `Field` (which name the
 * image together, joined by `_`, as far as they are there; without any of them the protein stands for it) and
 * `Localization` (several joined by `|`); everything else is kept as a `Metadata_` column. Case does not matter, and
 * `Metadata_` may stand before every name.
 * @throws DataError where an id is empty or comes twice, or a protein is missing.
 */
export function cellMetadata(table: TextTable, options: MetadataOptions): CellMetadata {
  const { path, count, row: place = (row: number) => `row ${row + 2}` } = options;
  const protein = findColumn(table, "Protein");
  if (protein === undefined)
    throw new DataError(`has no column Protein (its columns: ${[...table.keys()].join(", ")}); add it`, {
      path,
    });
  for (let row = 0; row < count; row++) requireValue(protein[row], `no Protein in ${place(row)}`, path);
  const images = ["Plate", "Well", "Field"]
    .map((name) => findColumn(table, name))
    .filter((c) => c !== undefined);
  const field = (row: number) =>
    images
      .map((p) => p[row])
      .filter((v) => v !== "")
      .join("_") || protein[row];
  const ids = cellIds(findColumn(table, "Cell"), options, place);
  const localization = findColumn(table, "Localization");
  const extras = extraColumns(table, options.apart ?? (() => false));
  return {
    notes: fieldNotes(images.length, field, protein),
    record: (row) => {
      const record: Record<string, string | number | null> = {
        Metadata_Cell: ids[row],
        Metadata_Protein: protein[row],
        Metadata_Field: field(row),
        Metadata_Localization: sortClasses(localization?.[row]),
      };
      for (const [name, values] of extras) record[name] = values[row];
      return record as CellRecord;
    },
  };
}

/** @throws DataError where a value that every cell needs is empty. */
export function requireValue(value: string | undefined, what: string, path: string): void {
  if (value === undefined || value === "")
    throw new DataError(`has ${what}; fill it in or take the row out`, { path });
}

function cellIds(
  given: readonly string[] | undefined,
  { path, count, ids }: MetadataOptions,
  place: (row: number) => string,
): string[] {
  const rows = new Map<string, number>();
  const found = Array.from({ length: count }, (_, row) => given?.[row] ?? ids(row));
  for (const [row, id] of found.entries()) {
    if (id === "")
      throw new DataError(`has no Cell in ${place(row)}; fill it in or leave the column out`, { path });
    const twin = rows.get(id);
    if (twin !== undefined)
      throw new DataError(
        `has the cell id ${id} in ${both(place(twin), place(row))}; make ids unique (for instance PROTEIN_FIELD_CELL)${given === undefined ? "" : ", or leave the column Cell out, then file names are the ids"}`,
        { path },
      );
    rows.set(id, row);
  }
  return found;
}

/** "row 2" and "row 5" as "rows 2 and 5". */
const both = (a: string, b: string) => `${a.replace(" ", "s ")} and ${b.slice(b.indexOf(" ") + 1)}`;

/** Columns that no rule uses, as `Metadata_` columns; numbers where every value is one written plainly. */
function extraColumns(
  table: TextTable,
  apart: (name: string) => boolean,
): [name: string, values: (string | number | null)[]][] {
  return [...table.keys()]
    .filter((name) => !apart(name))
    .filter((name) => !OWN.some((own) => own.toLowerCase() === bare(name).toLowerCase()))
    .map((name) => {
      const values = table.get(name) as readonly string[];
      const known = ["Plate", "Well"].find((k) => k.toLowerCase() === bare(name).toLowerCase());
      const plain = known === undefined && values.every((v) => v !== "" && String(Number(v)) === v);
      return [
        `Metadata_${known ?? bare(name)}`,
        values.map((v) => (plain ? Number(v) : v === "" ? null : v)),
      ];
    });
}

function sortClasses(text: string | undefined): string | null {
  const classes = new Set(
    (text ?? "")
      .split("|")
      .map((c) => c.trim())
      .filter((c) => c !== ""),
  );
  return classes.size === 0 ? null : [...classes].sort().join("|");
}

function fieldNotes(parts: number, field: (row: number) => string, protein: readonly string[]): string[] {
  if (parts === 0)
    return [
      "No Plate, Well or Field column: the protein stands for the field, so cells of one protein count as one field.",
    ];
  const proteins = new Map<string, Set<string>>();
  for (let row = 0; row < protein.length; row++) {
    const key = field(row);
    const known = proteins.get(key) ?? new Set<string>();
    proteins.set(key, known.add(protein[row]));
  }
  const shared = [...proteins].filter(([, p]) => p.size > 1);
  if (shared.length === 0) return [];
  const [name, held] = shared[0];
  return [
    `${shared.length} field(s) hold cells of several proteins (field ${name}: ${held.size}); if these are different images, make Field unique, for instance PROTEIN_FIELD.`,
  ];
}
