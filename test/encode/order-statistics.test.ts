import fc from "fast-check";
import { expect, test } from "vitest";
import { quantileSorted } from "../../src/core/statistics.ts";
import { quantilesOf } from "../../src/encode/order-statistics.ts";

const values = fc.oneof(
  fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 400 }),
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 400 }),
);

test("order statistics equal sorting, for tails, middles and ties", () => {
  fc.assert(
    fc.property(values, fc.double({ noNaN: true, min: 0, max: 1 }), (list, q) => {
      const data = Float64Array.from(list, (v) => v + 0);
      const sorted = data.slice().sort();
      const found = quantilesOf(data, q, 1 - q);
      expect(found).toEqual([quantileSorted(sorted, q), quantileSorted(sorted, 1 - q)]);
      expect([...data]).toEqual(list.map((v) => v + 0));
    }),
    { numRuns: 500 },
  );
});

test("order statistics of ramps, constants and a single value", () => {
  const ramp = Float64Array.from({ length: 4096 }, (_, i) => i);
  expect(quantilesOf(ramp, 0.001, 0.999)).toEqual([0.001 * 4095, 4090 + (0.999 * 4095 - 4090)]);
  expect(quantilesOf(ramp.reverse(), 0.25, 0.75)).toEqual([0.25 * 4095, 0.75 * 4095]);
  expect(quantilesOf(new Float64Array(4096).fill(7), 0.3, 0.5)).toEqual([7, 7]);
  expect(quantilesOf(Float64Array.of(3), 0, 1)).toEqual([3, 3]);
});
