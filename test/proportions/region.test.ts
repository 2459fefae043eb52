import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { softmax } from "../../src/evaluate/logistic/softmax.ts";
import { type RegionRequest, shareRegion } from "../../src/proportions/region.ts";

/** Three classes of four proteins with two fields of ten cells each, and a protein of 40 cells, three quarters of class 0. */
function drawn(signal: number, perClass = 4): RegionRequest {
  const random = mulberry32(21);
  const row = (label: number) => {
    const p = Float64Array.from({ length: 3 }, (_, k) => normal(random) + (k === label ? signal : 0));
    softmax(p, 0, 3);
    return p;
  };
  const [labels, protein, field, posteriors]: number[][] = [[], [], [], []];
  for (let i = 0; i < 3 * perClass * 20; i++) {
    labels.push(Math.floor(i / (20 * perClass)));
    protein.push(Math.floor(i / 20));
    field.push(Math.floor(i / 10));
    posteriors.push(...row(labels[i]));
  }
  const target = Array.from({ length: 40 }, (_, i) => [...row(i % 4 === 0 ? 1 : 0)]).flat();
  return {
    method: "em",
    calibration: { classes: 3, posteriors: Float64Array.from(posteriors), labels },
    protein,
    field,
    posteriors: Float64Array.from(target),
    sizes: [20, 20],
    seed: 3,
  };
}

test("intervals hold the shares that the cells have, and narrow as classes are told apart better", () => {
  const [far, near] = [shareRegion(drawn(4)), shareRegion(drawn(1.5))];
  for (const { shares, low, high } of [far, near])
    [0.75, 0.25, 0].forEach((share, k) => {
      expect(low[k]).toBeLessThanOrEqual(share);
      expect(high[k]).toBeGreaterThanOrEqual(share);
      expect(low[k]).toBeLessThanOrEqual(shares[k]);
      expect(high[k]).toBeGreaterThanOrEqual(shares[k]);
    });
  expect(far.high[0] - far.low[0]).toBeLessThan((near.high[0] - near.low[0]) / 2);
  expect(far.error).toBeLessThan(near.error / 2);
});

test("same seed, same interval; degrees of freedom by hand", () => {
  const request = drawn(3);
  expect(shareRegion(request)).toEqual(shareRegion(request));
  expect(shareRegion({ ...request, seed: 4 }).low).not.toEqual(shareRegion(request).low);
  const { shares, freedom } = shareRegion(request);
  const used = [...shares].filter((share) => share >= 0.01);
  const sum = (power: number) => used.reduce((total, share) => total + share ** power, 0);
  expect(freedom).toBeCloseTo((3 * sum(2) ** 2) / sum(4), 9);
});

test("proteins that differ widen the intervals", () => {
  const plain = drawn(3);
  const posteriors = plain.calibration.posteriors.slice();
  // Half of the proteins of class 0 look like class 1 in every other cell.
  for (let row = 0; row < 40; row += 2) posteriors.set([0.1, 0.85, 0.05], 3 * row);
  const differing = shareRegion({ ...plain, calibration: { ...plain.calibration, posteriors } });
  const even = shareRegion(plain);
  expect(differing.high[0] - differing.low[0]).toBeGreaterThan(1.5 * (even.high[0] - even.low[0]));
});

test("one protein of a class gives no interval, and it is said why", () => {
  const { shares, low, high, why } = shareRegion(drawn(3, 1));
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  expect([...low, ...high].every(Number.isNaN)).toBe(true);
  expect(why).toContain("learned from one protein");
});
