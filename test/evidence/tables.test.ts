import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AGGREGATIONS,
  type Aggregation,
  classMeans,
  classNames,
  resultTable,
  threeStandardErrors,
} from "../../src/evidence/tables.ts";
import type { Setting } from "../../src/settings.ts";
import { readPublishedResults } from "../../src/study/published-csv.ts";
import type { PairScore } from "../../src/types.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/report");
interface Summary {
  mean: number;
  error: number;
  classes: Record<string, number>;
}
type Expected = Record<
  string,
  Record<Aggregation, { settings: Record<string, Summary>; drops: Record<string, Summary> }>
>;
const expected = JSON.parse(readFileSync(resolve(fixtures, "drawn.json"), "utf8")) as Expected;

function score(
  setting: Setting,
  class1: string,
  class2: string,
  accuracy: number,
  background?: string,
): PairScore {
  const rest = { sd: 0, folds: [], gap: null, cells: null };
  return { encoder: "e", setting, background: background ?? null, class1, class2, accuracy, ...rest };
}

describe.each(AGGREGATIONS)("%s aggregation equals pandas", (aggregation) => {
  const { encoders } = resultTable(readPublishedResults(resolve(fixtures, "drawn")), aggregation);

  test("encoders and their settings", () => {
    expect(encoders.map((e) => e.encoder)).toEqual(["alpha", "beta"]);
    expect(encoders[0].settings.map((s) => s.setting)).toEqual([
      "original",
      "same",
      "cell-free",
      "different",
      "masked",
    ]);
    expect(encoders[1].settings.map((s) => s.setting)).toEqual(["original", "different"]);
    expect(encoders[1].drops.map((d) => d.effect)).toEqual(["total"]);
  });

  test.each(["alpha", "beta"])("means, errors and classes of %s", (name) => {
    const own = encoders.find((e) => e.encoder === name)!;
    const oracle = expected[name][aggregation];
    expect(Object.keys(oracle.settings).sort()).toEqual(own.settings.map((s) => s.setting).sort());
    for (const s of own.settings) {
      expect(s.mean).toBeCloseTo(oracle.settings[s.setting].mean, 12);
      expect(s.error).toBeCloseTo(oracle.settings[s.setting].error, 12);
      const classes = Object.fromEntries(s.classes.map((c) => [c.class, c.accuracy]));
      expect(Object.keys(classes).sort()).toEqual(Object.keys(oracle.settings[s.setting].classes).sort());
      for (const [c, value] of Object.entries(oracle.settings[s.setting].classes))
        expect(classes[c]).toBeCloseTo(value, 12);
    }
    for (const [key, drop] of Object.entries(oracle.drops)) {
      const found = own.drops.find((d) => `${d.from} - ${d.to}` === key)!;
      expect(found.mean).toBeCloseTo(drop.mean, 12);
      expect(found.error).toBeCloseTo(drop.error, 12);
      for (const c of found.classes) expect(c.drop).toBeCloseTo(drop.classes[c.class], 12);
    }
  });
});

test("a case by hand: three classes", () => {
  const rows = [
    score("different", "a", "b", 0.9, "a"),
    score("different", "a", "b", 0.6, "c"),
    score("different", "a", "c", 0.7, "b"),
    score("different", "b", "c", 0.8, "a"),
    score("different", "b", "c", 0.2, "c"),
  ];
  const means = classMeans(rows, "different", "even");
  expect(means.map((m) => [m.class, m.rows])).toEqual([
    ["a", 2],
    ["b", 2],
    ["c", 2],
  ]);
  expect(means.map((m) => m.accuracy)).toEqual([(0.6 + 0.7) / 2, (0.6 + 0.8) / 2, 0.75]);
});

test("published keeps the first remaining row of a pair in file order", () => {
  const rows = ["b", "d", "c"].map((bg, i) => score("cell-free", "a", "b", 0.5 + 0.1 * i, bg));
  expect(classMeans(rows, "cell-free", "published")).toEqual([
    { class: "a", accuracy: 0.6, rows: 1 },
    { class: "b", accuracy: 0.6, rows: 1 },
  ]);
});

test("published groups original, self, masked and background-only by the first class", () => {
  for (const setting of ["original", "self", "masked", "background-only"] as const)
    expect(
      classMeans([score(setting, "a", "b", 0.6), score(setting, "a", "c", 0.8)], setting, "published"),
    ).toEqual([{ class: "a", accuracy: 0.7, rows: 2 }]);
});

test("two classes: no error is claimed, and a setting without a third background is a gap with a note", () => {
  const scores = [
    score("original", "a", "b", 0.9),
    score("masked", "a", "b", 0.8),
    score("different", "a", "b", 0.7, "a"),
    score("different", "a", "b", 0.7, "b"),
  ];
  const [e] = resultTable(scores, "even").encoders;
  expect(e.settings.map((s) => [s.setting, s.mean, s.error])).toEqual([
    ["original", 0.9, null],
    ["masked", 0.8, null],
  ]);
  expect(e.drops.map((d) => [d.effect, d.error])).toEqual([["context", null]]);
  expect(e.notes).toHaveLength(1);
  expect(e.notes[0]).toMatch(/^different: .*at least three classes/);
});

test("nothing in, nothing out", () => {
  expect(resultTable([], "even")).toEqual({ aggregation: "even", encoders: [] });
  expect(threeStandardErrors([0.5])).toBeNull();
  expect(classNames([score("same", "b", "a", 1)])).toEqual(["b", "a"]);
});

test("even does not depend on the order of rows, and its drops are differences of its means", () => {
  const drawn = readPublishedResults(resolve(fixtures, "drawn/alpha"));
  const table = resultTable(drawn, "even").encoders[0];
  const at = new Map(table.settings.map((s) => [s.setting, s.mean]));
  for (const d of table.drops) expect(d.mean).toBeCloseTo(at.get(d.from)! - at.get(d.to)!, 12);
  fc.assert(
    fc.property(fc.shuffledSubarray(drawn, { minLength: drawn.length }), (shuffled) => {
      for (const s of resultTable(shuffled, "even").encoders[0].settings)
        expect(s.mean).toBeCloseTo(at.get(s.setting)!, 12);
    }),
    { numRuns: 20, seed: 5 },
  );
});
