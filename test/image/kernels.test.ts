import { resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { BitMask } from "../../src/image/bit-mask.ts";
import { connectedComponents } from "../../src/image/components.ts";
import { distanceTransform } from "../../src/image/distance.ts";
import { fillHoles } from "../../src/image/flood.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";
import { MinHeap } from "../../src/image/heap.ts";
import { Hills } from "../../src/image/hills.ts";
import { close, dilate, erode, open } from "../../src/image/morphology.ts";
import { lowerOtsuThreshold, otsuThreshold } from "../../src/image/otsu.ts";
import { PropagationScratch, propagate } from "../../src/image/propagate.ts";
import { WatershedScratch, watershed } from "../../src/image/watershed.ts";

const H = 37;
const W = 46;
const PIXELS = H * W;
const fixtures = resolve(import.meta.dirname, "../fixtures/masks");

/** The four images of one fixture. */
function fixture<A extends Float64Array | Uint8Array | Int32Array>(
  name: string,
  make: (n: number) => A,
): A[] {
  const reader = new NpyReader(resolve(fixtures, `${name}.npy`));
  const all = Array.from({ length: 4 }, (_, k) => {
    const out = make(PIXELS);
    reader.read(k, 1, out);
    return out;
  });
  reader.close();
  return all;
}
const float = (n: number) => new Float64Array(n);
const byte = (n: number) => new Uint8Array(n);
const int = (n: number) => new Int32Array(n);
const scratch = new Float64Array(PIXELS);
const bits = (mask: Uint8Array, height: number, width: number) => new BitMask(height, width).equal(mask, 1);
const bytes = (mask: BitMask) => {
  const out = new Uint8Array(mask.height * mask.width);
  mask.label(out, 1);
  return out;
};

test("the Gaussian equals scipy.ndimage.gaussian_filter, also in place and wider than the image", () => {
  const images = fixture("images", float);
  const narrow = fixture("g", float);
  const wide = fixture("wide", float);
  images.forEach((image, k) => {
    const out = new Float64Array(PIXELS);
    gaussianBlur(image, H, W, 1.5, out, scratch);
    for (let i = 0; i < PIXELS; i++) expect(Math.abs(out[i] - narrow[k][i])).toBeLessThan(1e-13);
    gaussianBlur(image, H, W, 9, image, scratch);
    for (let i = 0; i < PIXELS; i++) expect(Math.abs(image[i] - wide[k][i])).toBeLessThan(1e-13);
  });
});

test("sigma 0 copies, and impossible sizes are refused", () => {
  const image = Float32Array.of(1, 2, 3, 4);
  const out = new Float32Array(4);
  gaussianBlur(image, 2, 2, 0, out, new Float64Array(4));
  expect([...out]).toEqual([1, 2, 3, 4]);
  expect(() => gaussianBlur(image, 3, 2, 1, out, new Float64Array(4))).toThrow("need 3 x 2 pixels");
  expect(() => gaussianBlur(image, 2, 2, -1, out, new Float64Array(4))).toThrow("sigma is -1");
});

test("Otsu's threshold equals scikit-image's; a constant is its own threshold", () => {
  const smooth = fixture("g", float);
  const reader = new NpyReader(resolve(fixtures, "otsu.npy"));
  const expected = new Float64Array(4);
  reader.read(0, 4, expected);
  reader.close();
  for (const [k, values] of smooth.entries()) expect(otsuThreshold(values)).toBeCloseTo(expected[k], 12);
  expect(otsuThreshold(Float64Array.of(3, 3, 3))).toBe(3);
});

test("the lower of two thresholds equals the one found by trying all splits", () => {
  // Variance within the classes is least where that between them is largest.
  const within = (values: number[]) => {
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 11 }), { minLength: 3, maxLength: 40 }), (values) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      fc.pre(high - low >= 2);
      const bins = high - low + 1;
      // Bins as wide as 1 less a little, so that every whole number has its own.
      const edge = (b: number) => low + (b * (high - low)) / bins;
      let least = Infinity;
      const splits: number[] = [];
      for (let a = 1; a < bins - 1; a++)
        for (let b = a + 1; b < bins; b++) {
          const classes = [0, 1, 2].map((k) =>
            values.filter((v) => [v < low + a, v >= low + a && v < low + b, v >= low + b][k]),
          );
          const spread = classes.reduce((sum, c) => sum + (c.length === 0 ? 0 : within(c)), 0);
          if (spread < least - 1e-9) splits.length = 0;
          if (spread < least + 1e-9) splits.push(edge(a));
          least = Math.min(least, spread);
        }
      expect(splits).toContain(lowerOtsuThreshold(Float64Array.from(values), bins));
    }),
    { seed: 5, numRuns: 300 },
  );
  expect(lowerOtsuThreshold(Float64Array.of(3, 3, 3))).toBe(3);
});

