import { DataError, isCellswapError } from "../../errors.ts";
import { CROP } from "../../image/planes.ts";
import { DEEPLOC_CLASSES } from "../../names.ts";
import type { CropValues } from "../crop-type.ts";
import type { CellSource } from "../importer.ts";
import { closeQuietly, damaged, openHdf5 } from "../readers/hdf5.ts";
import { openTable, type RowTable } from "../readers/hdf5-table.ts";
import type { CellRecord } from "../store.ts";

const CHANNELS = ["GFP", "RFP"];
const MAX_CELLS = 100_000_000;
/** Names of info columns, in the order they are asked for. */
const PROTEIN = ["protein", "gene", "standardname", "stdname", "orf", "strain", "name"];
const FIELD = [
  ["plate"],
  ["well"],
  ["row"],
  ["column", "col"],
  ["field", "site", "image", "imagenumber", "frame"],
];

interface Shard {
  readonly name: string;
  readonly start: number;
  readonly data: RowTable;
}

/**
 * Plans the import of a DeepLoc data set (Kraus et al. 2017; HDF5): `data1` (cells x 2 side^2: GFP, then RFP, each
 * row by row), `Index1` (one-hot classes) with `Index1_columns`, `Info1` with `Info1_columns`; larger sets continue
 * with `data2`, `Index2`, ... Protein and field come from info columns where there are any, else the class stands for
 * the protein and the protein for the field. No masks.
 * @throws DataError where it is not such a file, its parts do not fit together or it says that it is absurdly large.
 */
