import { asyncBufferFromFile, parquetScan, parquetSchema, type RowGroup, type SchemaTree } from "hyparquet";
import { DataError, isCellswapError } from "../errors.ts";

/** A Parquet file whose columns are read one at a time, any of their rows; nothing else is held. */
export interface ParquetColumns {
  readonly path: string;
  readonly rows: number;
  /** Columns at the top level, in file order. */
  readonly columns: readonly SchemaTree[];
  readonly groups: readonly RowGroup[];
  /** Calls `take` with every value of rows `from` to `to` (not included) of a column, and its row. */
  each(column: string, from: number, to: number, take: (value: unknown, row: number) => void): Promise<void>;
}

/** Opens a Parquet file. @throws DataError where it cannot be read, also from what is read later */
export async function openParquetColumns(path: string): Promise<ParquetColumns> {
  const reading = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (isCellswapError(cause)) throw cause;
      const { message } = cause as Error;
      throw new DataError(`is not a readable Parquet file (${message}); write it again`, { path, cause });
    }
  };
  const { compressors } = await import("hyparquet-compressors");
  const file = await reading(() => asyncBufferFromFile(path));
  const { metadata, ranges } = await reading(() => parquetScan({ file, compressors }));
  return {
    path,
    rows: Number(metadata.num_rows),
    columns: parquetSchema(metadata).children,
    groups: metadata.row_groups,
    each: (column, from, to, take) =>
      reading(async () => {
        // A scan holds what it read last of every column, so each column has its own.
        const { readColumn } = await parquetScan({ file, metadata, compressors, columns: [column] });
        for (const { rowStart, rowEnd } of ranges) {
          const [start, end] = [Math.max(from, rowStart), Math.min(to, rowEnd)];
          if (start >= end) continue;
          const data = await readColumn({ column, rowStart: start, rowEnd: end });
          for (let i = 0; i < data.length; i++) take(data[i], start + i);
        }
      }),
  };
}

/** Text of rows `from` to `to` (not included) of a column; null where it is missing. */
export async function textOf(
  file: ParquetColumns,
  column: string,
  from = 0,
  to = file.rows,
): Promise<(string | null)[]> {
  const held = new Map<unknown, string>();
  const texts: (string | null)[] = [];
  await file.each(column, from, to, (v) => {
    if (v === null || v === undefined) {
      texts.push(null);
      return;
    }
    let text = held.get(v);
    if (text === undefined) {
      text = String(v);
      if (held.size < SHARED) held.set(v, text);
    }
    texts.push(text);
  });
  return texts;
}

/** Different texts of a column above which equal ones are no longer held once. */
const SHARED = 65_536;

/** Numbers of rows `from` to `to` (not included) of a column; NaN where one is missing. */
export async function numbersOf(
  file: ParquetColumns,
  column: string,
  from = 0,
  to = file.rows,
): Promise<Float64Array> {
  const out = new Float64Array(to - from);
  await file.each(column, from, to, (v, row) => {
    out[row - from] = v === null || v === undefined ? Number.NaN : Number(v);
  });
  return out;
}
