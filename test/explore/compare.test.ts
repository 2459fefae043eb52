import { expect, test } from "vitest";
import {
  COMPARISON_VERSION,
  type ComparedPair,
  comparisonSchema,
  formatSide,
  matchRows,
  othersOf,
  pairOf,
  parseSide,
} from "../../src/explore/compare.ts";

const sides = [
  { study: 0, encoder: "a" },
  { study: 0, encoder: "b/c" },
  { study: 1, encoder: "a" },
];

const pair = (i: number, j: number, low: number | null): ComparedPair => ({
  first: sides[i],
  second: sides[j],
  refused: null,
  zone: 0.02,
  atOnce: 3,
  leftOut: [],
  numbers: [
    {
      statement: "neighbor",
      kind: "effect",
      class: null,
      first: 0.5,
      second: 0.25,
      estimate: 0.25,
      low,
      high: low === null ? null : 0.4,
      level: 0.95,
      p: 0.01,
      q: null,
      cells: 20,
      clusters: 6,
      unit: "field",
      groups: 3,
      classes: 3,
      method: "t",
      refused: null,
    },
  ],
  flips: [{ setting: "different", class: null, of: "cells", both: 1, first: 2, second: 3, neither: 4 }],
});
const comparison = comparisonSchema.parse({
  version: COMPARISON_VERSION,
  pairs: [pair(0, 1, 0.1), pair(0, 2, null), pair(1, 2, 0)],
});

test("sides stand in an address and come back", () => {
  for (const side of sides) expect(parseSide(formatSide(side))).toEqual(side);
  for (const text of [null, "", "a", "1/", "-1/a", "99999/a"]) expect(parseSide(text)).toBeNull();
});

test("a pair is found from both sides, and turned around", () => {
  expect(othersOf(comparison, sides[1])).toEqual([sides[0], sides[2]]);
  expect(pairOf(comparison, sides[0], sides[1])).toBe(comparison.pairs[0]);
  const turned = pairOf(comparison, sides[1], sides[0])!;
  expect([turned.first, turned.second]).toEqual([sides[1], sides[0]]);
  expect(turned.numbers[0]).toMatchObject({
    first: 0.25,
    second: 0.5,
    estimate: -0.25,
    low: -0.4,
    high: -0.1,
  });
  expect(turned.flips[0]).toMatchObject({ both: 1, first: 3, second: 2, neither: 4 });
  expect(pairOf(comparison, sides[2], sides[0])!.numbers[0]).toMatchObject({ low: null, high: null });
  expect(pairOf(comparison, sides[0], { study: 4, encoder: "a" })).toBeNull();
});

test("composites of two studies are matched by cell, setting and background", () => {
  const by = (rows: readonly (readonly [cell: number, setting: number, background: number])[]) => {
    const order = [...rows.keys()].sort((a, b) => rows[a][0] - rows[b][0]);
    const starts = [0, 1, 2, 3].map((cell) => rows.filter(([c]) => c < cell).length);
    const [cell, setting, background] = [0, 1, 2].map((k) => rows.map((row) => row[k]));
    return { cell, setting, background, rowsOf: order, starts };
  };
  const one = by([
    [0, 0, -1],
    [1, 0, -1],
    [0, 4, 1],
    [0, 4, 2],
    [1, 4, 2],
    [2, 4, 2],
  ]);
  const two = by([
    [1, 4, 2],
    [0, 0, -1],
    [0, 4, 2],
    [2, 4, 1],
  ]);
  expect([...matchRows(Int32Array.of(0, 1, 2, 3, 4, 5), one, two)]).toEqual([1, -1, -1, 2, 0, -1]);
  const all = Int32Array.of(3, 1);
  expect(matchRows(all, one, one)).toBe(all);
});
