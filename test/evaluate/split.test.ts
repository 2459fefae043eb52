import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StudyError } from "../../src/errors.ts";
import {
  groupSplit,
  heldOutSplit,
  joinPair,
  leaveOneClusterOut,
  type Split,
  stratifiedPairs,
  stratifiedSplit,
} from "../../src/evaluate/split.ts";

const cases = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/evaluate/folds.json"), "utf8"),
) as { count: number; labels: number[]; fold: number[] }[];

const plain = (split: Split) => split.map(({ train, test }) => ({ train: [...train], test: [...test] }));
const tests = (split: Split) => split.map((fold) => [...fold.test]);

/** What must hold of every split in which each row is tested once. */
function checkWhole(split: Split, rows: number): void {
  expect(
    tests(split)
      .flat()
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: rows }, (_, r) => r));
  for (const { train, test } of split) {
    const all = Array.from({ length: rows }, (_, r) => r);
    expect([...test]).toEqual(all.filter((r) => test.includes(r)));
    expect([...train]).toEqual(all.filter((r) => !test.includes(r)));
  }
}

describe("scikit-learn's StratifiedKFold", () => {
  cases.forEach(({ count, labels, fold }, i) => {
    test(`case ${i}: ${labels.length} rows in ${count} folds`, () => {
      const rows = [...new Set(labels)].map((c) => [...labels.keys()].filter((r) => labels[r] === c));
      const found = new Array(labels.length).fill(-1);
      stratifiedSplit(
        rows.map((list) => list.length),
        count,
      ).forEach((split, c) => {
        checkWhole(split, rows[c].length);
        split.forEach(({ test }, k) => {
          for (const r of test) found[rows[c][r]] = k;
        });
      });
      expect(found).toEqual(fold);
      if (rows.length > 2) return;
      const sizes = [rows[0].length, rows[1].length] as const;
      const joined = joinPair(stratifiedPairs(sizes, count)(0, 1), sizes);
      checkWhole(joined, labels.length);
      if (labels.every((label, r) => r === 0 || label >= labels[r - 1]))
        joined.forEach(({ test }, k) => {
          expect([...test]).toEqual([...fold.keys()].filter((r) => fold[r] === k));
        });
    });
  });
});

test("classes are spread evenly, whatever their sizes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 7 }),
      fc.array(fc.integer({ min: 7, max: 40 }), { minLength: 2, maxLength: 4 }),
      (count, sizes) => {
        const splits = stratifiedSplit(sizes, count);
        splits.forEach((split, c) => {
          checkWhole(split, sizes[c]);
          const tested = split.map((fold) => fold.test.length);
          expect(Math.max(...tested) - Math.min(...tested)).toBeLessThanOrEqual(1);
        });
        const folds = Array.from({ length: count }, (_, k) =>
          splits.reduce((sum, split) => sum + split[k].test.length, 0),
        );
        expect(Math.max(...folds) - Math.min(...folds)).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 50 },
  );
});

test("the published split of a pair is that of its two sizes, made once", () => {
  const splits = stratifiedPairs([7, 11, 7, 11], 5);
  expect(splits(0, 1)).toEqual(stratifiedSplit([7, 11], 5));
  expect(splits(1, 2)).toEqual(stratifiedSplit([11, 7], 5));
  expect(splits(2, 3)).toBe(splits(0, 1));
  expect(tests(splits(0, 1)[1])).not.toEqual(tests(splits(1, 2)[0]));
});

test("a group is tested, the others train", () => {
  const [a, b] = groupSplit(
    [
      [1, 0, 1, 2],
      [0, 0, 2, 1, 2],
    ],
    3,
  );
  expect(plain(a)).toEqual([
    { train: [0, 2, 3], test: [1] },
    { train: [1, 3], test: [0, 2] },
    { train: [0, 1, 2], test: [3] },
  ]);
  expect(tests(b)).toEqual([[0, 1], [3], [2, 4]]);
});

