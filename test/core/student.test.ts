import { expect, test } from "vitest";
import { studentQuantile, studentTwoSided } from "../../src/core/student.ts";

/** scipy 1.14.1, `scipy.stats.t.ppf(p, df)`. */
const QUANTILES = [
  [0.975, 1, 12.706204736432095],
  [0.975, 2, 4.302652729696142],
  [0.975, 2.5, 3.5746548420118773],
  [0.975, 5, 2.570581835636314],
  [0.975, 14, 2.1447866879169273],
  [0.975, 57.3, 2.002238268231336],
  [0.975, 1000, 1.9623390808264074],
  [0.995, 3, 5.840909309733352],
  [0.9, 4, 1.5332062740589432],
  [0.9995, 6.25, 5.796883792428803],
  [0.975, 1e7, 1.959964221767205],
  [0.99999, 2.2, 145.5140526541663],
];

/** scipy 1.14.1, `scipy.stats.t.cdf(t, df)`. */
const PROBABILITIES = [
  [2, 3, 0.9303370157205785],
  [-1.5, 7.5, 0.08724028529323215],
  [0, 4, 0.5],
  [12, 2, 0.9965635331614208],
  [4.5, 40, 0.9999713276671124],
  [1e-3, 5, 0.5003796066139011],
];

test.each(QUANTILES)("quantile %d of t with %d degrees of freedom is scipy's", (p, df, expected) => {
  expect(Math.abs(studentQuantile(p, df) / expected - 1)).toBeLessThan(1e-10);
  expect(studentQuantile(1 - p, df)).toBeCloseTo(-studentQuantile(p, df), 6);
});

test.each(PROBABILITIES)("both tails beyond %d with %d degrees of freedom are scipy's", (t, df, expected) => {
  expect(studentTwoSided(t, df)).toBeCloseTo(2 * Math.min(expected, 1 - expected), 12);
});

test("what is no probability is refused", () => {
  expect(() => studentQuantile(1, 3)).toThrow(RangeError);
  expect(() => studentQuantile(0.5, 0)).toThrow(/0 degrees/);
});