export async function deeplocSource(path: string): Promise<CellSource> {
  const { file, bytes } = await openHdf5(path);
  try {
    const keys = file.keys();
    const numbers = keys
      .flatMap((k) => /^data(\d+)$/.exec(k)?.[1] ?? [])
      .sort((a, b) => Number(a) - Number(b));
    if (numbers.length === 0)
      throw new DataError(
        `has no data set data1 (it has: ${keys.slice(0, 8).join(", ") || "nothing"}); give a file laid out as DeepLoc's sets`,
        { path },
      );
    const shards: Shard[] = [];
    const records: CellRecord[] = [];
    const notes = new Set<string>();
    for (const number of numbers) {
      const data = openTable(file, `data${number}`, bytes, path);
      if (data === null || data.text) throw new DataError(`data${number} holds no pixels`, { path });
      if (data.columns !== (shards[0]?.data ?? data).columns)
        throw new DataError(
          `data${number} has ${data.columns} values per cell, data${numbers[0]} has ${shards[0].data.columns}; split the file`,
          { path },
        );
      shards.push({ name: `data${number}`, start: records.length, data });
      if (records.length + data.rows > MAX_CELLS)
        throw new DataError(`says that it has over ${MAX_CELLS} cells; split the file`, { path });
      const table = (name: string) => openTable(file, name, bytes, path);
      const classes = readClasses(table, number, data.rows, path);
      const info = readInfo(table, number, data.rows, path, notes);
      for (let row = 0; row < data.rows; row++)
        records.push(makeRecord(`data${number}_${row}`, classes?.[row] ?? null, info, row));
      if (classes === null) notes.add("No Index data set: the cells have no localization.");
    }
    if (records.length === 0) throw new DataError("holds no cells (data1 has no rows)", { path });
    const side = Math.sqrt(shards[0].data.columns / CHANNELS.length);
    if (!Number.isInteger(side) || side > CROP.side)
      throw new DataError(
        `has ${shards[0].data.columns} values per cell; two square channels are expected (64 x 64: 8192)`,
        { path },
      );
    return {
      ...pixelReader(shards, side),
      ...described(path, records, notes),
      close: () => closeQuietly(file),
    };
  } catch (error) {
    closeQuietly(file);
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

function described(path: string, records: readonly CellRecord[], notes: ReadonlySet<string>) {
  return {
    source: "deeploc",
    path,
    channels: CHANNELS,
    masks: "none" as const,
    count: records.length,
    notes: [...notes],
    record: (i: number) => records[i],
    inputs: () => [path],
    file: (i: number) => `${path}: ${records[i].Metadata_Cell}`,
  };
}

/** Reads crops a batch of rows at a time; the last batch is kept, since cells are asked for in order. */
function pixelReader(shards: readonly Shard[], side: number): Pick<CellSource, "read"> {
  let held: { shard: Shard; from: number; values: ArrayLike<number | string | bigint> } | undefined;
  return {
    read: async (cell) => {
      const shard = shards.findLast((s) => s.start <= cell && s.data.rows > 0) as Shard;
      const row = cell - shard.start;
      const { data } = shard;
      const from = row - (row % data.batch);
      if (held?.shard !== shard || held.from !== from)
        held = { shard, from, values: data.read(from, Math.min(data.rows, from + data.batch)) };
      const at = (row - from) * data.columns;
      const crop = cropOf(held.values, at, data.columns);
      return { height: side, width: side, crop, mask: null };
    },
  };
}

/** Values from position `at` on, as the table has them where a crop can, else as float32. */
function cropOf(values: ArrayLike<number | string | bigint>, at: number, length: number): CropValues {
  if (values instanceof Uint8Array || values instanceof Uint16Array || values instanceof Float32Array)
    return values.slice(at, at + length);
  if (values instanceof Float64Array) return new Float32Array(values.subarray(at, at + length));
  return Float32Array.from({ length }, (_, i) => Number(values[at + i]));
}

type OpenTable = (name: string) => RowTable | null;

function columnNames(
  table: OpenTable,
  kind: string,
  number: string,
  columns: number,
  path: string,
): string[] | null {
  const names = table(`${kind}${number}_columns`) ?? table(`${kind}1_columns`) ?? table(`${kind}_columns`);
  if (names === null) return null;
  const found = Array.from(names.read(0, names.rows), clean);
  if (found.length !== columns)
    throw new DataError(
      `${kind}${number} has ${columns} columns, ${kind}${number}_columns names ${found.length}`,
      {
        path,
      },
    );
  return found;
}

/** Class of every cell, several joined by `|`; null without an index. */
function readClasses(table: OpenTable, number: string, rows: number, path: string): (string | null)[] | null {
  const index = table(`Index${number}`);
  if (index === null) return null;
  checkRows(index, `Index${number}`, number, rows, path);
  const { columns } = index;
  const published = columns === DEEPLOC_CLASSES.length ? [...DEEPLOC_CLASSES] : null;
  const names = columnNames(table, "Index", number, columns, path) ?? published;
  if (names === null)
    throw new DataError(
      `Index${number} has ${columns} classes and no Index${number}_columns names them; add it`,
      {
        path,
      },
    );
  const classes: (string | null)[] = [];
  for (let from = 0; from < rows; from += index.batch) {
    const values = index.read(from, Math.min(rows, from + index.batch));
    for (let at = 0; at < values.length; at++)
      if (!(Number(values[at]) >= 0 && Number(values[at]) <= 1))
        throw new DataError(
          `Index${number} holds ${Number(values[at])} in row ${from + Math.floor(at / columns)}, classes are 0 or 1; write the file again`,
          { path },
        );
    for (let at = 0; at < values.length; at += columns) {
      const hot = names.filter((_, c) => Number(values[at + c]) > 0.5).sort();
      classes.push(hot.length === 0 ? null : hot.join("|"));
    }
  }
  return classes;
}

function readInfo(table: OpenTable, number: string, rows: number, path: string, notes: Set<string>) {
  const info = table(`Info${number}`);
  const names = info === null ? null : columnNames(table, "Info", number, info.columns, path);
  const columns = new Map<string, string[]>();
  if (info !== null && names !== null) {
    checkRows(info, `Info${number}`, number, rows, path);
    for (const name of names) columns.set(name, []);
    for (let from = 0; from < rows; from += info.batch) {
      const values = info.read(from, Math.min(rows, from + info.batch));
      for (let at = 0; at < values.length; at++)
        columns.get(names[at % names.length])?.push(clean(values[at]));
    }
  } else if (info !== null)
    notes.add(`Info${number} is passed over: no Info${number}_columns names its columns.`);
  const find = (wanted: readonly string[]) =>
    wanted.flatMap((w) => [...columns.keys()].filter((k) => k.toLowerCase().replace(/[^a-z]/g, "") === w))[0];
  const protein = find(PROTEIN);
  const fields = FIELD.map(find).filter((f) => f !== undefined);
  notes.add(
    protein === undefined
      ? "No info column names the protein: the class stands for it."
      : `Protein from the info column ${protein}.`,
  );
  notes.add(
    fields.length === 0
      ? "No info column names the image: the protein stands for the field, so cells of one protein count as one field."
      : `Field from the info columns ${fields.join(", ")}.`,
  );
  return { columns, protein, fields };
}

function makeRecord(
  id: string,
  localization: string | null,
  info: ReturnType<typeof readInfo>,
  row: number,
): CellRecord {
  const value = (name: string) => info.columns.get(name)?.[row] ?? "";
  const protein = (info.protein === undefined ? "" : value(info.protein)) || localization || "unknown";
  const record: Record<string, string | null> = {
    Metadata_Cell: id,
    Metadata_Protein: protein,
    Metadata_Field:
      info.fields
        .map(value)
        .filter((v) => v !== "")
        .join("_") || protein,
    Metadata_Localization: localization,
  };
  for (const name of info.columns.keys()) {
    const column = `Metadata_${name}`;
    if (!(column in record)) record[column] = value(name);
  }
  return record;
}

function checkRows(table: RowTable, name: string, number: string, rows: number, path: string): void {
  if (table.rows !== rows)
    throw new DataError(`${name} has ${table.rows} rows, data${number} has ${rows}; write the file again`, {
      path,
    });
}

const clean = (value: unknown) => String(value).replace(/\0.*$/s, "").trim();
