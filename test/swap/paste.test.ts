import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { alphaScratch, pasteHard, pasteSoft, softAlpha } from "../../src/swap/paste.ts";

test("hard paste, by eye", () => {
  // biome-ignore format: a matrix
  const mask = Uint8Array.from([
    0, 1, 2,
    1, 1, 0,
  ]);
  // biome-ignore format: two channels
  const crop = Float32Array.from([
    1, 2, 3,
    4, 5, 6,

    10, 20, 30,
    40, 50, 60,
  ]);
  const background = crop.map((v) => -v);
  const out = new Float32Array(12);
  pasteHard(mask, { crop, background }, out);
  // biome-ignore format: two channels
  expect([...out]).toEqual([
    -1, 2, -3,
    4, 5, -6,

    -10, 20, -30,
    40, 50, -60,
  ]);
  pasteHard(mask, { crop, background: new Float32Array(12) }, out);
  // biome-ignore format: two channels
  expect([...out]).toEqual([
    0, 2, 0,
    4, 5, 0,

    0, 20, 0,
    40, 50, 0,
  ]);
});

test("soft paste, by eye", () => {
  const out = new Float32Array(3);
  pasteSoft(
    Float64Array.from([0, 0.5, 1]),
    { crop: Float32Array.from([8, 8, 8]), background: Float32Array.from([4, 4, 4]) },
    out,
  );
  expect([...out]).toEqual([4, 6, 8]);
});

/** Weights straight from the definition: a sum over every pixel of the kernel, with replicated edges. */
function naiveAlpha(mask: Uint8Array, height: number, width: number, sigma: number): number[] {
  const reach = Math.floor(4 * sigma + 0.5);
  const g = (k: number) => Math.exp((-k * k) / (2 * sigma * sigma));
  let norm = 0;
  for (let k = -reach; k <= reach; k++) norm += g(k);
  const blur = (label: number, y: number, x: number) => {
    let sum = 0;
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const yy = Math.min(height - 1, Math.max(0, y + dy));
        const xx = Math.min(width - 1, Math.max(0, x + dx));
        if (mask[yy * width + xx] === label) sum += (g(dy) * g(dx)) / (norm * norm);
      }
    return sum;
  };
  return Array.from(mask, (label, p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    if (label === 2) return 0;
    return label === 1 ? blur(1, y, x) : Math.max(0, blur(1, y, x) - blur(2, y, x));
  });
}

const image = fc.record({
  seed: fc.nat(),
  height: fc.integer({ min: 3, max: 14 }),
  width: fc.integer({ min: 3, max: 14 }),
});
/** Blobby masks: a disk of center and perhaps one of a neighbor. */
function randomMask({ seed, height, width }: { seed: number; height: number; width: number }): Uint8Array {
  const random = mulberry32(seed);
  const mask = new Uint8Array(height * width);
  for (const label of [1, 2]) {
    const [cy, cx, r] = [random() * height, random() * width, 1 + (random() * height) / 2];
    for (let p = 0; p < mask.length; p++)
      if ((Math.floor(p / width) - cy) ** 2 + ((p % width) - cx) ** 2 < r * r) mask[p] = label;
  }
  return mask;
}

test("soft weights equal their definition", () => {
  fc.assert(
    fc.property(image, fc.constantFrom(0.5, 1, 1.7), (size, sigma) => {
      const mask = randomMask(size);
      const alpha = new Float64Array(mask.length);
      softAlpha({ mask, ...size, sigma }, alpha, alphaScratch(mask.length));
      naiveAlpha(mask, size.height, size.width, sigma).forEach((wanted, p) => {
        expect(Math.abs(alpha[p] - wanted)).toBeLessThan(1e-12);
      });
    }),
    { numRuns: 40 },
  );
});

test("soft weights stay in 0..1, leave neighbors behind and end 4 sigma from the center", () => {
  fc.assert(
    fc.property(image, (size) => {
      const mask = randomMask(size);
      const alpha = new Float64Array(mask.length);
      softAlpha({ mask, ...size, sigma: 1 }, alpha, alphaScratch(mask.length));
      alpha.forEach((a, p) => {
        expect(a).toBeGreaterThanOrEqual(0);
        expect(a).toBeLessThanOrEqual(1 + 1e-12);
        if (mask[p] === 2) expect(a).toBe(0);
        const near = mask.some(
          (label, q) =>
            label === 1 &&
            Math.abs(Math.floor(p / size.width) - Math.floor(q / size.width)) <= 4 &&
            Math.abs((p % size.width) - (q % size.width)) <= 4,
        );
        if (!near) expect(a).toBe(0);
      });
    }),
  );
});

test("out may be the background", () => {
  const random = mulberry32(3);
  const mask = randomMask({ seed: 5, height: 8, width: 8 });
  const crop = Float32Array.from({ length: 128 }, random);
  const background = Float32Array.from({ length: 128 }, random);
  const alpha = Float64Array.from(mask, random);
  for (const paste of [
    (out: Float32Array, from: Float32Array) => pasteHard(mask, { crop, background: from }, out),
    (out: Float32Array, from: Float32Array) => pasteSoft(alpha, { crop, background: from }, out),
  ]) {
    const apart = new Float32Array(128);
    paste(apart, background);
    const within = background.slice();
    paste(within, within);
    expect(within).toEqual(apart);
  }
});
