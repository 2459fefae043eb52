import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { addDoubled, blur, expose, halve, normals } from "../../src/simulate/optics.ts";

function naiveBlur(image: Float32Array, size: number, sigma: number): Float64Array {
  const r = Math.max(1, Math.ceil(2.5 * sigma));
  const w = (k: number) => Math.exp((-0.5 * k * k) / (sigma * sigma));
  let total = 0;
  for (let k = -r; k <= r; k++) total += w(k);
  const at = (v: number) => Math.min(size - 1, Math.max(0, v));
  return Float64Array.from(image, (_, p) => {
    let sum = 0;
    for (let dy = -r; dy <= r; dy++)
      for (let dx = -r; dx <= r; dx++)
        sum += (w(dy) * w(dx) * image[at(((p / size) | 0) + dy) * size + at((p % size) + dx)]) / total ** 2;
    return sum;
  });
}

test("blur equals the sum over the whole window", () => {
  const random = mulberry32(1);
  for (const sigma of [0.7, 1.6, 3]) {
    const image = Float32Array.from({ length: 24 * 24 }, random);
    const expected = naiveBlur(image, 24, sigma);
    blur(image, 24, sigma);
    for (let p = 0; p < image.length; p++) expect(image[p]).toBeCloseTo(expected[p], 5);
  }
});

test("halving keeps the light, doubling keeps a plane", () => {
  const size = 16;
  const plane = Float32Array.from(
    { length: size * size },
    (_, p) => 2 + 0.5 * (p % size) - 0.25 * Math.floor(p / size),
  );
  const half = halve(plane, size);
  expect(mean(half)).toBeCloseTo(mean(plane), 5);
  const out = new Float32Array(size * size).fill(1);
  addDoubled(out, half, size, 2);
  for (let y = 1; y < size - 1; y++)
    for (let x = 1; x < size - 1; x++) expect(out[y * size + x]).toBeCloseTo(1 + 2 * plane[y * size + x], 5);
});

test("a blur on the halved image comes near the exact one", () => {
  const size = 64;
  const image = new Float32Array(size * size);
  for (let y = 24; y < 40; y++) for (let x = 20; x < 44; x++) image[y * size + x] = 1;
  const half = halve(image, size);
  blur(half, size / 2, 2);
  const out = new Float32Array(size * size);
  addDoubled(out, half, size, 0.5);
  const exact = naiveBlur(image, size, 4);
  const top = Math.max(...exact);
  for (let p = 0; p < out.length; p++) expect(Math.abs(out[p] - 0.5 * exact[p])).toBeLessThan(0.03 * top);
});

test("camera noise has the mean, variance and skewness of photons plus read noise", () => {
  const n = 200_000;
  for (const photons of [3, 20, 150]) {
    const image = new Float32Array(n).fill(photons);
    expose(image, 9, { readNoise: 2, gain: 3, offset: 100 });
    const sd = Math.sqrt(9 * (photons + 4 + 1 / 18) + 1 / 12);
    expect(Math.abs(mean(image) - (100 + 3 * photons))).toBeLessThan((5 * sd) / Math.sqrt(n));
    expect(standardDeviation(image) / sd).toBeGreaterThan(0.985);
    expect(standardDeviation(image) / sd).toBeLessThan(1.015);
    const third = mean(image.map((v) => (v - 100 - 3 * photons) ** 3)) / 27;
    expect(third / photons).toBeGreaterThan(0.8);
    expect(third / photons).toBeLessThan(1.25);
  }
});

test("normal draws are normal", () => {
  const draw = normals(4);
  const z = Float64Array.from({ length: 100_000 }, draw);
  expect(Math.abs(mean(z))).toBeLessThan(0.015);
  expect(standardDeviation(z)).toBeCloseTo(1, 1);
  const share = z.filter((v) => v < 1).length / z.length;
  expect(Math.abs(share - 0.8413)).toBeLessThan(0.006);
});
