import { describe, expect, test } from "vitest";
import { studentQuantile, studentTwoSided } from "../../src/core/student.ts";
import { encoderDifferences } from "../../src/evidence/encoders.ts";
import { compute, estimate, type Grouping } from "../../src/evidence/estimate.ts";
import { difference, type Judgments } from "../../src/evidence/judgments.ts";
import { benjaminiHochberg } from "../../src/evidence/multiplicity.ts";
import { classEstimates } from "../../src/evidence/per-class.ts";
import { STATEMENTS, statedEstimates } from "../../src/evidence/statements.ts";
import { clusterVariance } from "../../src/evidence/variance.ts";
import { changedHits, drawnJudgments } from "./judged.ts";

const grouping: Grouping = { count: 3, unit: "field", fewest: 6, reach: "all", notes: [] };
const six = Array.from({ length: 3 }, () => [4, 3, 5, 4, 3, 4]);
const named = (id: string) => STATEMENTS.find((s) => s.id === id)!;

describe("an estimate", () => {
  test("is the estimate plus and minus t times its standard error", () => {
    const of = drawnJudgments(1, six);
    const terms = difference(of, "cell-free", "different");
    const { variances, components: sums } = compute(terms, grouping);
    const found = estimate(terms, grouping, { level: 0.9 });
    const se = Math.sqrt((3 / 2) * clusterVariance(variances));
    expect(found.se).toBeCloseTo(se, 12);
    expect(found.high! - found.estimate).toBeCloseTo(studentQuantile(0.95, variances.df) * se, 12);
    expect(found.estimate - found.low!).toBeCloseTo(found.high! - found.estimate, 12);
    expect(found.p).toBeCloseTo(studentTwoSided(sums.estimate / se, variances.df), 12);
    expect(found).toMatchObject({ cells: 23, clusters: 6, groups: 3, classes: 3, unit: "field", level: 0.9 });
  });

  test("widens what folds share: the whole of it for accuracies, what is left of it for paired settings", () => {
    const of = drawnJudgments(1, six);
    const factor = (id: string, how: Grouping, only?: number) => {
      const { variance, variances } = compute(named(id).terms(of), how, only);
      return variance / clusterVariance(variances);
    };
    for (const id of ["original", "same", "different", "total", "medium", "published-drop"])
      expect(factor(id, grouping)).toBeCloseTo(Math.sqrt(2.5), 12);
    for (const id of ["neighbor", "paste"]) expect(factor(id, grouping)).toBeCloseTo(1.5, 12);
    const many: Grouping = { count: 5, unit: "field", fewest: 10, reach: "all", notes: [] };
    expect(factor("neighbor", many)).toBeCloseTo(Math.SQRT2, 12);
    expect(factor("total", many)).toBeCloseTo(1.5, 12);
    for (const id of ["neighbor", "total"]) expect(factor(id, grouping, 1)).toBeCloseTo(1, 12);
    expect(factor("original", grouping, 1)).toBeCloseTo(1.5, 12);
    const few: Grouping = { count: 3, unit: "field", fewest: 3, reach: "without-same", notes: [] };
    expect(factor("total", few)).toBeCloseTo(2, 12);
  });

  test("an accuracy's interval ends at 0 and 1", () => {
    const of = drawnJudgments(4, six, 0.97);
    const found = estimate([{ of, setting: "original", weight: 1 }], grouping, { level: 0.9999 });
    expect(found.high).toBe(1);
    expect(found.p).toBeNull();
  });
});

