import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Draw } from "../../../src/study/draw/draw.ts";
import { resolveStudy } from "../../../src/study/schema.ts";
import type { Cells } from "../../../src/types.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-draw-"));
afterAll(() => rmSync(base, { recursive: true }));

/** Ten cells of class A in the even rows, ten of B in the odd ones, then two of both. */
const labels = [...Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? "A" : "B")), "A|B", "A|B"];
const cells: Cells = {
  count: labels.length,
  id: labels.map((_, i) => `c${i}`),
  protein: labels.map(() => "P"),
  field: labels.map(() => "F"),
  localization: labels,
  usable: new Uint8Array(labels.length),
  metadata: {
    rows: labels.length,
    columns: new Map([
      ["Metadata_Localization", labels],
      ["Metadata_Cell", labels.map((_, i) => `c${i}`)],
    ]),
  },
};
const study = (keys: object) =>
  resolveStudy({ cells: "c", encoders: ["deeploc"], cellsPerClass: 3, ...keys }, base, "study.json");

/** All rounds of a draw where the masks of some rows fail. */
function rounds(keys: object, failed: readonly number[], of: Cells = cells): number[][] {
  const draw = new Draw(of, study(keys));
  const all: number[][] = [];
  for (let rows = draw.rows; rows.length > 0; rows = draw.rows) {
    all.push([...rows]);
    draw.take((row) => !failed.includes(row));
  }
  return all;
}

test("evenly spaced cells of every class are drawn, and all of several localizations", () => {
  expect(rounds({}, [])).toEqual([[0, 1, 6, 7, 12, 13, 20, 21]]);
  expect(rounds({ pick: "first" }, [])).toEqual([[0, 1, 2, 3, 4, 5, 20, 21]]);
});

test("for a failed mask the next cell of the class stands in, until one is usable", () => {
  expect(rounds({}, [6, 8])).toEqual([[0, 1, 6, 7, 12, 13, 20, 21], [8], [10]]);
  // The first three usable ones, as a segmented store has them.
  expect(rounds({ pick: "first" }, [0, 2]).flat()).toEqual([0, 1, 2, 3, 4, 5, 20, 21, 6, 8]);
  // From the end it goes on at the beginning.
  expect(rounds({ cellsPerClass: 9 }, [18]).at(-1)).not.toContain(18);
});

test("a class of which too few are usable is drawn whole, and then it is enough", () => {
  const all = rounds({}, [0, 2, 4, 6, 8, 10, 12, 14, 16]).flat();
  expect(all.filter((row) => row < 20 && row % 2 === 0).sort((a, b) => a - b)).toEqual([
    0, 2, 4, 6, 8, 10, 12, 14, 16, 18,
  ]);
  expect(new Set(all).size).toBe(all.length);
});

test("fields give a cell in turn, drawn by the seed, and stand in for each other", () => {
  // Of each class one field has eight cells, two have one.
  const field = labels.map((name, row) => `${name}${row < 16 ? 0 : row >> 1}`);
  const fieldsOf = (rows: readonly number[]) => rows.filter((row) => row < 20).map((row) => field[row]);
  const draw = (seed: number, failed: readonly number[] = []) =>
    rounds({ pick: "fields", seed }, failed, { ...cells, field });
  for (const seed of [1, 2, 3])
    expect(fieldsOf(draw(seed)[0]).sort()).toEqual(["A0", "A8", "A9", "B0", "B8", "B9"]);
  expect(new Set([1, 2, 3, 4].map((seed) => draw(seed)[0][0])).size).toBeGreaterThan(1);
  const [, again, ...none] = draw(1, [16]);
  expect(fieldsOf(again)).toEqual(["A0"]);
  expect(none).toEqual([]);
});

test("what the study lists is drawn as it is, and nothing stands in", () => {
  const list = join(base, "list.txt");
  writeFileSync(list, "c7\nc4\nc20\n");
  expect(rounds({ cellList: list }, [4])).toEqual([[4, 7, 20]]);
});

test("a class that the cells do not have is named", () => {
  expect(() => rounds({ classes: ["A", "C"] }, [])).toThrow("class C has no usable cells");
});
