import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cropTypeOfNumbers, emptyCrop } from "../../../src/cells/crop-type.ts";
import { folderSource } from "../../../src/cells/formats/folder.ts";
import { readLabels } from "../../../src/cells/metadata/labels.ts";
import { openNpyArray } from "../../../src/cells/readers/npy-array.ts";
import { rowReader } from "../../../src/cells/readers/row-array.ts";
import { openFeatureFile } from "../../../src/features/given/file.ts";
import { readCsvFile } from "../../../src/files/csv.ts";
import { openRows } from "../../../src/files/rows/rows.ts";
import { openSqlite } from "../../../src/files/rows/sqlite.ts";
import { readParquet, table, writeParquet, writeParquetPieces } from "../../../src/files/table.ts";
import { readResults } from "../../../src/study/read.ts";
import { NPY } from "../mutate/npy.ts";
import { SQLITE } from "../mutate/sqlite.ts";
import { CSV } from "../mutate/text.ts";
import { PARQUET } from "../mutate/thrift.ts";
import type { Reader, Seed } from "../reader.ts";
import { fileSeeds, fixture, folderSeed, oneFile } from "../seeds.ts";

/** Bytes of a file that a writer of the product leaves. */
export function written(name: string, write: (path: string) => void): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-seed-"));
  try {
    write(join(folder, name));
    return readFileSync(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ownParquet(): Seed[] {
  const rows = Array.from({ length: 60 }, (_, i) => i);
  const data = table({
    encoder: rows.map((i) => (i % 2 === 0 ? "a" : "b")),
    setting: rows.map(() => "original"),
    background: rows.map(() => null),
    class1: rows.map((i) => `class ${i}`),
    class2: rows.map(() => "x"),
    accuracy: Float64Array.from(rows, (i) => i / 60),
    sd: Float64Array.from(rows, () => 0.1),
    fold1: Float32Array.from(rows, (i) => i / 60),
    gap: Float64Array.from(rows, () => 0.01),
    cells: Int32Array.from(rows),
  });
  const plain = written("pairs.parquet", (path) => writeParquet(path, data));
  const pieces = written("pairs.parquet", (path) => writeParquetPieces(path, [data, data]));
  return [oneFile("pairs.parquet", plain, "own"), oneFile("pairs.parquet", pieces, "own pieces")];
}

const parquets = (): Seed[] => [
  ...ownParquet(),
  ...fileSeeds("features/read", /\.parquet$/),
  ...fileSeeds("locations", /\.parquet$/),
];

async function rowsOf(path: string) {
  const source = await openRows(path);
  const out: string[] = [];
  await source.each(source.columns, (values, row) => void out.push(`${row} ${values.join("|")}`));
  return [source.columns, out];
}

/** All features of a file. */
async function features(path: string) {
  const file = await openFeatureFile(path);
  try {
    const { rows, dimension, batch, identity } = file;
    const parts = [];
    const held = new Float32Array(Math.min(batch, rows) * dimension);
    for (let from = 0; from < rows; from += batch) {
      const to = Math.min(rows, from + batch);
      await file.read(from, to, held.subarray(0, (to - from) * dimension));
      parts.push(held.slice(0, (to - from) * dimension));
    }
    return { rows, dimension, identity, parts };
  } finally {
    file.close();
  }
}

export const TABLES: readonly Reader[] = [
  {
    name: "npy",
    seeds: () => [...fileSeeds("cells/stored", /\.npy$/), ...fileSeeds("features/read", /\.npy$/)],
    mutators: () => NPY,
    read: (path) => {
      const array = openNpyArray(path);
      try {
        const read = rowReader(array, (length) => emptyCrop(cropTypeOfNumbers(array.type), length));
        const rows = Math.min(array.shape[0] ?? 0, 4096);
        return [array.shape, array.type, ...Array.from({ length: rows }, (_, row) => read(row).slice())];
      } finally {
        array.close();
      }
    },
  },
  {
    name: "features-npy",
    seeds: () => fileSeeds("features/read", /\.npy$/),
    mutators: () => NPY,
    read: features,
  },
  {
    name: "parquet",
    weight: 3,
    seconds: 5,
    seeds: parquets,
    mutators: () => PARQUET,
    read: async (path) => [...(await readParquet(path)).columns],
  },
  { name: "parquet-rows", weight: 2, seconds: 5, seeds: parquets, mutators: () => PARQUET, read: rowsOf },
  {
    name: "features-parquet",
    weight: 2,
    seconds: 5,
    seeds: () => fileSeeds("features/read", /\.parquet$/),
    mutators: () => PARQUET,
    read: features,
  },
  {
    name: "pairs-parquet",
    seconds: 5,
    seeds: () => ownParquet().slice(0, 1),
    mutators: () => PARQUET,
    read: (path) => readResults(path),
  },
  {
    name: "csv",
    seeds: () => [...fileSeeds("locations", /\.(csv|tsv)$/), ...fileSeeds("cells/layouts", /\.csv$/)],
    mutators: () => CSV,
    read: (path) => readCsvFile(path),
  },
  {
    name: "csv-rows",
    seeds: () => fileSeeds("locations", /\.(csv|tsv)$/),
    mutators: () => CSV,
    read: rowsOf,
  },
  {
    name: "csv-manifest",
    seeds: () => {
      const seed = folderSeed(fixture("cells/layouts/folder"));
      return [
        {
          ...seed,
          files: new Map(
            [...seed.files].sort(([a], [b]) =>
              a.endsWith("cells.csv") ? -1 : b.endsWith("cells.csv") ? 1 : 0,
            ),
          ),
        },
      ];
    },
    mutators: (file) => (file.endsWith(".csv") ? CSV : []),
    read: async (path) => {
      const source = folderSource(path, { manifest: "cells.csv" });
      const cells = [];
      for (let row = 0; row < Math.min(source.count, 8); row++)
        cells.push(await source.read(row), source.record(row));
      return cells;
    },
  },
  {
    name: "csv-labels",
    seeds: () => fileSeeds("cells/layouts/folder/..", /labels\.csv$/),
    mutators: () => CSV,
    read: (path) => readLabels(path),
  },
  {
    name: "csv-results",
    seeds: () =>
      fileSeeds("report/drawn/alpha", /\.csv$/).length === 0
        ? []
        : [folderSeed(fixture("report/drawn/alpha"))],
    mutators: () => CSV,
    read: (path) => readResults(path),
  },
  {
    name: "sqlite",
    seconds: 1,
    seeds: () => fileSeeds("locations", /\.(db|sqlite)$/),
    mutators: () => SQLITE,
    read: async (path) => {
      const database = await openSqlite(path);
      try {
        const out: unknown[] = [database.tables];
        for (const name of database.tables) {
          const source = database.table(name);
          await source.each(source.columns, (values, row) => void out.push([row, ...values]));
        }
        return out;
      } finally {
        database.close();
      }
    },
  },
];