describe("no interval, and why", () => {
  const of = drawnJudgments(2, six);
  const refused = (id: string, how: Partial<Grouping>, only?: number) => {
    const found = estimate(named(id).terms(of), { ...grouping, ...how }, only === undefined ? {} : { only });
    expect([found.low, found.high, found.se, found.p]).toEqual(
      found.refused === undefined ? [found.low, found.high, found.se, found.p] : [null, null, null, null],
    );
    expect(found.estimate).not.toBeNaN();
    return found.refused;
  };

  test("one cluster a class", () => {
    const notes = ["one field a class"];
    expect(refused("neighbor", { reach: "none", fewest: 1, count: 0, notes })).toBe(notes[0]);
  });
  test("same below six clusters", () => {
    const few = { reach: "without-same", fewest: 4, count: 4 } as const;
    expect(refused("published-drop", few)).toMatch(/4 fields a class are too few for same/);
    expect(refused("same", few)).toMatch(/own field/);
    expect(refused("neighbor", few)).toBeUndefined();
  });
  test("two clusters: single classes, and what the training field decides", () => {
    const two = { reach: "averages", fewest: 2, count: 2 } as const;
    expect(refused("neighbor", two, 0)).toMatch(/one degree of freedom/);
    expect(refused("neighbor", two)).toBeUndefined();
    expect(refused("total", two)).toMatch(/cannot be bounded/);
  });
  test("fewer than five cells that are judged differently", () => {
    const almost = (wrong: number): Judgments => ({
      ...of,
      blocks: of.blocks.map((b) => ({
        ...b,
        right: changedHits(b, (hits, a) =>
          hits.map((_, i) => (a === 0 && i < wrong && b.setting === "different" ? 0 : 1)),
        ),
      })),
    });
    const found = (wrong: number) => estimate(difference(almost(wrong), "cell-free", "different"), grouping);
    expect(found(4).refused).toMatch(/only 4 cells are judged differently, which does not tell/);
    expect(found(5)).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
    expect(found(5).estimate).toBeCloseTo(5 / 23 / 3, 12);
  });
  test("nothing varies", () => {
    const same: Judgments = {
      ...of,
      blocks: of.blocks.map((b) => ({
        ...b,
        right: changedHits(b, (hits) => hits.map(() => 1)),
      })),
    };
    expect(estimate(difference(same, "cell-free", "different"), grouping)).toMatchObject({
      estimate: 0,
      low: null,
      refused: expect.stringMatching(/no cell is judged differently/),
    });
    expect(estimate([{ of: same, setting: "original", weight: 1 }], grouping)).toMatchObject({
      estimate: 1,
      high: null,
      refused: expect.stringMatching(/no cell is judged differently from the others of the class/),
    });
  });
});

test("every statement whose settings are there is stated, in the order of the ladder", () => {
  const found = statedEstimates(drawnJudgments(1, six), grouping).map((s) => s.statement);
  expect(found).toEqual([
    "original",
    "self",
    "same",
    "cell-free",
    "different",
    "published-drop",
    "paste",
    "medium",
    "paste-and-medium",
    "neighbor",
    "total",
  ]);
});

test("two classes have no foreign background, and no statement about one", () => {
  const found = statedEstimates(drawnJudgments(1, six.slice(1)), grouping).map((s) => s.statement);
  expect(found).toEqual(["original", "self", "same", "paste"]);
});

test("Benjamini and Hochberg's q values, by hand", () => {
  expect(benjaminiHochberg([0.01, null, 0.04, 0.03, 0.5])).toEqual([0.04, null, 0.16 / 3, 0.16 / 3, 0.5]);
  expect(benjaminiHochberg([null])).toEqual([null]);
});

test("classes: each with its own cells and clusters, averages and q values over them", () => {
  const of = drawnJudgments(5, six);
  const classes = classEstimates(named("neighbor"), of, grouping);
  const average = estimate(named("neighbor").terms(of), grouping);
  expect(classes.map((c) => c.class)).toEqual(["class0", "class1", "class2"]);
  expect(classes.reduce((sum, c) => sum + c.estimate / 3, 0)).toBeCloseTo(average.estimate, 12);
  for (const c of classes) expect(c.df).toBe(5);
  expect(classes.map((c) => c.q)).toEqual(benjaminiHochberg(classes.map((c) => c.p)));
});

