import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { openFeatureFile } from "../../src/features/given/file.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { table, writeParquet } from "../../src/files/table.ts";
import type { Column } from "../../src/types.ts";

const folder = resolve(import.meta.dirname, "../fixtures/features");
const expected = (() => {
  const array = new NpyReader(join(folder, "read/float32.npy"));
  const out = new Float32Array(array.shape[0] * array.shape[1]);
  array.read(0, array.shape[0], out);
  array.close();
  return { rows: array.shape[0], dimension: array.shape[1], values: out };
})();

test.each(readdirSync(join(folder, "read")))(
  "%s holds what numpy saved, read in any pieces",
  async (name) => {
    const file = await openFeatureFile(join(folder, "read", name));
    const { rows, dimension, values } = expected;
    expect({ rows: file.rows, dimension: file.dimension }).toEqual({ rows, dimension });
    for (const step of [1, 2, 5, rows]) {
      const out = new Float32Array(values.length);
      for (let from = 0; from < rows; from += step) {
        const to = Math.min(rows, from + step);
        await file.read(from, to, out.subarray(from * dimension, to * dimension));
      }
      expect(out).toEqual(values);
    }
    file.close();
  },
);

const PLAN = {
  cell: ["a", "b", "c", "a", "b", "c", "ä"],
  setting: [...Array(3).fill("original"), ...Array(4).fill("different")],
  background: [null, null, null, "ER", "ER", "ER", "ER"],
  donor: [null, null, null, "c", "a", "b", "a"],
};

test.each(["pandas.parquet", "text.h5ad", "categories.h5ad"])(
  "%s says which composites its rows are of",
  async (name) => {
    const file = await openFeatureFile(join(folder, "read", name));
    expect(Object.fromEntries(file.identity)).toEqual(PLAN);
    file.close();
  },
);

test("in a table of pandas an empty text and NaN stand for none, and predictions are no features", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "cellswap-given-")), "joined.parquet");
  const columns = new Map<string, Column>([
    ["cell_id", Int32Array.of(4, 7)],
    ["background", ["", "ER"]],
    ["donor_id", Float64Array.of(Number.NaN, 4)],
    ["probability", Float32Array.of(0.5, 1)],
    ["group", Int32Array.of(0, 1)],
    ["f0", Float32Array.of(2, 3)],
  ]);
  writeParquet(path, table(columns));
  const file = await openFeatureFile(path);
  expect(Object.fromEntries(file.identity)).toEqual({
    cell: ["4", "7"],
    background: [null, "ER"],
    donor: [null, "4"],
  });
  const out = new Float32Array(2);
  await file.read(0, 2, out);
  expect([file.dimension, ...out]).toEqual([1, 2, 3]);
  file.close();
  rmSync(dirname(path), { recursive: true });
});

test("batches do not follow the groups of rows of lists, which may be small", async () => {
  const file = await openFeatureFile(join(folder, "read", "groups.parquet"));
  expect(file.batch).toBeGreaterThan(file.rows);
  file.close();
});

const REFUSALS: Readonly<Record<string, RegExp>> = {
  "fortran.npy": /is in Fortran order; save numpy\.ascontiguousarray/,
  "whole.npy": /holds int32; features are float32, float16 or float64/,
  "tokens.npy": /is 7 x 1 x 5; features are rows x features.*: take the class token/,
  "vector.npy": /is 35; features are rows x features/,
  "none.npy": /holds 0 rows of 5 features/,
  "cut.npy": /is truncated/,
  "whole.parquet": /has whole numbers in index, .*call it Metadata_index/,
  "none.parquet": /has no features \(its columns: cell_id, setting, background, donor_id\)/,
  "ragged.parquet": /row 4 \(from 0\) has 4 features, 5 are expected/,
  "two.parquet": /has features in one, two; give one column of lists/,
  "cut.parquet": /is not a readable Parquet file/,
  "sparse.h5ad": /has a sparse X, .*toarray\(\)/,
  "whole.h5ad": /has an X of int32, 7 x 5; features are .*astype/,
  "none.h5ad": /has no X; put the features there/,
  "cut.h5ad": /is truncated or damaged/,
  "text.csv": /ends in \.csv, which is not known; save it as \.npy/,
};

test.each(readdirSync(join(folder, "refused")))(
  "%s is refused in one line that names the remedy",
  async (name) => {
    const path = join(folder, "refused", name);
    const read = async () => {
      const file = await openFeatureFile(path);
      try {
        await file.read(0, file.rows, new Float32Array(file.rows * file.dimension));
      } finally {
        file.close();
      }
    };
    const error = await read().then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(DataError);
    const { message } = error as DataError;
    expect(message.startsWith(`${path}: `)).toBe(true);
    expect(message).toMatch(REFUSALS[name]);
    expect(message).not.toContain("\n");
  },
);
