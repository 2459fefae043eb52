import { csvRows } from "./csv-rows.ts";
import { parquetRows } from "./parquet-rows.ts";
import { firstBytes, type RowSource } from "./row-source.ts";

/**
 * Opens a table by what it holds: Parquet, or CSV in any dialect that `readCsvFile` reads.
 * @throws DataError where it cannot be read or is neither
 */
export async function openRows(path: string): Promise<RowSource> {
  const head = firstBytes(path, 4);
  return head.toString("latin1") === "PAR1" ? parquetRows(path) : csvRows(path);
}
