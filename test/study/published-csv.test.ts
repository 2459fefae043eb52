import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatFloat } from "../../src/core/format.ts";
import { DataError } from "../../src/errors.ts";
import { readPublishedResults, writePublishedResults } from "../../src/study/published-csv.ts";
import type { PairScore } from "../../src/types.ts";

const drawn = resolve(import.meta.dirname, "../fixtures/report/drawn");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cellswap-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("files that pandas wrote are read and written back byte by byte", () => {
  for (const encoder of readdirSync(drawn)) {
    const files = writePublishedResults(join(folder, encoder), readPublishedResults(join(drawn, encoder)));
    expect(files.sort()).toEqual(readdirSync(join(drawn, encoder)).sort());
    for (const file of files)
      expect(readFileSync(join(folder, encoder, file), "utf8")).toBe(
        readFileSync(join(drawn, encoder, file), "utf8"),
      );
  }
});

test("a folder of folders gives every encoder, called as its folder", () => {
  mkdirSync(join(folder, "notes"));
  const scores = readPublishedResults(drawn);
  expect([...new Set(scores.map((s) => s.encoder))]).toEqual(["alpha", "beta"]);
  expect(scores.every((s) => s.folds.length === 0 && s.gap === null && s.cells === null)).toBe(true);
});

test("numbers come back to the same bits", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
      expect(Number(formatFloat(value))).toBe(value);
    }),
  );
  expect([1, 0, 0.5, 1e-4, 1e-5, 3.5e-7, 1e-12].map(formatFloat)).toEqual([
    "1.0",
    "0.0",
    "0.5",
    "0.0001",
    "1e-05",
    "3.5e-07",
    "1e-12",
  ]);
});

test("settings that the layout does not know give no file; one folder holds one encoder", () => {
  const rest = {
    background: null,
    class1: "a",
    class2: "b",
    accuracy: 1,
    sd: 0,
    folds: [],
    gap: null,
    cells: null,
  };
  const self: PairScore = { encoder: "e", setting: "self", ...rest };
  expect(writePublishedResults(folder, [self])).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  expect(() => writePublishedResults(folder, [self, { ...self, encoder: "f" }])).toThrow(RangeError);
});

const BASE = "Location1,Location2,Accuracy,StdDev\n";
const DIFF = "Location1,Location2,Background,Accuracy,StdDev\n";
const CASES: [what: string, file: string, text: string, message: RegExp][] = [
  [
    "a missing column",
    "results_base.csv",
    "Location1,Location2,StdDev\na,b,0\n",
    /has no column Accuracy .*Location1,Location2,Accuracy,StdDev/,
  ],
  ["no background column", "results_diff.csv", `${BASE}a,b,0.5,0\n`, /has no column Background/],
  [
    "an accuracy over 1",
    "results_base.csv",
    `${BASE}a,b,0.5,0\na,c,71.3,0\n`,
    /row 3 has Accuracy "71.3".* from 0 to 1/,
  ],
  ["a negative accuracy", "results_base.csv", `${BASE}a,b,-0.1,0\n`, /row 2 has Accuracy "-0.1"/],
  ["text for a number", "results_mask.csv", `${BASE}a,b,good,0\n`, /row 2 has Accuracy "good"/],
  ["NaN", "results_mask.csv", `${BASE}a,b,nan,0\n`, /row 2 has Accuracy "nan"/],
  ["an empty accuracy", "results_mask.csv", `${BASE}a,b,,0\n`, /row 2 has Accuracy \(empty\)/],
  ["a bad deviation", "results_same.csv", `${BASE}a,b,0.5,x\n`, /row 2 has StdDev "x"/],
  [
    "a pair twice",
    "results_same.csv",
    `${BASE}a,b,0.5,0\na,c,0.5,0\nb,a,0.6,0\n`,
    /row 4 repeats row 2 \(b, a\); keep one/,
  ],
  [
    "a pair and background twice",
    "results_batch.csv",
    `${DIFF}a,b,c,0.5,0\na,b,d,0.5,0\na,b,c,0.6,0\n`,
    /row 4 repeats row 2 \(a, b, background c\)/,
  ],
  ["a class with itself", "results_base.csv", `${BASE}a,a,0.5,0\n`, /row 2 pairs a with itself/],
  ["an empty class", "results_base.csv", `${BASE}a,,0.5,0\n`, /row 2 has an empty class name/],
  ["a header alone", "results_base.csv", BASE, /has a header but no rows/],
  ["nothing", "results_base.csv", "", /is empty/],
  ["a torn line", "results_base.csv", `${BASE}a,b,0.5\n`, /has 3 field\(s\) in line 2, its header has 4/],
  ["no file of ours", "table.csv", `${BASE}a,b,0.5,0\n`, /holds none of results_base.csv/],
];

test.each(CASES)("%s is one line with file, row and remedy", (_, file, text, message) => {
  writeFileSync(join(folder, file), text);
  let error: unknown;
  try {
    readPublishedResults(folder);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
  expect((error as Error).message.startsWith(folder)).toBe(true);
});

test("a folder that is not there, or a file instead", () => {
  expect(() => readPublishedResults(join(folder, "none"))).toThrow(/is not a folder/);
  writeFileSync(join(folder, "file"), "");
  expect(() => readPublishedResults(join(folder, "file"))).toThrow(/is not a folder/);
});
