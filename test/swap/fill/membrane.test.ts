import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import { Membrane } from "../../../src/swap/fill/membrane.ts";

test("membranes equal plain sweeps, each channel by itself", () => {
  const shape = fc.record({
    seed: fc.nat(),
    height: fc.integer({ min: 1, max: 12 }),
    width: fc.integer({ min: 1, max: 12 }),
    channels: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(shape, ({ seed, height, width, channels }) => {
      const random = mulberry32(seed);
      const pixels = height * width;
      const inside = Int32Array.from(Array(pixels).keys()).filter(() => random() < 0.6);
      const membrane = new Membrane(channels, height, width, { decay: 2 });
      for (let before = 0; before < 2; before++) membrane.stretch({ pixels: inside, size: inside.length });
      const chosen = new Set(inside);
      const u = Array.from({ length: channels }, () => new Float64Array(pixels));
      u.forEach((channel, c) => {
        for (let p = 0; p < pixels; p++) if (!chosen.has(p)) membrane.set(c, p, (channel[p] = random()));
      });
      membrane.relax();
      // The same sweeps of over-relaxation, forth and back, in plain words.
      for (const channel of u)
        for (let sweep = 0; sweep < 10; sweep++)
          for (const p of sweep % 2 === 0 ? inside : inside.toReversed()) {
            const near = [
              ...(p % width > 0 ? [p - 1] : []),
              ...(p % width < width - 1 ? [p + 1] : []),
              ...(p >= width ? [p - width] : []),
              ...(p + width < pixels ? [p + width] : []),
            ];
            const wanted = near.reduce((sum, q) => sum + channel[q], 0) / (near.length + 1 / 4);
            channel[p] += 1.4 * (wanted - channel[p]);
          }
      for (let c = 0; c < channels; c++)
        for (let p = 0; p < pixels; p++) expect(membrane.get(c, p)).toBeCloseTo(u[c][p], 12);
    }),
    { numRuns: 60 },
  );
});

test("membranes of any decay length are solved to 1 % of the largest given value, long ones to 2 %", () => {
  const size = 96;
  const inside = Int32Array.from(Array(size * size).keys()).filter((p) => p % size > 0);
  for (const [decay, tolerance] of [
    [0.3, 0.01],
    [1, 0.01],
    [1.875, 0.01],
    [2, 0.01],
    [4, 0.01],
    [8, 0.01],
    [16, 0.02],
  ]) {
    const membrane = new Membrane(1, size, size, { decay });
    membrane.stretch({ pixels: inside, size: inside.length });
    for (let y = 0; y < size; y++) membrane.set(0, y * size, 1);
    membrane.relax();
    // The same in every row: u(x - 1) + u(x + 1) - 2 u(x) = u(x) / decay^2, free at the far end, so u is a cosh.
    const rate = Math.acosh(1 + 1 / (2 * decay * decay));
    const cosh = (x: number) => Math.cosh(rate * (size - 0.5 - x)) / Math.cosh(rate * (size - 0.5));
    let error = 0;
    for (let p = 0; p < size * size; p++)
      error = Math.max(error, Math.abs(membrane.get(0, p) - cosh(p % size)));
    expect(error, `decay ${decay}`).toBeLessThan(tolerance);
  }
});
