import { expect, test } from "vitest";
import { deal } from "../../src/core/deal.ts";
import { mulberry32 } from "../../src/core/rng.ts";

test("units stay in their order, all of them, and parts differ by less than the largest unit", () => {
  const random = mulberry32(5);
  for (let round = 0; round < 300; round++) {
    const weights = Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 9));
    const parts = 1 + Math.floor(random() * 12);
    const bounds = [...deal(weights, parts)];
    expect(bounds).toHaveLength(parts + 1);
    expect(bounds[0]).toBe(0);
    expect(bounds[parts]).toBe(weights.length);
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    const total = weights.reduce((a, b) => a + b, 0);
    const largest = Math.max(0, ...weights);
    for (let part = 0; part < parts; part++) {
      const own = weights.slice(bounds[part], bounds[part + 1]).reduce((a, b) => a + b, 0);
      expect(Math.abs(own - total / parts)).toBeLessThanOrEqual(largest);
    }
  }
});

test("more parts than units leave parts empty", () => {
  expect([...deal([1, 1], 5)]).toEqual([0, 0, 1, 1, 2, 2]);
  expect([...deal([], 2)]).toEqual([0, 0, 0]);
});
