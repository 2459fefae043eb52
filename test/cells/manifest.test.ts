import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderSource } from "../../src/cells/formats/folder.ts";
import { importCells } from "../../src/cells/importer.ts";
import { cellMetadata } from "../../src/cells/metadata/cells.ts";
import { joinCsv } from "../../src/cells/metadata/join.ts";
import { locate } from "../../src/cells/metadata/locate.ts";
import { isPlain } from "../../src/cells/metadata/missing.ts";
import { CellStore } from "../../src/cells/store.ts";
import { looksGray } from "../../src/masks/gray.ts";

const cases = resolve(import.meta.dirname, "../cases/import");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-manifest-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function store(name: string, manifest: string, options = {}) {
  const out = join(scratch, `${name}-${manifest}`);
  const input = join(cases, name, "input");
  await importCells(folderSource(input, { manifest, channels: ["A", "B"], ...options }), out);
  return CellStore.open(out);
}

/** Columns that are numbers to pandas, of one table of a case. */
function numbers(name: string, manifest: string): Record<string, (number | null)[]> {
  return JSON.parse(readFileSync(join(cases, name, "input/pandas.json"), "utf8"))[manifest].numbers;
}

test.each([
  ["manifest-dialects", "commas.csv"],
  ["manifest-dialects", "semicolons.csv"],
  ["manifest-dialects", "sep-semicolon.csv"],
  ["manifest-missing", "cells.csv"],
])("columns of numbers with gaps are numbers, as pandas has them: %s %s", async (name, manifest) => {
  const { metadata } = (await store(name, manifest)).cells;
  const expected = Object.entries(numbers(name, manifest)).filter(
    ([, values]) => !values.every((v) => v === null),
  );
  expect(expected.length).toBeGreaterThan(0);
  for (const [column, values] of expected)
    expect([column, metadata.columns.get(`Metadata_${column}`)]).toEqual([
      column,
      Float64Array.from(values, (v) => v ?? Number.NaN),
    ]);
});

test("a column of nothing but nan, None and null is empty; nan among names stays until it is said to be missing", async () => {
  const kept = (await store("manifest-missing", "cells.csv")).cells;
  expect(kept.metadata.columns.get("Metadata_Gone")).toEqual([null, null, null, null]);
  expect(kept.metadata.columns.get("Metadata_Compound")).toEqual(["DMSO", "nan", "nan", "aspirin"]);
  expect(kept.localization).toEqual(["ring", "nan", "core", "nan"]);
  const said = (await store("manifest-missing", "cells.csv", { missing: ["nan"] })).cells;
  expect(said.metadata.columns.get("Metadata_Compound")).toEqual(["DMSO", null, null, "aspirin"]);
  expect(said.localization).toEqual(["ring", null, "core", null]);
});

test("Plate, Well and Site name the field; cells may have no protein", async () => {
  const { cells } = await store("manifest-columns", "site.csv");
  expect(cells.field).toEqual(["BR1_A01_1", "BR1_A01_2", "BR1_A02_1", "BR1_A02_2"]);
  expect(cells.protein).toBeNull();
});

test("numbers that may be names stay text", () => {
  expect(["01", "1E5", "+1", "9007199254740993", "1.", "1,5"].filter((v) => isPlain(v))).toEqual([]);
  expect(["0", "-1", "3.0", "31.50", "1e-05", "1.2e+06"].filter((v) => !isPlain(v))).toEqual([]);
  expect(isPlain("1,5", true)).toBe(true);
});

test("the row numbers that pandas writes are no metadata", async () => {
  const { metadata } = (await store("manifest-dialects", "index.csv")).cells;
  expect([...metadata.columns.keys()].filter((name) => name.includes("Unnamed"))).toEqual([]);
});

test("a file name that holds a backslash is taken as it is written where it is there", () => {
  const base = join(scratch, "paths");
  mkdirSync(join(base, "back"), { recursive: true });
  writeFileSync(join(base, "back/slash.tif"), "");
  expect(locate(base, "back\\slash.tif", new Map())).toBe(join(base, "back/slash.tif"));
  writeFileSync(join(base, "back\\slash.tif"), "");
  expect(locate(base, "back\\slash.tif", new Map())).toBe(join(base, "back\\slash.tif"));
  expect(locate(base, "back\\none.tif", new Map())).toBe(join(base, "back\\none.tif"));
});

test("of a path of another machine the longest end that is there counts", () => {
  const base = join(scratch, "ends");
  mkdirSync(join(base, "p1"), { recursive: true });
  writeFileSync(join(base, "a.tif"), "");
  writeFileSync(join(base, "p1/a.tif"), "");
  expect(locate(base, "/old/p1/a.tif", new Map())).toBe(join(base, "p1/a.tif"));
  expect(locate(base, "X:\\old\\p2\\a.tif", new Map())).toBe(join(base, "a.tif"));
  expect(locate(base, "file:/old/p1/a.tif", new Map())).toBe(join(base, "p1/a.tif"));
  expect(locate(base, "file:///X:/old/p1/a.tif", new Map())).toBe(join(base, "p1/a.tif"));
  expect(locate(base, "/old/p1/b.tif", new Map())).toBe("/old/p1/b.tif");
  const ends = new Map<string, string>();
  const both = ["X:\\old\\p2\\a.tif", "X:/old/p2/a.tif"].map((written) => locate(base, written, ends));
  expect(both).toEqual([join(base, "a.tif"), join(base, "a.tif")]);
  expect(() => locate(base, "X:\\old\\p3\\a.tif", ends)).toThrow(
    /a\.tif: is found for two files, old\/p2\/a\.tif and old\/p3\/a\.tif; give the folder that holds the folders of both/,
  );
});

test("labels of many cells are no image; smooth gray values with noise are", () => {
  const side = 32;
  const plane = (value: (y: number, x: number) => number) =>
    Float32Array.from({ length: side * side }, (_, p) => value(Math.floor(p / side), p % side));
  const many = (data: Float32Array) => looksGray(data, side, side, new Set(data).size);
  expect(many(plane((y, x) => 1 + 8 * Math.floor(y / 4) + Math.floor(x / 4)))).toBe(false);
  expect(many(plane((y, x) => (y + x) % 3))).toBe(false);
  expect(many(plane((y, x) => 100 + y + ((7 * x * x + 3 * y) % 19)))).toBe(true);
});

test("images whose plate and well look alike once joined stay apart", () => {
  const table = new Map([
    ["Plate", ["P_1", "P", "P"]],
    ["Well", ["2", "1_2", "1_2"]],
  ]);
  const names = (rows: number[]) => {
    const taken = new Map([...table].map(([name, values]) => [name, rows.map((row) => values[row])]));
    const { record } = cellMetadata(taken, { path: "cells.csv", count: rows.length, ids: String });
    return rows.map((_, row) => record(row).Metadata_Field);
  };
  expect(names([0, 1, 2])).toEqual(["P_1/2", "P/1_2", "P/1_2"]);
  expect(names([1, 2])).toEqual(["P_1_2", "P_1_2"]);
});

test("a row is of one cell", () => {
  const csv = join(scratch, "rows.csv");
  writeFileSync(csv, "ID,Localization\n1,er\na/2,golgi\n");
  const names = (...ids: string[]) => ids.map((id) => [id, id.slice(2)]);
  expect(joinCsv(csv, names("a/1", "a/2", "b/2"), "crop").kept).toEqual([0, 1]);
  expect(() => joinCsv(csv, names("a/1", "b/1"), "crop")).toThrow(
    /rows\.csv: names 1 in row 2, and two crops are called so \(a\/1, b\/1\); write which/,
  );
});
