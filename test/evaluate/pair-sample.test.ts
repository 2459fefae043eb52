import { describe, expect, test } from "vitest";
import { mulberry32, shuffle } from "../../src/core/rng.ts";
import { allPairs, chosenPairs, pairCount } from "../../src/evaluate/pair-sample.ts";

const named = (count: number) => Array.from({ length: count }, (_, i) => `protein ${i}`);
const sizes = [4, 5, 6, 7, 8, 9, 20, 21, 1500];

describe("a sample of pairs", () => {
  test("is balanced: every class in as many pairs, N or, where none is balanced, one more", () => {
    for (const count of sizes)
      for (const sample of [2, 3, 4, 7, 20]) {
        const pairs = chosenPairs(named(count), { sample }, 1);
        const of = new Int32Array(count);
        for (const [a, b] of pairs) {
          expect(a).toBeLessThan(b);
          of[a]++;
          of[b]++;
        }
        const wanted = Math.min(count - 1, sample % 2 === 1 && count % 2 === 1 ? sample + 1 : sample);
        expect(new Set(of), `${sample} of ${count}`).toEqual(new Set([wanted]));
        expect(new Set(pairs.map(String)).size).toBe(pairs.length);
        expect(pairCount(count, { sample })).toBe(pairs.length);
      }
  });
  test("is all pairs where that is all, and nothing for none", () => {
    expect(chosenPairs(named(5), { sample: 9 }, 1)).toEqual(allPairs(5));
    expect(chosenPairs(named(5), "all", 1)).toEqual(allPairs(5));
    expect(chosenPairs(named(5), "none", 1)).toEqual([]);
    expect([pairCount(5, "all"), pairCount(5, "none")]).toEqual([10, 0]);
  });
  test("does not depend on the order of the classes, but on the seed", () => {
    const names = named(31);
    const byName = (list: readonly string[], seed: number) =>
      chosenPairs(list, { sample: 6 }, seed)
        .map(([a, b]) => [list[a], list[b]].sort().join("+"))
        .sort();
    const other = shuffle([...names], mulberry32(5));
    expect(byName(other, 1)).toEqual(byName(names, 1));
    expect(byName(names, 2)).not.toEqual(byName(names, 1));
  });
  test("keeps nearly all pairs where a class is added", () => {
    const names = named(101);
    const before = new Set(chosenPairs(names.slice(0, 100), { sample: 6 }, 1).map(String));
    const after = chosenPairs(names, { sample: 6 }, 1).filter((p) => before.has(String(p)));
    expect(after.length).toBeGreaterThanOrEqual(before.size - 6);
  });
  test("takes every pair equally often over the seeds", () => {
    const drawn = new Float64Array(36);
    const seeds = 4000;
    const order = new Map(allPairs(9).map((p, i) => [String(p), i]));
    for (let seed = 0; seed < seeds; seed++)
      for (const pair of chosenPairs(named(9), { sample: 4 }, seed)) drawn[order.get(String(pair))!]++;
    // Chi square with 35 degrees of freedom is above 70 once in 2,500.
    const expected = seeds / 2;
    const square = drawn.reduce((sum, n) => sum + (n - expected) ** 2 / (expected / 2), 0);
    expect(square).toBeLessThan(70);
  });
});
