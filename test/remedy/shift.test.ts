import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { lengthOf, meanShift } from "../../src/remedy/shift.ts";

const random = mulberry32(4);
const draw = (draws: number, dimension: number, mean: number, spread: number) =>
  Float64Array.from({ length: draws * dimension }, () => mean + spread * normal(random));

/** Mean of the products of all ordered pairs of different draws. */
function naive(x: Float64Array, draws: readonly number[], dimension: number): number {
  let sum = 0;
  for (const d of draws)
    for (const e of draws)
      if (d !== e) for (let j = 0; j < dimension; j++) sum += x[d * dimension + j] * x[e * dimension + j];
  return sum / (draws.length * (draws.length - 1));
}

test("the squared length is the mean of the products of different draws; its error leaves each draw out", () => {
  for (const [draws, dimension] of [
    [2, 1],
    [3, 5],
    [4, 64],
    [8, 7],
  ]) {
    const x = draw(draws, dimension, 0.5, 2);
    const all = Array.from({ length: draws }, (_, d) => d);
    const { square, error } = meanShift(x, draws, dimension);
    expect(square).toBeCloseTo(naive(x, all, dimension), 9);
    if (draws < 3) expect(error).toBeNaN();
    else {
      const without = all.map((d) =>
        naive(
          x,
          all.filter((e) => e !== d),
          dimension,
        ),
      );
      const mean = without.reduce((a, b) => a + b) / draws;
      const square = without.reduce((a, b) => a + (b - mean) ** 2, 0);
      expect(error).toBeCloseTo(Math.sqrt(((draws - 1) / draws) * square), 9);
    }
  }
  expect(meanShift(draw(1, 3, 1, 1), 1, 3).square).toBeNaN();
});

test("the square is without bias where the mean of the draws is not, and its error is of the right size", () => {
  const [draws, dimension, repeats] = [4, 20, 4000];
  const found = Array.from({ length: repeats }, () =>
    meanShift(draw(draws, dimension, 0.3, 1), draws, dimension),
  );
  const mean = (of: (f: (typeof found)[number]) => number) => found.reduce((a, f) => a + of(f), 0) / repeats;
  const truth = dimension * 0.3 ** 2;
  const center = mean((f) => f.square);
  const sd = Math.sqrt(mean((f) => (f.square - center) ** 2));
  expect(Math.abs(center - truth)).toBeLessThan((4 * sd) / Math.sqrt(repeats));
  // The squared length of the mean would be too large by dimension / draws.
  expect(dimension / draws).toBeGreaterThan((40 * sd) / Math.sqrt(repeats));
  const root = Math.sqrt(mean((f) => f.error ** 2));
  expect(root / sd).toBeGreaterThan(1);
  expect(root / sd).toBeLessThan(2);
});

test("a length is 0 where its square is negative, and its error stays finite", () => {
  expect(lengthOf({ square: 4, error: 0.04 }).length).toBe(2);
  expect(lengthOf({ square: 4, error: 0.04 }).error).toBeCloseTo(0.04 / (2 * 2), 4);
  expect(lengthOf({ square: -1, error: 0.09 })).toEqual({ length: 0, error: 0.3 });
  expect(lengthOf({ square: 0, error: 0 })).toEqual({ length: 0, error: 0 });
});