test("distances equal scipy.ndimage.distance_transform_edt", () => {
  const masks = fixture("mask", byte);
  const expected = fixture("edt", float);
  masks.forEach((mask, k) => {
    distanceTransform(mask, H, W, scratch);
    for (let i = 0; i < PIXELS; i++) expect(Math.abs(scratch[i] - expected[k][i])).toBeLessThan(1e-12);
  });
});

test("distances to any label equal the nearest by trying all", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (height, width, seed, share) => {
        const random = mulberry32(seed);
        const mask = Uint8Array.from({ length: height * width }, () => (random() < share ? 2 : 0));
        const out = new Float32Array(height * width);
        distanceTransform(mask, height, width, out, 2);
        mask.forEach((_, i) => {
          let nearest = Infinity;
          mask.forEach((label, j) => {
            const d = Math.hypot((i % width) - (j % width), Math.trunc(i / width) - Math.trunc(j / width));
            if (label === 2) nearest = Math.min(nearest, d);
          });
          expect(out[i]).toBe(Math.fround(nearest));
        });
      },
    ),
    { seed: 2, numRuns: 200 },
  );
});

test("components and filled holes equal scipy.ndimage", () => {
  const masks = fixture("mask", byte);
  const labels = fixture("lab", int);
  const filled = fixture("filled", byte);
  masks.forEach((mask, k) => {
    const out = new Int32Array(PIXELS);
    expect(connectedComponents(mask, H, W, out)).toBe(Math.max(...labels[k]));
    expect(out).toEqual(labels[k]);
    const holes = bits(mask, H, W);
    fillHoles(holes);
    expect(bytes(holes)).toEqual(filled[k]);
  });
});

test("opening and closing equal scikit-image's", () => {
  const masks = fixture("mask", byte);
  const opened = fixture("open", byte);
  const closed = fixture("close", byte);
  masks.forEach((mask, k) => {
    const padded = new Uint8Array((H + 16) * (W + 16));
    for (let y = 0; y < H; y++) padded.set(mask.subarray(y * W, (y + 1) * W), (y + 8) * (W + 16) + 8);
    const small = bits(mask, H, W);
    open(small, 2);
    expect(bytes(small)).toEqual(opened[k]);
    const large = bits(padded, H + 16, W + 16);
    close(large, 5);
    const all = bytes(large);
    for (let y = 0; y < H; y++)
      expect(all.subarray((y + 8) * (W + 16) + 8, (y + 8) * (W + 16) + 8 + W)).toEqual(
        closed[k].subarray(y * W, (y + 1) * W),
      );
  });
});

test("erosion does not start at the image's edge, and dilation of nothing is nothing", () => {
  const full = new BitMask(5, 6).complement();
  erode(full, 2);
  expect(full.count()).toBe(30);
  const none = new BitMask(5, 6);
  dilate(none, 2);
  expect(none.isEmpty()).toBe(true);
});

