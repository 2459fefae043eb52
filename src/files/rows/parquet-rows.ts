import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { DataError } from "../../errors.ts";
import type { RowSource } from "./row-source.ts";

/** A Parquet file of any size: a row group of the columns that are wanted is read at a time. */
export async function parquetRows(path: string): Promise<RowSource> {
  const broken = (cause: unknown) =>
    new DataError(`is not a readable Parquet file (${(cause as Error).message})`, { path, cause });
  let file: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  let metadata: FileMetaData;
  try {
    file = await asyncBufferFromFile(path);
    metadata = await parquetMetadataAsync(file);
  } catch (cause) {
    throw broken(cause);
  }
  return {
    path,
    columns: parquetSchema(metadata).children.map(({ element }) => element.name),
    comma: false,
    unit: "row",
    each: async (names, use) => {
      const { compressors } = await import("hyparquet-compressors");
      const values = new Array<string>(names.length);
      let start = 0;
      for (const group of metadata.row_groups) {
        const end = start + Number(group.num_rows);
        const chunks: { name: string; from: number; data: ArrayLike<unknown> }[] = [];
        try {
          await parquetRead({
            ...{ file, metadata, compressors, columns: [...names], rowStart: start, rowEnd: end },
            onChunk: ({ columnName, columnData, rowStart }) =>
              void chunks.push({ name: columnName, from: rowStart, data: columnData }),
          });
        } catch (cause) {
          throw broken(cause);
        }
        const whole = names.map(() => new Array<string>(end - start).fill(""));
        for (const { name, from, data } of chunks) {
          const column = whole[names.indexOf(name)];
          for (let i = 0; i < data.length; i++)
            if (from + i >= start && from + i < end) column[from + i - start] = text(data[i]);
        }
        for (let row = start; row < end; row++) {
          for (let i = 0; i < names.length; i++) values[i] = whole[i][row - start];
          use(values, row + 1);
        }
        start = end;
      }
    },
  };
}

function text(value: unknown): string {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  return String(value);
}