describe("encoders", () => {
  const contestants = [1, 1, 2, 3].map((seed, i) => ({
    encoder: `e${i}`,
    judgments: drawnJudgments(seed, six),
  }));

  test("pairs in order; an encoder against its copy differs by nothing", () => {
    const found = encoderDifferences(named("original"), contestants, grouping);
    expect(found.map((d) => `${d.first} ${d.second}`)).toEqual([
      "e0 e1",
      "e0 e2",
      "e0 e3",
      "e1 e2",
      "e1 e3",
      "e2 e3",
    ]);
    expect(found[0]).toMatchObject({ low: null, adjusted: null });
    expect(found[0].estimate).toBeCloseTo(0, 12);
    const value = (i: number) =>
      estimate(named("original").terms(contestants[i].judgments), grouping).estimate;
    expect(found[1].estimate).toBeCloseTo(value(0) - value(2), 12);
  });

  test("below twelve clusters Bonferroni over all pairs", () => {
    const found = encoderDifferences(named("original"), contestants, grouping)[1];
    const alone = encoderDifferences(named("original"), [contestants[0], contestants[2]], grouping)[0];
    expect(found.adjustment).toBe("bonferroni");
    expect(alone.adjustment).toBe("none");
    expect(found.adjusted).toBeCloseTo(Math.min(1, 6 * alone.p!), 12);
    expect((found.high! - found.estimate) / found.se!).toBeCloseTo(
      studentQuantile(1 - 0.025 / 6, found.df!),
      10,
    );
  });

  test("from twelve clusters on sign flips: wider than one interval, narrower than Bonferroni's for copies", () => {
    const many = Array.from({ length: 3 }, () => Array.from({ length: 12 }, () => 4));
    const how: Grouping = { count: 5, unit: "field", fewest: 12, reach: "all", notes: [] };
    const [a, b] = [7, 8].map((seed) => drawnJudgments(seed, many));
    const set = [a, b, a, b].map((judgments, i) => ({ encoder: `e${i}`, judgments }));
    const flips = encoderDifferences(named("original"), set, how, { flips: 2000 });
    const pair = encoderDifferences(named("original"), set.slice(0, 2), how)[0];
    const width = (d: { low: number | null; high: number | null }) => d.high! - d.low!;
    expect(flips[0].adjustment).toBe("sign-flips");
    // The other pairs are copies of this one, so that there is nothing to correct for but Student's t itself.
    expect(width(flips[0]) / width(pair)).toBeGreaterThanOrEqual(1);
    expect(width(flips[0]) / width(pair)).toBeLessThan(1.1);
    const others = [a, b, drawnJudgments(9, many), drawnJudgments(10, many)].map((judgments, i) => ({
      encoder: `e${i}`,
      judgments,
    }));
    const independent = encoderDifferences(named("original"), others, how, { flips: 2000 })[0];
    expect(width(independent) / width(pair)).toBeGreaterThan(1.15);
  });

  test("chosen pairs hold at once by themselves; one class alone is an estimate of its terms", () => {
    const judged = contestants.map((c) => c.judgments);
    const neighbor = named("neighbor");
    const chosen = encoderDifferences(neighbor, contestants, grouping, { pairs: [[3, 0]] })[0];
    const terms = [
      ...neighbor.terms(judged[3]),
      ...neighbor.terms(judged[0]).map((t) => ({ ...t, weight: -t.weight })),
    ];
    expect(chosen).toMatchObject({ first: "e3", second: "e0", ...estimate(terms, grouping) });
    for (const only of [0, 2]) {
      const [alone] = encoderDifferences(neighbor, contestants, grouping, { pairs: [[3, 0]], only });
      expect(alone).toMatchObject({ adjustment: "none", ...estimate(terms, grouping, { only }) });
    }
    const two = encoderDifferences(neighbor, contestants, grouping, {
      pairs: [
        [0, 2],
        [3, 0],
      ],
    });
    expect(two[1].adjusted).toBeCloseTo(Math.min(1, 2 * chosen.p!), 12);
  });

  test("judgments of other cells are refused", () => {
    const other = { encoder: "other", judgments: drawnJudgments(1) };
    expect(() => encoderDifferences(named("original"), [contestants[0], other], grouping)).toThrow(
      /e0 and other judged other cells/,
    );
  });
});
