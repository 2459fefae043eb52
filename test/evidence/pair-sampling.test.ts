import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { mean } from "../../src/core/statistics.ts";
import { allPairs, chosenPairs } from "../../src/evaluate/pair-sample.ts";
import { collectJudgments } from "../../src/evidence/collect.ts";
import { components } from "../../src/evidence/components.ts";
import { estimate, type Grouping } from "../../src/evidence/estimate.ts";
import { difference, type Judgments } from "../../src/evidence/judgments.ts";
import { drawnJudgments } from "./judged.ts";

const ROWS = 20;

/** Hits of every pair of `classes` classes, in two settings; class effects, and what pairs have of their own. */
function world(classes: number, seed: number) {
  const random = mulberry32(seed);
  const effect = Float64Array.from({ length: classes }, () => 8 * random());
  const hits = () => {
    const of = allPairs(classes).map(([first, second]) => {
      const one = () => Math.min(ROWS, Math.floor(effect[first] + effect[second] + 5 * random()));
      const correct = new Uint8Array(2 * ROWS);
      correct.fill(1, 0, one());
      correct.fill(1, ROWS, ROWS + one());
      return [`${first} ${second}`, correct] as const;
    });
    return new Map(of);
  };
  return { classes, original: hits(), self: hits() };
}

function judged(of: ReturnType<typeof world>, pairs: readonly (readonly number[])[]): Judgments {
  const cells = {
    classes: Array.from({ length: of.classes }, (_, c) => `c${c}`),
    rows: Array.from({ length: of.classes }, (_, c) =>
      Int32Array.from({ length: ROWS }, (_, i) => c * ROWS + i),
    ),
    cluster: Int32Array.from({ length: of.classes * ROWS }, (_, row) => Math.floor(row / 5)),
  };
  const list = (["original", "self"] as const).flatMap((setting) =>
    pairs.map(([first, second]) => ({
      setting,
      background: -1,
      first,
      second,
      correct: of[setting].get(`${first} ${second}`)!,
    })),
  );
  return collectJudgments(cells, list, () => null);
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((one) => permutations(items.filter((i) => i !== one)).map((rest) => [one, ...rest]));
}

const STATEMENTS = {
  "an accuracy": (of: Judgments) => [{ of, setting: "original" as const, weight: 1 }],
  "a difference": (of: Judgments) => difference(of, "original", "self"),
};

describe.each(Object.entries(STATEMENTS))("sampled pairs: %s", (_, terms) => {
  test.each([
    [6, 2],
    [6, 3],
    [6, 4],
  ])(
    "of %i classes, %i pairs each: unbiased, and the estimated variance is exact on average over all labelings",
    (classes, sample) => {
      const of = world(classes, 3);
      const all = components(terms(judged(of, allPairs(classes))));
      expect(all.sampling).toBeUndefined();
      const names = Array.from({ length: classes }, (_, c) => `c${c}`);
      const graph = chosenPairs(names, { sample }, 1);
      const drawn = permutations([...names.keys()]).map((to) => {
        const pairs = graph.map(([a, b]) => [to[a], to[b]].sort((x, y) => x - y));
        return components(terms(judged(of, pairs)));
      });
      const estimates = drawn.map((d) => d.estimate);
      const variances = drawn.map((d) => d.sampling!.variance);
      const truth = mean(estimates.map((e) => (e - all.estimate) ** 2));
      expect(mean(estimates)).toBeCloseTo(all.estimate, 10);
      expect(mean(variances) / truth).toBeCloseTo(1, 8);
      expect(drawn[0].sampling).toMatchObject({
        pairs: (classes * sample) / 2,
        of: (classes * (classes - 1)) / 2,
      });
    },
  );
  test("one class: unbiased, and the estimated variance is exact over all choices of partners", () => {
    const of = world(6, 4);
    const all = components(terms(judged(of, allPairs(6))), 0);
    const graph = chosenPairs(["0", "1", "2", "3", "4", "5"], { sample: 3 }, 1);
    const drawn = permutations([0, 1, 2, 3, 4, 5]).map((to) => {
      const pairs = graph.map(([a, b]) => [to[a], to[b]].sort((x, y) => x - y));
      return components(terms(judged(of, pairs)), 0);
    });
    const estimates = drawn.map((d) => d.estimate);
    expect(mean(estimates)).toBeCloseTo(all.estimate, 10);
    const truth = mean(estimates.map((e) => (e - all.estimate) ** 2));
    expect(mean(drawn.map((d) => d.sampling!.variance)) / truth).toBeCloseTo(1, 8);
  });
});

