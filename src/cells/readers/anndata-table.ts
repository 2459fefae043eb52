import type { Dataset, File, Group } from "h5wasm/node";
import { DataError, isCellswapError } from "../../errors.ts";
import { damaged, findEntity, isDataset, isGroup } from "./hdf5.ts";
import { openTable } from "./hdf5-table.ts";

/** A data frame of an AnnData file as columns of text; empty where a value is missing. */
export interface AnnTable {
  readonly rows: number;
  /** Names of the rows; null where the frame has none. */
  readonly index: readonly string[] | null;
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

interface Place {
  readonly file: File;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly path: string;
}

/**
 * Reads the data frame `name` (`obs`, `var`) of an AnnData file (.h5ad, HDF5): arrays of numbers, bool and text,
 * categoricals (of every version of anndata that writes groups), nullable integers, booleans and strings. Numbers are
 * written plainly, missing values (NaN, no category, masked) are empty.
 * @param only columns to read; all by default
 * @throws DataError where it is not there, of an old layout, or its columns differ in length.
 */
export function readAnnTable(place: Place, name: string, only?: ReadonlySet<string>): AnnTable {
  const { file, path } = place;
  const group = findEntity(file, name);
  if (isDataset(group))
    throw new DataError(
      `was written by anndata before 0.7 (${name} is one data set); read it with anndata and write it again`,
      { path },
    );
  if (!isGroup(group))
    throw new DataError(
      `has no ${name} (it has: ${file.keys().slice(0, 8).join(", ") || "nothing"}); give an AnnData file (.h5ad)`,
      {
        path,
      },
    );
  try {
    const own = (key: string) => !key.startsWith("__");
    const indexName = text(group, "_index") ?? "_index";
    const listed = list(group, "column-order");
    const keys = group.keys().filter(own);
    // Names that are listed again and again would be read as often.
    const wanted = listed === null ? keys.filter((key) => key !== indexName) : new Set(listed);
    const index = keys.includes(indexName) ? readColumn(place, name, indexName) : null;
    const columns = new Map<string, readonly string[]>();
    for (const key of wanted) {
      if (only?.has(key) === false) continue;
      const values = readColumn(place, name, key);
      if (values !== null) columns.set(key, values);
    }
    const rows = index?.length ?? [...columns.values()][0]?.length ?? 0;
    for (const [key, values] of columns)
      if (values.length !== rows)
        throw new DataError(
          `${name}/${key} has ${values.length} values for ${rows} rows; write the file again`,
          {
            path,
          },
        );
    return { rows, index, columns };
  } catch (error) {
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

function attribute(entity: Group | Dataset, name: string): unknown {
  return name in entity.attrs ? entity.attrs[name]?.value : undefined;
}

function text(entity: Group | Dataset, name: string): string | null {
  const value = attribute(entity, name);
  return typeof value === "string" ? value : null;
}

function list(entity: Group | Dataset, name: string): string[] | null {
  const value = attribute(entity, name);
  if (value === undefined || value === null || typeof value !== "object" || !("length" in value)) return null;
  return Array.from(value as ArrayLike<unknown>, String);
}

/** A column as text, null where it is of a kind that says nothing of a cell (arrays, references). */
function readColumn(place: Place, frame: string, key: string): string[] | null {
  const { file } = place;
  const entity = findEntity(file, frame, key);
  if (isDataset(entity)) {
    const old = findEntity(file, frame, "__categories", key);
    const values = readValues(place, frame, key);
    return isDataset(old) && values !== null
      ? coded(values, readValues(place, frame, "__categories", key))
      : values;
  }
  if (!isGroup(entity)) return null;
  const keys = entity.keys();
  if (keys.includes("codes"))
    return coded(readValues(place, frame, key, "codes"), readValues(place, frame, key, "categories"));
  if (!keys.includes("values")) return null;
  const values = readValues(place, frame, key, "values");
  const mask = keys.includes("mask") ? readValues(place, frame, key, "mask") : null;
  return values?.map((v, row) => (mask?.[row] === "True" ? "" : v)) ?? null;
}

const coded = (codes: readonly string[] | null, categories: readonly string[] | null): string[] | null =>
  codes?.map((code) => categories?.[Number(code)] ?? "") ?? null;

function readValues({ file, bytes, path }: Place, ...way: string[]): string[] | null {
  const entity = findEntity(file, ...way);
  if (!isDataset(entity) || (entity.metadata.shape ?? []).length !== 1) return null;
  const bool = entity.metadata.type === 8;
  const table = openTable(file, way, bytes, path);
  if (table === null) return null;
  const out: string[] = [];
  const held = new Map<string, string>();
  for (let from = 0; from < table.rows; from += table.batch)
    for (const value of Array.from(table.read(from, Math.min(table.rows, from + table.batch)))) {
      const plain = bool ? (Number(value) === 0 ? "False" : "True") : written(value);
      const known = held.get(plain);
      if (known === undefined && held.size < 65_536) held.set(plain, plain);
      out.push(known ?? plain);
    }
  return out;
}

const written = (value: number | string | bigint) =>
  typeof value === "number" && Number.isNaN(value) ? "" : String(value);