test("hill markers lie one on each hill of scikit-image's h_maxima, and flooding them gives its watershed", () => {
  const masks = fixture("mask", byte);
  const hills = fixture("hills", int);
  const flood = fixture("flood", int);
  const work = new WatershedScratch(PIXELS);
  const found = new Hills(H, W);
  masks.forEach((mask, k) => {
    const relief = new Float64Array(PIXELS);
    distanceTransform(mask, H, W, relief);
    gaussianBlur(relief, H, W, 1, relief, scratch);
    const labels = new Int32Array(PIXELS);
    found.load(relief, new BitMask(H, W).complement());
    const count = found.mark(0.5);
    found.markers(labels);
    expect(count).toBe(Math.max(...hills[k]));
    const met = new Set<number>();
    labels.forEach((label, i) => {
      if (label === 0) return;
      expect(hills[k][i]).toBeGreaterThan(0);
      met.add(hills[k][i]);
    });
    expect(met.size).toBe(count);
    const flooded = hills[k].slice();
    for (let i = 0; i < PIXELS; i++) relief[i] = -relief[i];
    watershed(relief, mask, H, W, flooded, work);
    expect(flooded).toEqual(flood[k]);
  });
});

test("markers of a relief that can be read by eye", () => {
  const relief = Float64Array.of(1, 5, 3, 4, 1, 9, 9, 2);
  const labels = new Int32Array(8);
  const hills = new Hills(1, 8);
  hills.load(relief, new BitMask(1, 8).complement());
  expect(hills.mark(2)).toBe(2);
  hills.markers(labels);
  expect([...labels]).toEqual([0, 1, 0, 0, 0, 2, 0, 0]);
  expect(hills.mark(1)).toBe(3);
  hills.markers(labels);
  expect([...labels]).toEqual([0, 1, 0, 2, 0, 3, 0, 0]);
});

test("the heap gives keys in order and equal keys first in, first out", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), (keys) => {
      const heap = new MinHeap(60);
      for (const [item, key] of keys.entries()) heap.push(key, item);
      const order = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
      expect(order.map(() => heap.pop())).toEqual(order);
    }),
    { seed: 3 },
  );
});

test("fronts reach every pixel when the shortest way does, and with its label", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (seed, height, width) => {
        const random = mulberry32(seed);
        const pixels = height * width;
        const slowness = Float64Array.from({ length: pixels }, () => 0.1 + 5 * random() ** 3);
        const mask = Uint8Array.from({ length: pixels }, () => Number(random() < 0.8));
        const seeds = Int32Array.from({ length: pixels }, () =>
          random() < 0.1 ? 1 + Math.floor(4 * random()) : 0,
        );
        const labels = seeds.slice();
        const scratch = new PropagationScratch(pixels);
        propagate(slowness, mask, height, width, labels, scratch);
        // Ways of every label are shortened until none gets shorter (Bellman and Ford).
        const times = [1, 2, 3, 4].map((label) => {
          const time = Float64Array.from(seeds, (s, i) => (s === label && mask[i] === 1 ? 0 : Infinity));
          for (let changed = true; changed; ) {
            changed = false;
            for (let i = 0; i < pixels; i++)
              for (let n = 0; n < pixels; n++) {
                const dy = Math.abs(Math.floor(i / width) - Math.floor(n / width));
                const dx = Math.abs((i % width) - (n % width));
                if (dy > 1 || dx > 1 || mask[i] === 0 || mask[n] === 0) continue;
                const arrival = time[n] + (Math.hypot(dy, dx) * (slowness[i] + slowness[n])) / 2;
                if (arrival < time[i] - 1e-12) {
                  time[i] = arrival;
                  changed = true;
                }
              }
          }
          return time;
        });
        for (let i = 0; i < pixels; i++) {
          const first = Math.min(...times.map((time) => time[i]));
          if (first === Infinity) {
            expect(labels[i]).toBe(0);
            expect(scratch.time[i]).toBe(Infinity);
            continue;
          }
          expect(scratch.time[i]).toBeCloseTo(first, 9);
          expect(times[labels[i] - 1][i]).toBeCloseTo(first, 9);
        }
      },
    ),
    { seed: 7, numRuns: 150 },
  );
});
