import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import type { RowSource } from "../../files/rows/row-source.ts";
import { openRows } from "../../files/rows/rows.ts";
import { isSqlite, openSqlite } from "../../files/rows/sqlite.ts";
import { checkStop } from "../../files/turn.ts";
import { CellList } from "../locations/cell-list.ts";
import { type CenterColumns, findCenters, OBJECTS } from "../locations/centers.ts";
import { flatSet } from "../locations/flat.ts";
import {
  type ImageRow,
  imageKey,
  imageRows,
  KEYS,
  type LocationSet,
  ofImages,
  readColumns,
} from "../locations/location-set.ts";
import { parseNumber } from "../metadata/missing.ts";

/** A table of images and the table of objects that refers to it. */
interface Pair {
  readonly images: RowSource;
  readonly objects: RowSource;
  readonly centers: CenterColumns;
}

/** Folders within folders that are looked through for tables. */
const DEPTH = 4;

/**
 * Reads what CellProfiler has measured: a folder with `Image.csv` and `Nuclei.csv` or `Cells.csv` (with a common
 * beginning, `MyExpt_Image.csv`; also one such folder per image or batch), its SQLite database (also cytominer-database's,
 * as pycytominer reads it), or one table with a row per cell and the image columns in it (CytoTable's Parquet, CSV).
 * Centers are those of CellProfiler: x is the column, y the row, the middle of the first pixel is 0.
 * @param objects whose centers are taken: the name of their table; by default Nuclei, or where there are none Cells
 * @throws DataError where tables or columns are missing or damaged; InterruptedError on `signal`
 */
export async function cellprofilerSet(
  source: string,
  objects: string | null = null,
  signal?: AbortSignal,
): Promise<LocationSet> {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw new DataError("is not there; check the path", { path: source });
  if (stat.isDirectory()) return folderSet(source, objects, signal);
  if (isSqlite(source)) return databaseSet(source, objects, signal);
  const image = /^(.*?)Image\.csv$/i.exec(basename(source));
  const pair = image === null ? null : await csvPair(dirname(source), basename(source), objects);
  if (pair !== null) return setOf(source, dirname(source), [pair], signal);
  return flatSet(await openRows(source), objects, signal);
}

async function folderSet(
  source: string,
  objects: string | null,
  signal: AbortSignal | undefined,
): Promise<LocationSet> {
  const pairs: Pair[] = [];
  const databases: string[] = [];
  const look = async (folder: string, depth: number): Promise<void> => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of entries.filter((e) => !e.isDirectory())) {
      if (/Image\.csv$/i.test(name)) {
        const pair = await csvPair(folder, name, objects);
        if (pair !== null) pairs.push(pair);
      } else if (/\.(sqlite3?|db)$/i.test(name)) databases.push(join(folder, name));
    }
    if (depth < DEPTH)
      for (const entry of entries) if (entry.isDirectory()) await look(join(folder, entry.name), depth + 1);
  };
  await look(source, 0);
  if (pairs.length > 0) return setOf(source, source, pairs, signal);
  if (databases.length === 1) return databaseSet(databases[0], objects, signal);
  throw new DataError(
    databases.length > 1
      ? `holds several databases (${databases.map((d) => basename(d)).join(", ")}); give one of them`
      : `has no Image.csv with ${objects ?? OBJECTS.join(".csv or ")}.csv beside it; give the folder that CellProfiler's ExportToSpreadsheet wrote`,
    { path: source },
  );
}

/** A table of images by its file name and the objects beside it; null where there are none. */
async function csvPair(folder: string, name: string, objects: string | null): Promise<Pair | null> {
  const beginning = name.replace(/Image\.csv$/i, "");
  const beside = readdirSync(folder);
  for (const wanted of objects === null ? OBJECTS : [objects]) {
    const file = beside.find((n) => n.toLowerCase() === `${beginning}${wanted}.csv`.toLowerCase());
    if (file === undefined) continue;
    const table = await openRows(join(folder, file));
    return { images: await openRows(join(folder, name)), objects: table, centers: centersOf(table, null) };
  }
  if (objects === null || !existsSync(join(folder, name))) return null;
  throw new DataError(
    `has no ${beginning}${objects}.csv beside it (there are ${beside.filter((n) => /\.csv$/i.test(n)).join(", ")}); choose other --objects`,
    { path: join(folder, name) },
  );
}

