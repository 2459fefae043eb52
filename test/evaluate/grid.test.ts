import { afterAll, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { StudyError } from "../../src/errors.ts";
import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import { type ClassBlock, PairGrid } from "../../src/evaluate/grid.ts";
import { groupSplit, stratifiedPairs } from "../../src/evaluate/split.ts";

const grid = new PairGrid(2);
afterAll(() => grid.dispose());

function blocks(count: number, rows: number, dimension: number, seed: number): ClassBlock[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, (_, c) => ({
    name: `class ${c}`,
    features: Float32Array.from(
      { length: rows * dimension },
      (_, i) => normal(random) + (i % dimension === c ? 1 : 0),
    ),
  }));
}

const split = (classes: readonly ClassBlock[], dimension: number) =>
  stratifiedPairs(
    classes.map((c) => c.features.length / dimension),
    5,
    classes.map((c) => c.name),
  );
const pair = (a: ClassBlock, b: ClassBlock, dimension: number) =>
  crossValidatePair(a.features, b.features, dimension, split([a, b], dimension)(0, 1));

test("pairs come in order and are those of the plain function", async () => {
  const classes = blocks(4, 25, 6, 1);
  const fits = await grid.evaluate(classes, 6, split(classes, 6));
  let at = 0;
  for (let i = 0; i < 4; i++)
    for (let j = i + 1; j < 4; j++) expect(fits[at++]).toEqual(pair(classes[i], classes[j], 6));
  expect(at).toBe(fits.length);
});

test("one worker and two give the same results; blocks may be queued together", async () => {
  const one = new PairGrid(1);
  const first = blocks(4, 20, 5, 2);
  const second = blocks(3, 20, 5, 3);
  const [a, b] = await Promise.all([
    grid.evaluate(first, 5, split(first, 5)),
    grid.evaluate(second, 5, split(second, 5)),
  ]);
  expect(a).toEqual(await one.evaluate(first, 5, split(first, 5)));
  expect(b).toEqual(await one.evaluate(second, 5, split(second, 5)));
  await one.dispose();
});

test("an error in one block is that of the plain function and leaves others alone", async () => {
  const good = blocks(3, 12, 4, 4);
  const bad = [...good, { name: "tiny", features: new Float32Array(4 * 3) }];
  const [failed, fine] = await Promise.allSettled([
    grid.evaluate(bad, 4, split(bad, 4)),
    grid.evaluate(good, 4, split(good, 4)),
  ]);
  expect(failed.status).toBe("rejected");
  expect((failed as PromiseRejectedResult).reason).toBeInstanceOf(StudyError);
  expect((failed as PromiseRejectedResult).reason.message).toMatch(/class tiny has 3 cells/);
  expect(fine.status).toBe("fulfilled");
  const nan = blocks(2, 12, 4, 5);
  nan[1].features[7] = Number.NaN;
  await expect(grid.evaluate(nan, 4, split(nan, 4))).rejects.toThrow(
    /feature 3 of cell 1 of class class 1 is NaN/,
  );
});

test("splits by group are those of the plain function", async () => {
  const classes = blocks(3, 24, 6, 8);
  const splits = groupSplit(
    classes.map(() => Int32Array.from({ length: 24 }, (_, row) => (row < 10 ? 2 : row % 2))),
    3,
  );
  const fits = await grid.evaluate(classes, 6, (a, b) => [splits[a], splits[b]]);
  const expected = [
    [0, 1],
    [0, 2],
    [1, 2],
  ].map(([a, b]) => crossValidatePair(classes[a].features, classes[b].features, 6, [splits[a], splits[b]]));
  expect(fits).toEqual(expected);
  expect(fits[0].folds).toHaveLength(3);
});

test("one class, no workers and a disposed grid are refused", async () => {
  await expect(grid.evaluate(blocks(1, 12, 4, 5), 4, () => [[], []])).rejects.toThrow(/two or more classes/);
  expect(() => new PairGrid(0)).toThrow(/0 workers/);
  const gone = new PairGrid(1);
  const two = blocks(2, 12, 4, 6);
  const pending = gone.evaluate(two, 4, split(two, 4));
  const [settled] = await Promise.allSettled([pending, gone.dispose()]);
  expect(settled.status).toBe("rejected");
  await expect(gone.evaluate(two, 4, split(two, 4))).rejects.toThrow(/stopped/);
});
