import { DataError } from "../../errors.ts";
import type { CellRecord } from "../store.ts";
import { findSeparator, joinClasses } from "./classes.ts";
import { type Doubtful, emptyMissing, isPlain, parseNumber, thousandsIn } from "./missing.ts";

/** Columns of text by name, one value per cell, empty where nothing is known. */
export type TextTable = ReadonlyMap<string, readonly string[]>;

/** How tables that people write are read. */
export interface TableOptions {
  /** Texts that stand for a missing value in columns of text; left out, they are kept and asked about. */
  readonly missing?: readonly string[] | undefined;
  /** What joins several localizations; left out, it is `|`, and others are asked about. */
  readonly separator?: string | undefined;
}

export interface MetadataOptions extends TableOptions {
  /** File that the table is from, for messages. */
  readonly path: string;
  readonly count: number;
  /** Ids of cells where there is no column `Cell`. */
  readonly ids: (row: number) => string;
  /** Columns that say something else than who the cell is (files, masks). */
  readonly apart?: (name: string) => boolean;
  /** What a row is called in messages. */
  readonly row?: (row: number) => string;
  /** What a row is of: a cell by default. */
  readonly unit?: string;
  /** A comma is the decimal sign of numbers. */
  readonly comma?: boolean;
}

/** Who the cells of a set are. */
export interface CellMetadata {
  readonly record: (row: number) => CellRecord;
  /** What a person should know about it, one sentence each. */
  readonly notes: readonly string[];
}

const OWN = ["Cell", "Protein", "Field", "Localization"];

/** Columns that name the image together, in this order. */
const IMAGE = ["Plate", "Well", "Site", "Field"];

/** The column's name without `Metadata_`. */
export const bare = (name: string) => name.replace(/^metadata_/i, "");

/** The column of this name, whatever its case and with or without `Metadata_`. */
export function findColumn(table: TextTable, name: string): readonly string[] | undefined {
  for (const [key, values] of table) if (bare(key).toLowerCase() === name.toLowerCase()) return values;
  return undefined;
}

/**
 * Makes cell records of a table with the columns `Cell` (unique id), `Protein`, `Plate`, `Well`, `Site`, `Field` (which
 * name the image together, joined by `_` (`/` where two images would have one name), as far as they are there; without any of them the protein stands for it, or
 * the localization) and `Localization` (several joined by `|` or the `separator`); everything else is kept as a
 * `Metadata_` column. Case does not matter, and `Metadata_` may stand before every name. `nan`, `NA` and the like are
 * missing values in columns of numbers; elsewhere they are kept, with a note, unless `missing` names them.
 * @throws DataError where an id is empty or comes twice, a cell has no protein though others have, a column is there
 * with the prefix and without, or localizations may be joined by another sign.
 */
export function cellMetadata(given: TextTable, options: MetadataOptions): CellMetadata {
  const { path, count, row: place = (row: number) => `row ${row + 2}` } = options;
  const { table, doubtful } = readMissing(given, options);
  const protein = findColumn(table, "Protein");
  if (protein !== undefined)
    for (let row = 0; row < count; row++) requireValue(protein[row], `no Protein in ${place(row)}`, path);
  const localization = findColumn(table, "Localization");
  const { separator, notes } = findSeparator(localization ?? [], options.separator, path, place);
  const images = IMAGE.map((name) => findColumn(table, name)).filter((c) => c !== undefined);
  const otherwise = protein ?? localization;
  const parts = (row: number) => images.map((p) => p[row]).filter((v) => v !== "");
  const sign = joiner(parts, count);
  const field = (row: number) => parts(row).join(sign) || otherwise?.[row] || "unknown";
  const ids = cellIds(findColumn(table, "Cell"), options, place);
  const comma = options.comma ?? false;
  const extras = extraColumns(table, comma);
  return {
    notes: [
      ...fieldNotes(images.length, field, protein, localization !== undefined),
      ...notes,
      ...(comma ? thousandsNotes(table) : []),
      ...[...doubtful].flatMap(([name, texts]) => askMissing(name, texts, options.unit ?? "cell", path)),
    ],
    record: (row) => {
      const record: Record<string, string | number | null> = {
        Metadata_Cell: ids[row],
        Metadata_Protein: protein?.[row] ?? null,
        Metadata_Field: field(row),
        Metadata_Localization: joinClasses(localization?.[row] ?? "", separator),
      };
      for (const [name, values] of extras) record[name] = values[row];
      return record as CellRecord;
    },
  };
}

