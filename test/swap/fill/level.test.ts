import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import { Level } from "../../../src/swap/fill/level.ts";

const shape = fc.record({
  seed: fc.nat(),
  height: fc.integer({ min: 3, max: 21 }),
  width: fc.integer({ min: 3, max: 21 }),
  side: fc.constantFrom(1, 2, 4),
});

const listOf = (pixels: number[]) => ({ pixels: Int32Array.from(pixels), size: pixels.length });

/** Level at every pixel from the definition: tile sums, a Gaussian over all tiles within reach, interpolation. */
function naive(values: Map<number, number>, height: number, width: number, side: number, sigma: number) {
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
  const reach = Math.ceil((3 * sigma) / side);
  const g = (d: number) => Math.exp((-d * d * side * side) / (2 * sigma * sigma));
  const level = (r: number, c: number) => {
    let [weight, sum] = [1, 0];
    for (const [p, v] of values) {
      const dr = Math.floor(Math.floor(p / width) / side) - r;
      const dc = Math.floor((p % width) / side) - c;
      if (Math.abs(dr) > reach || Math.abs(dc) > reach) continue;
      weight += g(dr) * g(dc);
      sum += g(dr) * g(dc) * v;
    }
    return sum / weight;
  };
  return Array.from({ length: height * width }, (_, p) => {
    const y = Math.min(Math.max((Math.floor(p / width) + 0.5) / side - 0.5, 0), rows - 1);
    const x = Math.min(Math.max(((p % width) + 0.5) / side - 0.5, 0), columns - 1);
    const [r, c] = [Math.floor(y), Math.floor(x)];
    const [below, right] = [Math.min(r + 1, rows - 1), Math.min(c + 1, columns - 1)];
    const upper = level(r, c) * (1 - (x - c)) + level(r, right) * (x - c);
    return (
      upper * (1 - (y - r)) + (level(below, c) * (1 - (x - c)) + level(below, right) * (x - c)) * (y - r)
    );
  });
}

test("a level equals its definition, everywhere and where it is asked for", () => {
  fc.assert(
    fc.property(shape, ({ seed, height, width, side }) => {
      const random = mulberry32(seed);
      const all = Array.from({ length: height * width }, (_, p) => p);
      const chosen = all.filter(() => random() < 0.4);
      const asked = all.filter(() => random() < 0.1);
      const values = new Map(chosen.map((p) => [p, random() - 0.5]));
      const level = new Level(height, width, { sigma: 2.5, side });
      const expected = naive(values, height, width, side, 2.5);
      level.weigh(listOf(chosen));
      level.measure(Float64Array.from(values.values()));
      const out = new Float32Array(height * width);
      level.spread(3, out);
      for (const p of all) expect(out[p]).toBeCloseTo(3 + expected[p], 5);
      level.weigh(listOf(chosen), listOf(asked));
      level.measure(Float64Array.from(values.values()));
      const found = new Float64Array(asked.length);
      level.readAt(listOf(asked), found);
      asked.forEach((p, n) => expect(found[n]).toBeCloseTo(expected[p], 5));
    }),
    { numRuns: 60 },
  );
});
