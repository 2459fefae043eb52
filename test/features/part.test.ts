import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FillingPart, findParts, removeUnwanted } from "../../src/features/part.ts";
import { NpyReader } from "../../src/files/npy.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-part-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const [ROWS, DIMENSION] = [20, 3];
const rows = Int32Array.from({ length: 2 * ROWS }, (_, i) => (i % 2 === 0 ? i : -1));
const values = (from: number, count: number) =>
  Float32Array.from({ length: count * DIMENSION }, (_, i) => from + i / 8);

function fill(path: string): void {
  const part = new FillingPart(path, ROWS, DIMENSION);
  part.write(0, values(0, ROWS));
  part.finish(rows);
}

test("rows may come in any order; a part counts only when all are there", () => {
  const path = join(base, "order", "a.k-1");
  const part = new FillingPart(path, ROWS, DIMENSION);
  part.write(15, values(15, 5));
  part.write(0, values(0, 10));
  expect([...part.made()].map((m, row) => (m === 1 ? -1 : row)).filter((row) => row >= 0)).toEqual([
    10, 11, 12, 13, 14,
  ]);
  expect(() => part.finish(rows)).toThrow("row 10 of");
  expect(findParts(join(base, "order"), "a.k-", DIMENSION)).toEqual([]);
  const again = new FillingPart(path, ROWS, DIMENSION);
  again.write(10, values(10, 5));
  again.finish(rows);
  expect(findParts(join(base, "order"), "a.k-", DIMENSION)).toEqual([{ base: path, rows }]);
  expect(existsSync(`${path}.marks`)).toBe(false);
  const reader = new NpyReader(`${path}.npy`);
  const out = new Float32Array(5 * DIMENSION);
  reader.read(10, 5, out);
  reader.close();
  expect(out).toEqual(values(10, 5));
});

test("whatever a killed process leaves of a new part, it does not count and is made anew", () => {
  const path = join(base, "killed", "a.k-1");
  new FillingPart(path, ROWS, DIMENSION).close();
  const whole = readFileSync(`${path}.filling`);
  for (const left of [0, 1, 127, 128, whole.length - 4, whole.length - 1]) {
    writeFileSync(`${path}.filling`, whole.subarray(0, left));
    writeFileSync(`${path}.marks`, new Uint8Array(ROWS).fill(1));
    const part = new FillingPart(path, ROWS, DIMENSION);
    expect(part.made()).toEqual(new Uint8Array(ROWS));
    part.close();
    expect(readFileSync(`${path}.filling`)).toEqual(whole);
  }
  writeFileSync(`${path}.marks`, new Uint8Array(ROWS - 1).fill(1));
  const part = new FillingPart(path, ROWS, DIMENSION);
  expect(part.made()).toEqual(new Uint8Array(ROWS));
  part.close();
});

test("killed between the last two files, a part is finished by the next run", () => {
  const path = join(base, "between", "a.k-1");
  fill(path);
  // The array was renamed last; before that it stood as `.filling`, with its marks.
  writeFileSync(`${path}.filling`, readFileSync(`${path}.npy`));
  writeFileSync(`${path}.marks`, new Uint8Array(ROWS).fill(1));
  rmSync(`${path}.npy`);
  expect(findParts(join(base, "between"), "a.k-", DIMENSION)).toEqual([]);
  new FillingPart(path, ROWS, DIMENSION).finish(rows);
  expect(findParts(join(base, "between"), "a.k-", DIMENSION)).toHaveLength(1);
});

test("parts that are cut off, of another dimension or of another name do not count", () => {
  const folder = join(base, "other");
  const path = join(folder, "a.k-1");
  fill(path);
  expect(findParts(folder, "a.k-", DIMENSION + 1)).toEqual([]);
  expect(findParts(folder, "a.j-", DIMENSION)).toEqual([]);
  truncateSync(`${path}.npy`, 200);
  expect(findParts(folder, "a.k-", DIMENSION)).toEqual([]);
  fill(path);
  truncateSync(`${path}.rows.npy`, 130);
  expect(findParts(folder, "a.k-", DIMENSION)).toEqual([]);
});

test("what was begun and nobody wants is removed, complete parts stay", () => {
  const folder = join(base, "unwanted");
  fill(join(folder, "a.k-1"));
  for (const name of ["a.k-2", "a.k-3"]) new FillingPart(join(folder, name), ROWS, DIMENSION).close();
  removeUnwanted(folder, new Set([join(folder, "a.k-3")]));
  expect(
    ["a.k-1.npy", "a.k-2.filling", "a.k-2.marks", "a.k-3.filling"].map((n) => existsSync(join(folder, n))),
  ).toEqual([true, false, false, true]);
});

test("a place where nothing can be written is one line", () => {
  const file = join(base, "in-the-way");
  writeFileSync(file, "");
  expect(() => new FillingPart(join(file, "a"), ROWS, DIMENSION)).toThrow(
    `${join(file, "a.npy")}: a part of this path is a file, not a folder; choose another path`,
  );
});
