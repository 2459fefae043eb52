import { expect, test } from "vitest";
import { groupSplit, joinPair, type Split } from "../../src/evaluate/split.ts";
import { estimate, type Grouping } from "../../src/evidence/estimate.ts";
import { difference } from "../../src/evidence/judgments.ts";
import { learningCurve, restrictTraining, trainingSubsets } from "../../src/evidence/learning-curve.ts";
import { drawnJudgments } from "./judged.ts";

/** 40 rows in clusters of 16, 20 and 4, interleaved; 9 rows in clusters of 3. */
const clusters = [
  Array.from({ length: 40 }, (_, i) => (i < 32 ? i % 2 : i < 36 ? 1 : 2)),
  [3, 3, 3, 4, 4, 4, 5, 5, 5],
];

test("subsets are nested, of the same share of every cluster, and the last is everything", () => {
  const subsets = trainingSubsets(clusters);
  expect(subsets.map((s) => s.trains.map((m) => m.reduce((a, b) => a + b)))).toEqual([
    [2 + 3 + 1, 3],
    [4 + 5 + 1, 3],
    [8 + 10 + 2, 6],
    [40, 9],
  ]);
  expect(subsets.map((s) => s.cells)).toEqual([3, 3, 6, 9]);
  for (let k = 1; k < subsets.length; k++)
    subsets[k].trains.forEach((marks, c) => {
      marks.forEach((mark, i) => {
        expect(mark).toBeGreaterThanOrEqual(subsets[k - 1].trains[c][i]);
      });
    });
});

test("rows of a cluster are taken evenly", () => {
  const [eighth, , half] = trainingSubsets([Array(16).fill(0)]);
  const rows = (marks: Uint8Array) => [...marks.keys()].filter((i) => marks[i] === 1);
  expect(rows(eighth.trains[0])).toEqual([0, 8]);
  expect(rows(half.trains[0])).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
});

test("sizes that bring nothing new are left out; a share must be one", () => {
  expect(trainingSubsets([[0, 0, 1, 1]]).map((s) => s.cells)).toEqual([2, 4]);
  expect(() => trainingSubsets(clusters, [0])).toThrow(RangeError);
  expect(() => trainingSubsets(clusters, [2])).toThrow("a share of 2");
});

test("machines train on the subset outside the held-out group and are tested on all of it", () => {
  const groups = clusters.map((of) => of.map((c) => c % 3));
  const whole = groupSplit(groups, 3);
  const splits = (a: number, b: number) => [whole[a], whole[b]] as readonly [Split, Split];
  const subsets = trainingSubsets(clusters);
  const few = restrictTraining(splits, subsets[0]);
  const [a, b] = few(0, 1);
  a.forEach(({ train, test: tested }, k) => {
    expect([...tested]).toEqual([...whole[0][k].test]);
    expect([...train]).toEqual([...whole[0][k].train].filter((row) => subsets[0].trains[0][row] === 1));
    expect(train.length).toBeGreaterThan(0);
  });
  expect(joinPair([a, b], [40, 9]).map((f) => f.test.length)).toEqual([19, 23, 7]);
  expect(few(0, 1)[0], "made once, so that its key is").toBe(a);
  expect(restrictTraining(splits, subsets[3]), "all rows: the fits that are there").toBe(splits);
});

test("two classes that share a split keep their own rows", () => {
  const [one] = groupSplit([[0, 1, 0, 1]], 2);
  const trains = [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 0, 1, 1)];
  const [a, b] = restrictTraining(() => [one, one], { cells: 2, trains })(0, 1);
  expect(a.map((f) => [...f.train])).toEqual([[1], [0]]);
  expect(b.map((f) => [...f.train])).toEqual([[3], [2]]);
});

test("the curve has every statement at every size, with its interval or why it has none", () => {
  const grouping: Grouping = {
    count: 3,
    unit: "field",
    fewest: 3,
    reach: "without-same",
    notes: ["one field a class"],
  };
  const sizes = [20, 40].map((cells, i) => ({ cells, judgments: drawnJudgments(i + 1) }));
  const found = learningCurve(sizes, grouping, { wanted: ["different", "neighbor", "same"] });
  expect(found.map((p) => [p.of, p.cells])).toEqual([
    ["same", 20],
    ["same", 40],
    ["different", 20],
    ["different", 40],
    ["neighbor", 20],
    ["neighbor", 40],
  ]);
  const expected = estimate(difference(sizes[1].judgments, "cell-free", "different"), grouping);
  const { estimate: value, low, high } = expected;
  expect(low).not.toBeNull();
  expect(found[5]).toEqual({ of: "neighbor", cells: 40, value, low, high });
  expect(found[0]).toMatchObject({ low: null, refused: expect.stringContaining("too few for same") });
  expect(learningCurve(sizes, grouping).length).toBeGreaterThan(6);
  expect(learningCurve([], grouping)).toEqual([]);
});
