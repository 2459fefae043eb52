import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { BATCH, batches, FeatureFile, readFeatureRows } from "../../src/features/store.ts";
import { NpyReader } from "../../src/files/npy.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-features-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const [ROWS, DIMENSION] = [2 * BATCH + 5, 3];
const value = (row: number, j: number) => row + j / 8;
/** Every third row in turn, so that a batch is not a run of neighbors. */
const order = Int32Array.from([0, 1, 2].flatMap((k) => [...Array(ROWS).keys()].filter((r) => r % 3 === k)));
const batch = (b: number): [Int32Array, Float32Array] => {
  const rows = order.subarray(b * BATCH, (b + 1) * BATCH);
  return [rows, Float32Array.from([...rows].flatMap((r) => [0, 1, 2].map((j) => value(r, j))))];
};

test("batches may come in any order; complete only when all are there", () => {
  const path = join(base, "order", "a.npy");
  const file = new FeatureFile(path, ROWS, DIMENSION);
  expect(file.missing()).toEqual([0, 1, 2]);
  file.write(2, ...batch(2));
  expect(file.missing()).toEqual([0, 1]);
  file.finish();
  expect(FeatureFile.complete(path, ROWS, DIMENSION)).toBe(false);
  const again = new FeatureFile(path, ROWS, DIMENSION);
  expect(again.missing()).toEqual([0, 1]);
  again.write(1, ...batch(1));
  again.write(0, ...batch(0));
  again.finish();
  expect(FeatureFile.complete(path, ROWS, DIMENSION)).toBe(true);
  expect(existsSync(`${path}.done`)).toBe(false);
  const reader = new NpyReader(path);
  expect(reader.shape).toEqual([ROWS, DIMENSION]);
  const out = new Float32Array(ROWS * DIMENSION);
  reader.read(0, ROWS, out);
  reader.close();
  expect(out.every((v, i) => v === value(Math.floor(i / DIMENSION), i % DIMENSION))).toBe(true);
});

test("whatever a killed process leaves of a new array, it does not count as complete and is made anew", () => {
  const path = join(base, "killed.npy");
  new FeatureFile(path, ROWS, DIMENSION).close();
  const whole = readFileSync(path);
  const marks = readFileSync(`${path}.done`);
  // Files appear in this order: marks, array; each may be cut off anywhere.
  for (const left of [0, 1, 127, 128, whole.length - 4, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, left));
    writeFileSync(`${path}.done`, marks);
    expect(FeatureFile.complete(path, ROWS, DIMENSION)).toBe(false);
    const file = new FeatureFile(path, ROWS, DIMENSION);
    expect(file.missing()).toEqual([0, 1, 2]);
    file.close();
    expect(readFileSync(path)).toEqual(whole);
  }
  rmSync(path);
  writeFileSync(`${path}.done`, new Uint8Array(1));
  expect(FeatureFile.complete(path, ROWS, DIMENSION)).toBe(false);
  const file = new FeatureFile(path, ROWS, DIMENSION);
  expect(file.missing()).toEqual([0, 1, 2]);
  file.close();
});

test("an array of another size or cut off is not complete and is made anew", () => {
  const path = join(base, "other.npy");
  const file = new FeatureFile(path, ROWS, DIMENSION);
  for (const b of [0, 1, 2]) file.write(b, ...batch(b));
  file.finish();
  expect(FeatureFile.complete(path, ROWS, DIMENSION + 1)).toBe(false);
  expect(FeatureFile.complete(path, ROWS - 1, DIMENSION)).toBe(false);
  truncateSync(path, 1000);
  expect(FeatureFile.complete(path, ROWS, DIMENSION)).toBe(false);
  const again = new FeatureFile(path, ROWS, DIMENSION);
  expect(again.missing()).toEqual([0, 1, 2]);
  again.close();
});

test("a place where nothing can be written is one line", () => {
  const file = join(base, "in-the-way");
  writeFileSync(file, "");
  expect(() => new FeatureFile(join(file, "a.npy"), ROWS, DIMENSION)).toThrow(
    `${join(file, "a.npy")}: a part of this path is a file, not a folder; choose another path`,
  );
});

test("rows read in runs equal rows read one by one", () => {
  const path = join(base, "rows.npy");
  const file = new FeatureFile(path, ROWS, DIMENSION);
  for (let b = 0; b < batches(ROWS); b++) file.write(b, ...batch(b));
  file.finish();
  const reader = new NpyReader(path);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: ROWS - 1 }), { maxLength: 40 }), (picked) => {
      const rows = picked.flatMap((r, i) => (i % 3 === 0 ? [r, Math.min(r + 1, ROWS - 1)] : [r]));
      const out = new Float32Array(rows.length * DIMENSION);
      readFeatureRows(reader, rows, out);
      expect(Array.from(out)).toEqual(rows.flatMap((r) => [0, 1, 2].map((j) => value(r, j))));
    }),
    { seed: 1, numRuns: 200 },
  );
  reader.close();
});
