import { closeSync, openSync, writeSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { fileWriter, ParquetWriter, parquetWriteFile, schemaFromColumnData } from "hyparquet-writer";
import { DataError } from "../errors.ts";
import type { Column, Table } from "../types.ts";
import { writeFileAtomic, writeLargeAtomic } from "./atomic.ts";
import { MOST_RECORD } from "./csv.ts";
import { guarded, withoutGuard } from "./formula.ts";
import { checkInput, readInput } from "./input.ts";
import { ParquetFile } from "./parquet/file.ts";

export { parseCsv, readCsv } from "./csv.ts";

/** Makes a table, checking that all columns have one length. */
export function table(columns: Record<string, Column> | ReadonlyMap<string, Column>): Table {
  const map = columns instanceof Map ? columns : new Map(Object.entries(columns as Record<string, Column>));
  const lengths = new Set([...map.values()].map((c) => c.length));
  if (lengths.size > 1) throw new RangeError(`columns of different lengths: ${[...lengths].join(", ")}`);
  return { rows: [...lengths][0] ?? 0, columns: map };
}

/** Rows that are formatted at once. */
const PIECE = 16_384;

/**
 * Text of a CSV file (RFC 4180, LF line ends), a piece of the rows at a time; null and NaN become empty fields, and text
 * that a spreadsheet would run gets an apostrophe, which reading takes off.
 */
export function* csvPieces(data: Table): Generator<string> {
  const columns = [...data.columns.values()];
  const cell = (v: string | number | null) => {
    if (typeof v === "string") return guarded(v);
    return v === null || Number.isNaN(v) ? "" : String(v);
  };
  yield stringify([[...data.columns.keys()].map(guarded)], { record_delimiter: "unix" });
  for (let from = 0; from < data.rows; from += PIECE) {
    const rows = Array.from({ length: Math.min(PIECE, data.rows - from) }, (_, r) =>
      columns.map((c) => cell(c[from + r])),
    );
    yield stringify(rows, { record_delimiter: "unix" });
  }
}

/** The whole text of {@link csvPieces}. */
export function formatCsv(data: Table): string {
  return [...csvPieces(data)].join("");
}

/** Different texts of a column above which it is taken for ids, and equal text is no longer looked for. */
const SHARED = 65_536;

/** Gives for a text the first one that was equal to it. */
function sharing(): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known === undefined && texts.size < SHARED) texts.set(text, text);
    return known ?? text;
  };
}

/** One column of a CSV file; the others are not kept, and equal text is held once. */
export function readCsvColumn(path: string, name: string): string[] {
  let at = -1;
  const values: string[] = [];
  const held = sharing();
  try {
    parse(readInput(path), {
      bom: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: MOST_RECORD,
      on_record: (row: string[]) => {
        if (at < 0) at = row.indexOf(name);
        else values.push(held(withoutGuard(row[at])));
        if (at < 0) throw new RangeError(`it has no column ${name}`);
        return null;
      },
    });
  } catch (cause) {
    throw new DataError(`cannot be read (${(cause as Error).message}); make it again`, { path, cause });
  }
  return values;
}

/** Writes a table as CSV. */
export function writeCsv(path: string, data: Table): void {
  if (data.rows <= PIECE) {
    writeFileAtomic(path, formatCsv(data));
    return;
  }
  writeLargeAtomic(path, (partial) => {
    const file = openSync(partial, "w");
    try {
      for (const piece of csvPieces(data)) writeSync(file, piece);
    } finally {
      closeSync(file);
    }
  });
}

/** As {@link writeCsv}, from tables of the same columns, one after the other: only one is held at a time. */
export function writeCsvPieces(path: string, pieces: Iterable<Table>): void {
  writeLargeAtomic(path, (partial) => {
    const file = openSync(partial, "w");
    try {
      let first = true;
      for (const data of pieces) {
        const texts = csvPieces(data);
        const header = texts.next().value as string;
        if (first) writeSync(file, header);
        first = false;
        for (const text of texts) writeSync(file, text);
      }
    } finally {
      closeSync(file);
    }
  });
}

