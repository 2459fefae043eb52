import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readAnnTable } from "../../src/cells/readers/anndata-table.ts";
import { openHdf5 } from "../../src/cells/readers/hdf5.ts";
import { openFeatureFile } from "../../src/features/given/file.ts";
import { type AnnData, writeH5ad } from "../../src/files/h5ad.ts";
import type { Column } from "../../src/types.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-h5ad-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Rows that no one read holds: 25,000 x 400 values. */
const [ROWS, COLUMNS] = [25_000, 400];
const value = (row: number, column: number) => ((row * 31 + column * 7) % 1000) / 8;

function data(read = fill): AnnData {
  const index = Array.from({ length: ROWS }, (_, i) => `cell ${i}`);
  return {
    x: { columns: COLUMNS, read },
    obs: { index, columns: new Map([["cell_id", index.map((id) => id.slice(5))]]) },
    var: {
      index: Array.from({ length: COLUMNS }, (_, j) => `f${j}`),
      columns: new Map([["number", Int32Array.from({ length: COLUMNS }, (_, j) => j)]]),
    },
  };
}

function fill(from: number, to: number, out: Float32Array): void {
  for (let row = from; row < to; row++)
    for (let j = 0; j < COLUMNS; j++) out[(row - from) * COLUMNS + j] = value(row, j);
}

test("a matrix that is written in pieces is read as it was", async () => {
  const sizes: number[] = [];
  const path = join(base, "large.h5ad");
  await writeH5ad(
    path,
    data((from, to, out) => {
      sizes.push(to - from);
      fill(from, to, out);
    }),
  );
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes.reduce((a, b) => a + b)).toBe(ROWS);
  const file = await openFeatureFile(path);
  expect([file.rows, file.dimension]).toEqual([ROWS, COLUMNS]);
  const out = new Float32Array(file.batch * COLUMNS);
  let wrong = 0;
  for (let from = 0; from < ROWS; from += file.batch) {
    const to = Math.min(ROWS, from + file.batch);
    await file.read(from, to, out.subarray(0, (to - from) * COLUMNS));
    for (let i = 0; i < (to - from) * COLUMNS; i++)
      if (out[i] !== value(from + Math.floor(i / COLUMNS), i % COLUMNS)) wrong++;
  }
  expect(wrong).toBe(0);
  expect(file.identity.get("cell")).toEqual(Array.from({ length: ROWS }, (_, i) => String(i)));
  file.close();
});

test("what cannot be read in the middle leaves no file, and the clock as it is", async () => {
  const path = join(base, "failed.h5ad");
  const failing = data((from) => {
    if (from > 0) throw new RangeError("gone");
  });
  await expect(writeH5ad(path, failing)).rejects.toThrow("gone");
  expect(existsSync(path)).toBe(false);
  expect(Date.now()).toBeGreaterThan(1e12);
});

test("columns with a slash in their names get names of their own, which column-order lists", async () => {
  const path = join(base, "slash.h5ad");
  const columns = new Map<string, Column>([
    ["Area um/px", Float64Array.of(1, 2)],
    ["Area um_px", Float64Array.of(3, 4)],
    ["Größe", ["groß", null]],
  ]);
  const x = { columns: 1, read: (_from: number, _to: number, out: Float32Array) => out.fill(0) };
  const index = ["a", "b"];
  const features = { index: ["f"], columns: new Map([["number", Int32Array.of(1)]]) };
  await writeH5ad(path, { x, obs: { index, columns }, var: features });
  const { file, bytes } = await openHdf5(path);
  // Columns are found by column-order, as anndata finds them.
  expect([...readAnnTable({ file, bytes, path }, "obs").columns]).toEqual([
    ["Area um_px_", ["1", "2"]],
    ["Area um_px", ["3", "4"]],
    ["Größe", ["groß", ""]],
  ]);
  file.close();
});
