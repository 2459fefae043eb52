import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StudyError } from "../../src/errors.ts";
import { pairFolds, stratifiedFolds, trainingRows } from "../../src/evaluate/folds.ts";

const cases = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/evaluate/folds.json"), "utf8"),
) as { count: number; labels: number[]; fold: number[] }[];

describe("scikit-learn's StratifiedKFold", () => {
  cases.forEach(({ count, labels, fold }, i) => {
    test(`case ${i}: ${labels.length} rows in ${count} folds`, () => {
      const found = new Array(labels.length).fill(-1);
      stratifiedFolds(labels, count).test.forEach((rows, k) => {
        for (const row of rows) found[row] = k;
      });
      expect(found).toEqual(fold);
    });
  });
});

test("every row is in one fold, classes are spread evenly, rows ascend", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 7 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 40, maxLength: 90 }),
      (count, drawn) => {
        const labels = [...drawn, ...[0, 1, 2].flatMap((c) => new Array(count).fill(c))];
        const { test: folds } = stratifiedFolds(labels, count);
        expect(folds.flatMap((rows) => [...rows]).sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        for (const c of [0, 1, 2]) {
          const sizes = folds.map((rows) => rows.filter((r) => labels[r] === c).length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
        folds.forEach((rows, k) => {
          expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
          const rest = trainingRows({ test: folds }, k);
          expect(rest.length + rows.length).toBe(labels.length);
          expect([...rest].some((r) => rows.includes(r))).toBe(false);
        });
      },
    ),
    { numRuns: 50 },
  );
});

test("a class smaller than the folds, one class and one fold are refused with a remedy", () => {
  expect(() => pairFolds(10, 4, 5, ["Nucleus", "Golgi"])).toThrow(
    new StudyError(
      "class Golgi has 4 cells, fewer than the 5 folds; ask for at most 4 folds, add cells or leave the class out",
    ),
  );
  expect(() => stratifiedFolds(["a", "a", "a"], 2)).toThrow(/at least two classes, and there is one \(a\)/);
  expect(() => stratifiedFolds([0, 1, 0, 1], 1)).toThrow(/cannot make 1 folds/);
});