function parquetColumn(name: string, column: Column) {
  if (column instanceof Float64Array) return { name, data: column, type: "DOUBLE" as const, nullable: false };
  if (column instanceof Float32Array) return { name, data: column, type: "FLOAT" as const, nullable: false };
  if (column instanceof Int32Array) return { name, data: column, type: "INT32" as const, nullable: false };
  if (column instanceof Uint8Array)
    return { name, data: Int32Array.from(column), type: "INT32" as const, nullable: false };
  return { name, data: column, type: "STRING" as const, nullable: column.includes(null as never) };
}

/** Writes a table as Parquet: float columns as DOUBLE or FLOAT, integer columns as INT32, text as STRING. */
export function writeParquet(path: string, data: Table): void {
  const columnData = [...data.columns].map(([name, column]) => parquetColumn(name, column));
  writeLargeAtomic(path, (filename) => parquetWriteFile({ filename, columnData }));
}

export interface ParquetOptions {
  /** What the file says of itself: text by keys. */
  readonly about?: Readonly<Record<string, string>>;
  /** `UNCOMPRESSED` for numbers that are read often: Snappy saves hardly anything of them. */
  readonly codec?: "SNAPPY" | "UNCOMPRESSED";
  /** Columns of text in which a value may be missing; all of them where not given. */
  readonly missing?: ReadonlySet<string>;
}

/**
 * As {@link writeParquet}, from tables of the same columns, one after the other and a row group each: only one is held
 * at a time.
 */
export function writeParquetPieces(
  path: string,
  pieces: Iterable<Table>,
  { about = {}, codec = "SNAPPY", missing }: ParquetOptions = {},
): void {
  writeLargeAtomic(path, (filename) => {
    const writer = fileWriter(filename);
    let parquet: ParquetWriter | undefined;
    const entries = Object.entries(about).map(([key, value]) => ({ key, value }));
    const said = entries.length === 0 ? {} : { kvMetadata: entries };
    for (const data of pieces) {
      const columnData = [...data.columns].map(([name, column]) => {
        const given = parquetColumn(name, column);
        return given.type === "STRING" ? { ...given, nullable: missing?.has(name) ?? true } : given;
      });
      parquet ??= new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData }), codec, ...said });
      const untyped = columnData.map(({ name, data: values }) => ({ name, data: values }));
      parquet.write({ columnData: untyped, rowGroupSize: Math.max(1, data.rows) });
    }
    if (parquet === undefined) throw new RangeError("a table needs at least one piece");
    parquet.finish();
  });
}

/** Values of a table of any size that are held at once, and how many for each byte of its file. */
const FREE_VALUES = 1 << 24;
const VALUES_PER_BYTE = 16;

/**
 * Reads a Parquet file; numbers become Float64Array, everything else text. Equal text is held once.
 * @throws DataError where it cannot be read or is damaged
 */
export async function readParquet(path: string): Promise<Table> {
  const file = await ParquetFile.open(path);
  const most = Math.max(FREE_VALUES, VALUES_PER_BYTE * checkInput(path));
  if (file.rows * file.columns.length > most)
    throw new DataError(
      `is said to hold ${file.rows} rows of ${file.columns.length} columns, more than a file of its size does; write it again`,
      { path },
    );
  const columns = new Map<string, Column>();
  for (const { element } of file.columns) {
    const column = new Array<unknown>(file.rows);
    const held = sharing();
    await file.read(element.name, 0, file.rows, (values, row) => {
      for (let i = 0; i < values.length; i++)
        column[row + i] = typeof values[i] === "string" ? held(values[i] as string) : values[i];
    });
    columns.set(
      element.name,
      column.every((v) => typeof v === "number" || typeof v === "bigint")
        ? Float64Array.from(column as number[], Number)
        : textColumn(column),
    );
  }
  return table(columns);
}

/** In place, so that a column of many texts is held once. */
function textColumn(values: unknown[]): (string | null)[] {
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v !== "string") values[i] = v === null || v === undefined ? null : String(v);
  }
  return values as (string | null)[];
}
