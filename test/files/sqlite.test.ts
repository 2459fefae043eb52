import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import startSql from "sql.js";
import { afterAll, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { DataError } from "../../src/errors.ts";
import { openSqlite } from "../../src/files/rows/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-sqlite-"));
const path = join(folder, "cells.db");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function write(statements: string): Promise<void> {
  const { Database } = await startSql();
  const database = new Database();
  database.run(statements);
  writeFileSync(path, database.export());
  database.close();
}

async function rowsOf(table: string): Promise<string[][]> {
  const database = await openSqlite(path);
  try {
    const source = database.table(table);
    const rows: string[][] = [];
    await source.each(source.columns, (values) => void rows.push([...values]));
    return rows;
  } finally {
    database.close();
  }
}

const CELLS = "CREATE TABLE cells (id TEXT, x REAL); INSERT INTO cells VALUES ('a', 1.5), ('b', NULL);";

test("tables and views that join them are read", async () => {
  await write(
    `${CELLS} CREATE VIEW objects AS SELECT cells.id, cells.x FROM cells, cells AS own WHERE own.id = cells.id;`,
  );
  expect(await rowsOf("cells")).toEqual([
    ["a", "1.5"],
    ["b", ""],
  ]);
  expect(await rowsOf("objects")).toEqual([
    ["a", "1.5"],
    ["b", ""],
  ]);
});

test("a view that never ends is refused before it is asked", async () => {
  await write(
    `${CELLS} CREATE VIEW ever AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;`,
  );
  await expect(rowsOf("ever")).rejects.toThrow(
    /has the view ever, and views are made WITH queries that may never end/,
  );
  expect(await rowsOf("cells")).toHaveLength(2);
});

test("a view that joins tables without end is stopped, and the next database is read", async () => {
  const many = Array.from({ length: 400 }, (_, i) => `(${i})`).join(",");
  const all = ["a", "b", "c", "d", "e"].map((name) => `n AS ${name}`).join(", ");
  await write(
    `${CELLS} CREATE TABLE n (i); INSERT INTO n VALUES ${many}; CREATE VIEW slow AS SELECT a.i FROM ${all} WHERE a.i + b.i + c.i + d.i + e.i < 0;`,
  );
  await expect(rowsOf("slow")).rejects.toThrow(
    new DataError(
      "asks for what SQLite did not find within 3 s (views that join tables may never end); export the tables as CSV",
      { path },
    ),
  );
  expect(await rowsOf("cells")).toHaveLength(2);
});

test("more rows than are read together come in their order", async () => {
  const many = Array.from({ length: 9000 }, (_, i) => `(${i})`).join(",");
  await write(`CREATE TABLE n (i); INSERT INTO n VALUES ${many};`);
  expect((await rowsOf("n")).map(Number)).toEqual(Array.from({ length: 9000 }, (_, i) => i));
});

test("a view with more rows than the file has bytes, and pictures in the place of numbers, are refused", async () => {
  const many = Array.from({ length: 400 }, () => "(1)").join(",");
  await write(
    `CREATE TABLE n (i); INSERT INTO n VALUES ${many}; CREATE VIEW cross AS SELECT n.i FROM n, n AS b;`,
  );
  await expect(rowsOf("cross")).rejects.toThrow(/table cross has more rows than the file has bytes/);
  await write("CREATE TABLE p (image BLOB); INSERT INTO p VALUES (zeroblob(100000));");
  await expect(rowsOf("p")).rejects.toThrow(/column image holds 100000 bytes that are no text/);
});

test("a view of a table that is not there is refused by name", async () => {
  await write(`${CELLS} CREATE VIEW lost AS SELECT id FROM cells; DROP TABLE cells;`);
  await expect(rowsOf("lost")).rejects.toThrow(DataError);
});

test("a damaged database is read or refused in one line", async () => {
  const many = Array.from({ length: 300 }, (_, i) => `('cell ${i}', ${i / 7})`).join(",");
  await write(`CREATE TABLE cells (id TEXT, x REAL); INSERT INTO cells VALUES ${many};`);
  const whole = readFileSync(path);
  const random = mulberry32(5);
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const damaged = Buffer.from(whole);
    for (let n = 0; n < 1 + (i % 20); n++)
      damaged[Math.floor(random() * (i % 2 === 0 ? 200 : whole.length))] = Math.floor(random() * 256);
    writeFileSync(path, i % 10 === 9 ? damaged.subarray(0, Math.floor(random() * whole.length)) : damaged);
    try {
      await rowsOf("cells");
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).not.toMatch(/\n/);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(20);
});