const grouping: Grouping = { count: 4, unit: "field", fewest: 4, reach: "all", notes: [] };

test("an interval holds what the draw leaves open, and says of how many pairs", () => {
  const of = world(12, 5);
  const names = Array.from({ length: 12 }, (_, c) => `c${c}`);
  const of4 = judged(of, chosenPairs(names, { sample: 4 }, 1));
  const sums = components(STATEMENTS["a difference"](of4));
  const found = estimate(STATEMENTS["a difference"](of4), grouping);
  expect(found.sampled).toEqual({ pairs: 24, of: 66, se: Math.sqrt(sums.sampling!.variance) });
  const { sampling: _, ...alone } = sums;
  expect(alone.estimate).toBe(found.estimate);
  expect(found.se!).toBeGreaterThan(found.sampled!.se!);
  expect(found.df!).toBeGreaterThan(0);
  expect(found.method).toMatch(/choice of pairs/);
  const whole = estimate(STATEMENTS["a difference"](judged(of, allPairs(12))), grouping);
  expect(whole.sampled).toBeUndefined();
  expect(whole.method).not.toMatch(/choice of pairs/);
});

test("too few pairs to tell what the others would change: no interval, and why", () => {
  const of = world(5, 6);
  const found = estimate(
    STATEMENTS["an accuracy"](judged(of, chosenPairs(["0", "1", "2", "3", "4"], { sample: 2 }, 1))),
    grouping,
  );
  expect(found).toMatchObject({ low: null, sampled: { pairs: 5, of: 10, se: null } });
  expect(found.refused).toMatch(/^5 of 10 pairs of classes are too few .*raise "sample"/);
});

test("partners that do not differ do not tell what those that were not drawn would change: no interval, no error", () => {
  const pairs = chosenPairs(
    Array.from({ length: 12 }, (_, c) => `c${c}`),
    { sample: 6 },
    1,
  );
  const of = world(12, 7);
  const same = new Uint8Array(2 * ROWS).fill(1);
  // Fields differ, partners do not.
  same.fill(0, 0, 3);
  same.fill(0, 5, 9);
  same.fill(0, ROWS, ROWS + 3);
  same.fill(0, ROWS + 5, ROWS + 9);
  for (const pair of of.original.keys()) of.original.set(pair, same);
  const found = estimate(STATEMENTS["an accuracy"](judged(of, pairs)), grouping, { only: 0 });
  expect(found).toMatchObject({ low: null, estimate: 13 / 20, sampled: { pairs: 6, of: 11, se: null } });
  expect(found.refused).toMatch(/^no drawn pair of classes differs/);
});

test.each([
  [[0, 3], 1],
  [[0, 3, 4], 0],
])(
  "with the backgrounds of classes %j, %i pair is never counted, nor is it one of all",
  (backgrounds, never) => {
    const seven = drawnJudgments(
      3,
      Array.from({ length: 7 }, () => [4, 5, 3, 4]),
    );
    const blocks = seven.blocks.filter(
      ({ background }) => background < 0 || backgrounds.includes(background),
    );
    // As of a draw that took every pair.
    const all: Judgments = { ...seven, blocks, sampled: true };
    const terms = difference(all, "self", "different");
    const of = (only?: number) => components(terms, only).sampling!;
    expect(of()).toMatchObject({ pairs: 21 - never, of: 21 - never, variance: 0 });
    for (const own of [0, 3]) expect(of(own)).toMatchObject({ pairs: 6 - never, of: 6 - never });
    expect(of(1)).toMatchObject({ pairs: 6, of: 6 });
  },
);