function centersOf(table: RowSource, objects: string | null): CenterColumns {
  const centers = findCenters(table.columns, objects);
  if (centers !== null) return centers;
  throw new DataError(
    `has no centers (columns ${objects === null ? "" : `${objects}_`}Location_Center_X and Y, or AreaShape_Center_X and Y); measure MeasureObjectSizeShape, or choose other --objects`,
    { path: table.path },
  );
}

async function databaseSet(
  path: string,
  objects: string | null,
  signal: AbortSignal | undefined,
): Promise<LocationSet> {
  const database = await openSqlite(path);
  try {
    const named = (pattern: RegExp) => database.tables.find((name) => pattern.test(name));
    const image = named(/^(.*_)?(per_)?image$/i);
    if (image === undefined)
      throw new DataError(`has no table Image or Per_Image (its tables: ${database.tables.join(", ")})`, {
        path,
      });
    for (const wanted of objects === null ? OBJECTS : [objects]) {
      const own = named(new RegExp(`^(.*_)?(per_)?${wanted.replace(/\W/g, "\\$&")}$`, "i"));
      const table = own ?? named(/^(.*_)?per_object$/i);
      if (table === undefined) continue;
      const rows = database.table(table);
      const centers = findCenters(rows.columns, own === undefined ? wanted : null);
      if (centers !== null)
        return await setOf(
          path,
          dirname(path),
          [{ images: database.table(image), objects: rows, centers }],
          signal,
        );
    }
    throw new DataError(
      `has no table with centers of ${objects ?? OBJECTS.join(" or ")} (its tables: ${database.tables.join(", ")}); choose other --objects`,
      { path },
    );
  } finally {
    database.close();
  }
}

async function setOf(
  path: string,
  base: string,
  pairs: readonly Pair[],
  signal: AbortSignal | undefined,
): Promise<LocationSet> {
  const images: ImageRow[] = [];
  const cells = new CellList();
  const unknown = new Map<string, number>();
  for (const { images: table, objects, centers } of pairs) {
    const keys = KEYS.map((key) => column(objects, key)).filter((name) => name !== undefined);
    if (keys.length === 0 || column(table, "ImageNumber") === undefined)
      throw new DataError("has no column ImageNumber to find the images by; export it again", {
        path: keys.length === 0 ? objects.path : table.path,
      });
    const rows = imageRows(await readColumns(table, ofImages));
    const at = new Map<string, number>();
    for (const row of rows) {
      const id = imageKey(keys.map((name) => row.info.get(plain(name)) ?? ""));
      if (at.has(id)) throw new DataError(`lists the image ${id} twice; take one out`, { path: table.path });
      at.set(id, images.length);
      images.push(row);
    }
    const counts = new Map<number, number>();
    const names = [...keys, centers.x, centers.y, ...(centers.object === undefined ? [] : [centers.object])];
    await objects.each(names, (values) => {
      checkStop(signal, path);
      const id = imageKey(values.slice(0, keys.length));
      const field = at.get(id);
      if (field === undefined) {
        unknown.set(id, (unknown.get(id) ?? 0) + 1);
        return;
      }
      const running = (counts.get(field) ?? 0) + 1;
      counts.set(field, running);
      const [x, y, object] = values.slice(keys.length);
      const label = object === undefined ? running : parseNumber(object, objects.comma);
      cells.add(field, label, parseNumber(x, objects.comma), parseNumber(y, objects.comma));
    });
  }
  return {
    ...{ path, base, images, cells, notes: [] },
    unknown: {
      cells: [...unknown.values()].reduce((a, b) => a + b, 0),
      images: [...unknown.keys()].slice(0, 3),
    },
  };
}

const plain = (name: string) => name.replace(/^(image_)?(metadata_)?/i, "");

function column(table: RowSource, name: string): string | undefined {
  return table.columns.find((c) => plain(c).toLowerCase() === name.toLowerCase());
}