test("held-out clusters are tested, in one fold", () => {
  const splits = heldOutSplit(
    [
      ["f1", "f2", "f1", "f3"],
      ["f1", "f9", "f9"],
    ],
    [new Set(["f2", "f3"]), new Set(["f1", "f2"])],
  );
  expect(splits.map(plain)).toEqual([[{ train: [0, 2], test: [1, 3] }], [{ train: [1, 2], test: [0] }]]);
});

test("each cluster is left out once, whichever classes it has cells of", () => {
  const [a, b] = leaveOneClusterOut([
    ["p1", "p2", "p1"],
    ["p2", "p3", "p3", "p2"],
  ]);
  expect(tests(a)).toEqual([[0, 2], [1], []]);
  expect(tests(b)).toEqual([[], [0, 3], [1, 2]]);
  checkWhole(a, 3);
  checkWhole(b, 4);
  expect(joinPair([a, b], [3, 4]).map(({ test }) => [...test])).toEqual([
    [0, 2],
    [1, 3, 6],
    [4, 5],
  ]);
});

test("what cannot be split is refused with a remedy", () => {
  const names = ["Nucleus", "Golgi"];
  for (const make of [
    () => stratifiedSplit([10, 4], 5, names),
    () => stratifiedPairs([10, 4], 5, names)(0, 1),
  ])
    expect(make).toThrow(
      new StudyError(
        "class Golgi has 4 cells, fewer than the 5 folds; ask for at most 4 folds, add cells or leave the class out",
      ),
    );
  expect(() => stratifiedSplit([3], 2, ["a"])).toThrow(/at least two classes, and there is one \(a\)/);
  expect(() => stratifiedSplit([], 2)).toThrow(/at least two classes, and there are none/);
  expect(() => stratifiedSplit([2, 2], 1)).toThrow(/cannot make 1 folds/);
  const groups = [
    [0, 1, 2],
    [0, 2, 2],
  ];
  expect(() => groupSplit(groups, 3, names)).toThrow(
    new StudyError(
      "class Golgi has no cells in group 1 of 3; make fewer groups, add cells or leave the class out",
    ),
  );
  expect(() => groupSplit(groups, 2, names)).toThrow(RangeError);
  const fields = [["f1", "f2"], ["f3"]];
  const held = (...names: string[]) => fields.map(() => new Set(names));
  expect(() => heldOutSplit(fields, held("f2"), names)).toThrow(
    new StudyError(
      "class Golgi has no cells in what is held out; hold out part of its cells, add cells or leave the class out",
    ),
  );
  expect(() => heldOutSplit(fields, held("f2", "f3"), names)).toThrow(
    /Golgi has no cells but those that are held out;/,
  );
  expect(() => leaveOneClusterOut(fields, names)).toThrow(
    /class Golgi has cells of one cluster only, .* add cells/,
  );
  expect(() => leaveOneClusterOut([["f1", "f2"], []], names)).toThrow(/class Golgi has no cells, /);
});

test("splits that do not belong together, or not to these classes, make no pair", () => {
  const fold = (train: number[], test: number[]) => ({
    train: Int32Array.from(train),
    test: Int32Array.from(test),
  });
  const good = fold([0, 1], [2]);
  expect(joinPair([[good], [good]], [3, 3]).map((f) => plain([f])[0])).toEqual([
    { train: [0, 1, 3, 4], test: [2, 5] },
  ]);
  for (const [a, b, message] of [
    [[good, good], [good], "splits of 2 and 1 folds"],
    [[], [], "splits of 0 and 0 folds"],
    [[good], [fold([0, 1], [3])], "row 3 of a class of 3 rows"],
    [[fold([-1, 1], [2])], [good], "row -1 of a class"],
    [[good], [fold([0, 2], [2])], "row 2 is in fold 0 twice"],
    [[good], [fold([0, 0], [2])], "row 0 is in fold 0 twice"],
    [[good, fold([0], [2])], [good, fold([0], [1])], "row 2 is in fold 1 twice, or in two folds' tests"],
    [[fold([], [2])], [good], "no rows to test, or none to train"],
    [[fold([0], [])], [fold([0], [])], "no rows to test, or none to train"],
  ] as const)
    expect(() => joinPair([a, b], [3, 3])).toThrow(message);
});
