import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { aboveChance, type PairHits } from "../../src/evidence/above-chance.ts";

/** Classes of so many cells in so many fields, and hits drawn by `rate` of the class and partner. */
function drawn(
  sizes: readonly number[],
  fields: number,
  rate: (c: number, partner: number, field: number) => number,
  seed = 1,
) {
  const random = mulberry32(seed);
  const clusters = sizes.map((n, c) => Array.from({ length: n }, (_, i) => `${c}-${i % fields}`));
  const pairs: PairHits[] = [];
  sizes.forEach((_, first) => {
    for (let second = first + 1; second < sizes.length; second++)
      pairs.push({
        first,
        second,
        correct: Uint8Array.from(
          [first, second].flatMap((c) =>
            clusters[c].map((__, i) =>
              random() < rate(c, c === first ? second : first, i % fields) ? 1 : 0,
            ),
          ),
        ),
      });
  });
  return aboveChance(pairs, clusters);
}

describe("at chance", () => {
  test.each([
    [[20, 20], 3],
    [[60, 10, 10], 5],
    [[20, 20, 20, 20], 1],
  ])("a constant answer, sizes %j, %i fields", (sizes, fields) => {
    const { accuracy, error, clear } = drawn(sizes, fields, (c, partner) => (c < partner ? 0 : 1));
    expect(accuracy).toBeCloseTo(0.5, 12);
    expect(error).toBeCloseTo(0, 12);
    expect(clear).toBe(false);
  });
  test("guesses are rarely taken for sight", () => {
    for (const [sizes, fields] of [
      [[20, 20], 3],
      [[30, 30, 30, 30], 4],
      [[24, 24], 1],
    ] as const) {
      let clear = 0;
      for (let seed = 1; seed <= 300; seed++) if (drawn(sizes, fields, () => 0.5, seed).clear) clear++;
      expect(clear, `${sizes} ${fields}`).toBeLessThanOrEqual(12);
    }
  });
});

describe("above chance", () => {
  test("all right", () => {
    expect(drawn([12, 12], 2, () => 1)).toEqual({ accuracy: 1, error: 0, clear: true });
  });
  test("mostly right, with fields that differ, and classes of unequal size", () => {
    for (let seed = 1; seed <= 50; seed++)
      expect(drawn([60, 20, 20], 4, (_, __, f) => 0.8 + 0.05 * f, seed).clear).toBe(true);
  });
});

test("one field that is seen through among many that are not is not enough", () => {
  const { accuracy, clear } = drawn([40, 40], 4, (_, __, f) => (f === 0 ? 1 : 0.45));
  expect(accuracy).toBeGreaterThan(0.52);
  expect(clear).toBe(false);
});

test("the error is that of the sums over fields", () => {
  // Two classes of two fields with two cells each; field means 1 and 0.5, and 0.5 and 0.5.
  const correct = Uint8Array.of(1, 1, 1, 0, 1, 1, 0, 0);
  const clusters = [
    ["a", "a", "b", "b"],
    ["c", "d", "c", "d"],
  ];
  const { accuracy, error } = aboveChance([{ first: 0, second: 1, correct }], clusters);
  expect(accuracy).toBe((0.75 + 0.5) / 2);
  // Residuals 0.25 x 2 and -0.25 x 2, each over 4 cells and 2 classes; F / (F - 1) = 2.
  expect(error).toBeCloseTo(Math.sqrt(2 * 2 * (0.5 / 8) ** 2), 12);
});
