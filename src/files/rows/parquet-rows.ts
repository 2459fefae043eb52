import { ParquetFile } from "../parquet/file.ts";
import type { RowSource } from "./row-source.ts";

/** A Parquet file of any size: a row group of the columns that are wanted is read at a time. */
export async function parquetRows(path: string): Promise<RowSource> {
  const file = await ParquetFile.open(path);
  return {
    path,
    columns: file.columns.map(({ element }) => element.name),
    comma: false,
    unit: "row",
    each: async (names, use) => {
      const values = new Array<string>(names.length);
      for (const { start, rows } of file.groups) {
        const columns: string[][] = [];
        for (const name of names) {
          const column = new Array<string>(rows);
          await file.read(name, start, start + rows, (read, row) => {
            for (let i = 0; i < read.length; i++) column[row - start + i] = text(read[i]);
          });
          columns.push(column);
        }
        for (let row = 0; row < rows; row++) {
          for (let i = 0; i < names.length; i++) values[i] = columns[i][row];
          use(values, start + row + 1);
        }
      }
    },
  };
}

function text(value: unknown): string {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  return String(value);
}
