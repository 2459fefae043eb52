import { expect, test } from "vitest";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { FieldBootstrap } from "../../src/evidence/intervals.ts";

interface Row {
  setting: string;
  first: number;
  second: number;
  background: number | null;
  correct: Uint8Array;
}

function drawn(seed: number) {
  const random = mulberry32(seed);
  const fields = [14, 20, 14].map((n) => Array.from({ length: n }, () => `f${Math.floor(random() * 5)}`));
  const rows: Row[] = [];
  for (const [setting, backgrounds, rate] of [
    ["original", [null], 0.9],
    ["different", [0, 1, 2], 0.7],
  ] as const)
    for (let i = 0; i < 3; i++)
      for (let j = i + 1; j < 3; j++)
        for (const background of backgrounds)
          rows.push({
            setting,
            first: i,
            second: j,
            background,
            correct: Uint8Array.from({ length: fields[i].length + fields[j].length }, () =>
              random() < rate ? 1 : 0,
            ),
          });
  return { fields, rows };
}

/** Draws cells field by field and averages row by row, as the words of the docstring say. */
function naive(fields: string[][], rows: Row[], setting: string, drawnRows: number[][]): number {
  const perClass = fields.map((_, c) => {
    const accuracies = rows
      .filter((r) => r.setting === setting && (r.first === c || r.second === c))
      .filter((r) => r.background !== r.first && r.background !== r.second)
      .map((r) => {
        const share = (hits: number[]) => hits.reduce((a, b) => a + b, 0) / hits.length;
        const first = drawnRows[r.first].map((i) => r.correct[i]);
        const second = drawnRows[r.second].map((i) => r.correct[fields[r.first].length + i]);
        return fields[r.first].length === fields[r.second].length
          ? share([...first, ...second])
          : (share(first) + share(second)) / 2;
      });
    return accuracies.reduce((a, b) => a + b, 0) / accuracies.length;
  });
  return perClass.reduce((a, b) => a + b, 0) / perClass.length;
}

test("values and intervals are those of the naive bootstrap on the same draws", () => {
  const { fields, rows } = drawn(1);
  const bootstrap = new FieldBootstrap(fields);
  for (const r of rows) bootstrap.add(r.setting, r.first, r.second, r.background, r.correct);
  const result = bootstrap.intervals([["original", "different"]], { resamples: 101, level: 0.9, seed: 4 });
  const random = mulberry32(namedSeed(4, "bootstrap"));
  const own = fields.map((names) => names.map((_, i) => i));
  const draws = Array.from({ length: 101 }, () => {
    const picked = fields.map((names) => {
      const distinct = [...new Set(names)];
      return distinct
        .map(() => distinct[Math.floor(random() * distinct.length)])
        .flatMap((f) => names.flatMap((n, i) => (n === f ? [i] : [])));
    });
    return ["original", "different"].map((s) => naive(fields, rows, s, picked));
  });
  const check = (found: { value: number; low: number; high: number }, value: number, all: number[]) => {
    const sorted = all.sort((a, b) => a - b);
    expect(found.value).toBeCloseTo(value, 12);
    expect(found.low).toBeCloseTo(sorted[5], 12);
    expect(found.high).toBeCloseTo(sorted[95], 12);
  };
  const values = ["original", "different"].map((s) => naive(fields, rows, s, own));
  for (const [k, found] of result.settings.entries())
    check(
      found,
      values[k],
      draws.map((d) => d[k]),
    );
  check(
    result.differences[0],
    values[0] - values[1],
    draws.map((d) => d[0] - d[1]),
  );
});

test("paired: a setting against itself differs by nothing; the same seed gives the same bytes", () => {
  const { fields, rows } = drawn(2);
  const bootstrap = new FieldBootstrap(fields);
  for (const r of rows) bootstrap.add(r.setting, r.first, r.second, r.background, r.correct);
  const { differences } = bootstrap.intervals([["different", "different"]], { resamples: 50 });
  expect(differences[0]).toMatchObject({ value: 0, low: 0, high: 0 });
  const once = bootstrap.intervals([], { seed: 3, resamples: 40 });
  expect(bootstrap.intervals([], { seed: 3, resamples: 40 })).toEqual(once);
  expect(bootstrap.intervals([], { seed: 4, resamples: 40 })).not.toEqual(once);
  expect(once.settings.every((s) => s.low <= s.value && s.value <= s.high)).toBe(true);
  expect(once.settings.every((s) => s.low < s.high)).toBe(true);
});

test("cells of one field move together: fewer fields, wider interval", () => {
  const random = mulberry32(8);
  const n = 200;
  const quality = Array.from({ length: 10 }, (_, f) => (f % 2 === 0 ? 0.98 : 0.3));
  const correct = Uint8Array.from({ length: 2 * n }, (_, i) => (random() < quality[i % 10] ? 1 : 0));
  const width = (name: (i: number) => number) => {
    const fields = Array.from({ length: n }, (_, i) => name(i));
    const bootstrap = new FieldBootstrap([fields, fields]);
    bootstrap.add("original", 0, 1, null, correct);
    const { low, high } = bootstrap.intervals([], { resamples: 400 }).settings[0];
    return high - low;
  };
  expect(width((i) => i % 10)).toBeGreaterThan(1.5 * width((i) => i));
  expect(width(() => 0)).toBe(0);
});

test("predictions of another number of rows and unknown settings are refused", () => {
  const bootstrap = new FieldBootstrap([[1, 2], [3]]);
  expect(() => bootstrap.add("original", 0, 1, null, new Uint8Array(4))).toThrow(
    /4 predictions for the 3 rows/,
  );
  expect(() => bootstrap.intervals([["original", "same"]])).toThrow(/original/);
});