/** `_`, or `/` where that would give different images one name (P_1 and 2, P and 1_2). */
export function joiner(parts: (row: number) => string[], count: number): "_" | "/" {
  const names = new Map<string, string>();
  for (let row = 0; row < count; row++) {
    const own = parts(row);
    const [name, whole] = [own.join("_"), own.join("/")];
    const known = names.get(name);
    if (known === undefined) names.set(name, whole);
    else if (known !== whole) return "/";
  }
  return "_";
}

/** The columns that say who cells are, missing values emptied; the texts that may be missing as well, by column. */
function readMissing(
  given: TextTable,
  { path, apart = () => false, missing, comma = false }: MetadataOptions,
): { table: TextTable; doubtful: Map<string, readonly Doubtful[]> } {
  const table = new Map<string, readonly string[]>();
  const doubtful = new Map<string, readonly Doubtful[]>();
  const names = new Map<string, string>();
  const texts = missing === undefined ? undefined : new Set(missing);
  for (const [name, values] of given) {
    if (apart(name)) continue;
    const key = bare(name).toLowerCase();
    const twin = names.get(key);
    if (twin !== undefined)
      throw new DataError(`has the columns ${twin} and ${name}, which say the same; take one out`, { path });
    names.set(key, name);
    const found = emptyMissing(values, { missing: texts, comma });
    table.set(name, found.values);
    if (found.doubtful.length > 0) doubtful.set(bare(name), found.doubtful);
  }
  return { table, doubtful };
}

/** Asks about texts of a column that may stand for missing values, one sentence each; `unit` is what has them. */
export function askMissing(
  name: string,
  doubtful: readonly Doubtful[],
  unit: string,
  path: string,
): string[] {
  return doubtful.map(({ text, count }) => {
    const have = count === 1 ? `1 ${unit} has` : `${count} ${unit}s have`;
    const what = OWN.includes(name) ? name.toLowerCase() : name;
    const kind = what === "localization" ? "a class" : "a value";
    return `${have} the ${what} ${text}: ${kind} of that name, or missing values? If missing, import again with --missing ${text} (${path}).`;
  });
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

/** Names the columns whose comma may be the sign of thousands; they are kept as text. */
function thousandsNotes(table: TextTable): string[] {
  return [...table].flatMap(([name, values]) => {
    if (!values.every((v) => v === "" || isPlain(v, true))) return [];
    const value = thousandsIn(values);
    return value === undefined
      ? []
      : [
          `Column ${bare(name)} is kept as text: ${value} may be ${value.replace(",", ".")} or ${value.replace(",", "")}; write its numbers with a point, or without a sign for thousands.`,
        ];
  });
}

/**
 * Columns that no rule uses, as `Metadata_` columns; numbers where every value that is there is one (`isPlain`), NaN where
 * it is missing.
 */
function extraColumns(
  table: TextTable,
  comma: boolean,
): [name: string, values: (string | number | null)[]][] {
  return [...table.keys()]
    .filter((name) => !OWN.some((own) => own.toLowerCase() === bare(name).toLowerCase()))
    .map((name) => {
      const values = table.get(name) as readonly string[];
      const known = ["Plate", "Well"].find((k) => k.toLowerCase() === bare(name).toLowerCase());
      const numeric =
        known === undefined &&
        values.some((v) => v !== "") &&
        values.every((v) => v === "" || isPlain(v, comma)) &&
        !(comma && thousandsIn(values) !== undefined);
      return [
        `Metadata_${known ?? bare(name)}`,
        values.map((v) => (numeric ? parseNumber(v, comma) : v === "" ? null : v)),
      ];
    });
}

function fieldNotes(
  parts: number,
  field: (row: number) => string,
  protein: readonly string[] | undefined,
  classes: boolean,
): string[] {
  if (parts === 0 && protein === undefined && !classes)
    return ["No Plate, Well, Site or Field column: all cells count as one field."];
  const what = protein === undefined ? "localization" : "protein";
  if (parts === 0)
    return [
      `No Plate, Well, Site or Field column: the ${what} stands for the field, so cells of one ${what} count as one field.`,
    ];
  if (protein === undefined) return [];
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
