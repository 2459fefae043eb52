import { DataError, isCellswapError } from "../../errors.ts";
import { checkInput, readInput } from "../input.ts";
import { firstBytes, type RowSource } from "./row-source.ts";

/** Largest database that is read: it is held in memory as a whole. */
const MAX_BYTES = 1 << 30;

export const isSqlite = (path: string) => firstBytes(path, 15) === "SQLite format 3";

/** A SQLite file, opened. */
export interface Database {
  /** Names of its tables and views. */
  readonly tables: readonly string[];
  table(name: string): RowSource;
  close(): void;
}

/** @throws DataError where the file is damaged or too large to be held in memory */
export async function openSqlite(path: string): Promise<Database> {
  const size = checkInput(path);
  if (size > MAX_BYTES)
    throw new DataError(
      `is a database of ${size} bytes, and one of at most ${MAX_BYTES} is read; export its tables of images and objects as CSV or Parquet`,
      { path },
    );
  const { default: start } = await import("sql.js");
  const library = await start();
  const broken = (cause: unknown) =>
    new DataError(`is not a readable SQLite database (${(cause as Error).message})`, { path, cause });
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  try {
    const database = new library.Database(readInput(path));
    const names = (query: string, at: number) =>
      (database.exec(query)[0]?.values ?? []).map((row) => String(row[at]));
    const tables = names("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name", 0);
    return {
      tables,
      table: (name) => ({
        path: `${path}, table ${name}`,
        columns: names(`PRAGMA table_info(${quoted(name)})`, 1),
        comma: false,
        unit: "row",
        each: async (columns, use) => {
          try {
            const statement = database.prepare(
              `SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(name)}`,
            );
            for (let row = 1; statement.step(); row++)
              use(
                statement.get().map((v) => (v === null ? "" : String(v))),
                row,
              );
            statement.free();
          } catch (cause) {
            throw isCellswapError(cause) ? cause : broken(cause);
          }
        },
      }),
      close: () => database.close(),
    };
  } catch (cause) {
    throw broken(cause);
  }
}
