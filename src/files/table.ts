import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { parquetReadObjects } from "hyparquet";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { DataError } from "../errors.ts";
import type { Column, Table } from "../types.ts";
import { writeFileAtomic } from "./atomic.ts";

/** Makes a table, checking that all columns have one length. */
export function table(columns: Record<string, Column> | ReadonlyMap<string, Column>): Table {
  const map = columns instanceof Map ? columns : new Map(Object.entries(columns as Record<string, Column>));
  const lengths = new Set([...map.values()].map((c) => c.length));
  if (lengths.size > 1) throw new RangeError(`columns of different lengths: ${[...lengths].join(", ")}`);
  return { rows: [...lengths][0] ?? 0, columns: map };
}

/** Text of a CSV file (RFC 4180, LF line ends); null and NaN become empty fields. */
export function formatCsv(data: Table): string {
  const names = [...data.columns.keys()];
  const columns = [...data.columns.values()];
  const rows: string[][] = [names];
  for (let r = 0; r < data.rows; r++)
    rows.push(
      columns.map((c) => {
        const v = c[r];
        return v === null || (typeof v === "number" && Number.isNaN(v)) ? "" : String(v);
      }),
    );
  return stringify(rows, { record_delimiter: "unix" });
}

/** Reads a CSV file as text columns (a leading byte order mark and blank lines are passed over). */
export function readCsv(path: string): Map<string, string[]> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new DataError("cannot be read; check that the file is there and readable", { path, cause });
  }
  return parseCsv(text, path);
}

/** As {@link readCsv}, from text; `path` names it in errors. */
export function parseCsv(text: string, path: string): Map<string, string[]> {
  let records: string[][];
  try {
    records = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw new DataError(
      `is not a well-formed CSV file (${(cause as Error).message}); export it again with a comma and one header line`,
      {
        path,
        cause,
      },
    );
  }
  if (records.length === 0) throw new DataError("is empty; a header line and rows are needed", { path });
  const columns = new Map<string, string[]>();
  records[0].forEach((name, c) => {
    if (columns.has(name)) throw new DataError(`has the column ${name} twice; rename one`, { path });
    columns.set(
      name,
      records.slice(1).map((row) => row[c]),
    );
  });
  return columns;
}

/** Writes a table as CSV. */
export function writeCsv(path: string, data: Table): void {
  writeFileAtomic(path, formatCsv(data));
}

/** Writes a table as Parquet: float columns as DOUBLE or FLOAT, integer columns as INT32, text as STRING. */
export function writeParquet(path: string, data: Table): void {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: [...data.columns].map(([name, column]) => {
      if (column instanceof Float64Array)
        return { name, data: column, type: "DOUBLE" as const, nullable: false };
      if (column instanceof Float32Array)
        return { name, data: column, type: "FLOAT" as const, nullable: false };
      if (column instanceof Int32Array)
        return { name, data: column, type: "INT32" as const, nullable: false };
      if (column instanceof Uint8Array)
        return { name, data: Int32Array.from(column), type: "INT32" as const, nullable: false };
      return { name, data: column, type: "STRING" as const, nullable: column.includes(null as never) };
    }),
  });
  writeFileAtomic(path, new Uint8Array(writer.getBuffer()));
}

/** Reads a Parquet file; numbers become Float64Array, everything else text. */
export async function readParquet(path: string): Promise<Table> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new DataError("cannot be read; check that the file is there and readable", { path, cause });
  }
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let rows: Record<string, unknown>[];
  try {
    const { compressors } = await import("hyparquet-compressors");
    rows = await parquetReadObjects({ file, compressors });
  } catch (cause) {
    throw new DataError(`is not a readable Parquet file (${(cause as Error).message})`, { path, cause });
  }
  const columns = new Map<string, Column>();
  for (const name of Object.keys(rows[0] ?? {})) {
    const values = rows.map((row) => row[name]);
    columns.set(
      name,
      values.every((v) => typeof v === "number" || typeof v === "bigint")
        ? Float64Array.from(values, Number)
        : values.map((v) => (v === null || v === undefined ? null : String(v))),
    );
  }
  return table(columns);
}
