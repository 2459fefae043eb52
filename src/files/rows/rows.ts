import { csvRows } from "./csv-rows.ts";
import { parquetRows } from "./parquet-rows.ts";
import { firstBytes, type RowSource } from "./row-source.ts";

/**
 * Opens a table by what it holds: Parquet, or CSV in any dialect that `readCsvFile` reads.
 * @throws DataError where it cannot be read or is neither
 */
export async function openRows(path: string): Promise<RowSource> {
  // A gene is called PAR1: a text may begin so, but it goes on with a letter, a sign or a line end, and has another name.
  const head = firstBytes(path, 5);
  const named = /\.parquet$/i.test(path) && head.startsWith("PAR1");
  return named || /^PAR1[^\x20-\xff\t\r\n]$/.test(head) ? parquetRows(path) : csvRows(path);
}
