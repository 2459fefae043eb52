import { createRequire } from "node:module";
import type { Database as Connection, SqlJsStatic } from "sql.js";
import { DataError, isCellswapError } from "../../errors.ts";
import { LateError, MOST_SECONDS, withinTime } from "../clock.ts";
import { checkInput, readInput } from "../input.ts";
import { firstBytes, type RowSource } from "./row-source.ts";

/** Largest database that is read: it is held in memory as a whole. */
const MAX_BYTES = 1 << 30;

/** Characters of rows that are read together. */
const TOGETHER = 1 << 18;

let loaded: Promise<SqlJsStatic> | undefined;

/** SQLite as WebAssembly; anew after a call that had to be stopped. */
function loadSqlite(): Promise<SqlJsStatic> {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    delete require.cache[require.resolve("sql.js")];
    loaded = (require("sql.js") as () => Promise<SqlJsStatic>)();
  }
  return loaded;
}

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
  const library = await loadSqlite();
  let stopped = false;
  const broken = (cause: unknown) => {
    if (isCellswapError(cause)) return cause;
    if (cause instanceof LateError) {
      stopped = true;
      loaded = undefined;
      return new DataError(
        `asks for what SQLite did not find within ${MOST_SECONDS} s (views that join tables may never end); export the tables as CSV`,
        { path, cause },
      );
    }
    return new DataError(`is not a readable SQLite database (${(cause as Error).message})`, { path, cause });
  };
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  try {
    const database = new library.Database(readInput(path));
    const names = (query: string, at: number) =>
      (withinTime(() => database.exec(query))[0]?.values ?? []).map((row) => String(row[at]));
    const columnsOf = (table: string) => {
      try {
        withinTime(() => checkView(database, table, path));
        return names(`PRAGMA table_info(${quoted(table)})`, 1);
      } catch (cause) {
        throw broken(cause);
      }
    };
    const tables = names("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name", 0);
    return {
      tables,
      table: (name) => ({
        path: `${path}, table ${name}`,
        columns: columnsOf(name),
        comma: false,
        unit: "row",
        each: async (columns, use) => {
          try {
            const query = `SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(name)}`;
            const statement = withinTime(() => database.prepare(query));
            let more = true;
            const next = () => {
              const rows: string[][] = [];
              // A call with a clock costs more than a row.
              for (let left = TOGETHER; left > 0; ) {
                // Asked once more after its end, it begins anew.
                more &&= statement.step();
                if (!more) break;
                const row = statement.get().map((v, i) => textOf(v, columns[i]));
                rows.push(row);
                left -= row.reduce((sum, text) => sum + text.length, 64);
              }
              return rows;
            };
            let row = 0;
            for (let rows = withinTime(next); rows.length > 0; rows = withinTime(next))
              for (const values of rows) {
                // Every row of a table takes a byte at least; a view may give more without end.
                if (++row > size) throw new Error(`table ${name} has more rows than the file has bytes`);
                use(values, row);
              }
            statement.free();
          } catch (cause) {
            throw broken(cause);
          }
        },
      }),
      close: () => {
        if (!stopped) database.close();
      },
    };
  } catch (cause) {
    throw broken(cause);
  }
}

/** Bytes of a value that is no number and no text, at most: what has more is a picture or the like. */
const MOST_BLOB = 1 << 16;

function textOf(value: unknown, column: string): string {
  if (value === null) return "";
  if (value instanceof Uint8Array && value.length > MOST_BLOB)
    throw new Error(`column ${column} holds ${value.length} bytes that are no text`);
  return String(value);
}

/** Refuses a view that calls itself: it may never end. */
function checkView(database: Connection, name: string, path: string): void {
  const [found] = database.exec("SELECT sql FROM sqlite_master WHERE type = 'view'");
  const recursive = found?.values.some(([sql]) => /\bWITH\b/i.test(String(sql)));
  if (
    recursive &&
    database.exec("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = $name", { $name: name })
      .length > 0
  )
    throw new DataError(
      `has the view ${name}, and views are made WITH queries that may never end; export it as a table`,
      { path },
    );
}
