import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32, type Random } from "../../src/core/rng.ts";
import { quantile, quantileInPlace, quantiles } from "../../src/core/statistics.ts";
import { BitMask } from "../../src/image/bit-mask.ts";
import { distanceTransform, maskDistance } from "../../src/image/distance.ts";
import { fillHoles, flood } from "../../src/image/flood.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";
import { Hills } from "../../src/image/hills.ts";
import { dilate, erode, reach } from "../../src/image/morphology.ts";
import { PropagationScratch, propagate } from "../../src/image/propagate.ts";
import { WatershedScratch, watershed } from "../../src/image/watershed.ts";
import { hillMarkers } from "./naive-hills.ts";

/** A mask of blobs and noise; sides from 1 px to beyond two words. */
interface Drawn {
  readonly height: number;
  readonly width: number;
  readonly mask: Uint8Array;
  readonly random: Random;
}

function drawn(seed: number): Drawn {
  const random = mulberry32(seed);
  const height = 1 + Math.floor(40 * random());
  const width = 1 + Math.floor(70 * random());
  const share = random();
  const cell = 1 + Math.floor(6 * random());
  const blobs = Uint8Array.from({ length: 5000 }, () => Number(random() < share));
  const mask = Uint8Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const value = blobs[(Math.floor(y / cell) * 71 + Math.floor(x / cell)) % 5000];
    return random() < 0.02 ? 1 - value : value;
  });
  return { height, width, mask, random };
}

const bits = ({ mask, height, width }: Drawn) => new BitMask(height, width).equal(mask, 1);
const bytes = (mask: BitMask) => {
  const out = new Uint8Array(mask.height * mask.width);
  mask.label(out, 1);
  return out;
};
const each = (check: (drawn: Drawn) => void) =>
  fc.assert(
    fc.property(fc.integer(), (seed) => check(drawn(seed))),
    { seed: 1, numRuns: 150 },
  );

/** What a pixel-by-pixel spread of the ones makes: every pixel within reach of one. */
function spread({ mask, height, width }: Drawn, within: (dy: number, dx: number) => boolean): Uint8Array {
  return mask.map((_, i) => {
    for (let n = 0; n < height * width; n++) {
      const dy = Math.abs(Math.floor(n / width) - Math.floor(i / width));
      if (mask[n] === 1 && within(dy, Math.abs((n % width) - (i % width)))) return 1;
    }
    return 0;
  });
}

/** Pixels that 4-connected steps over `within` join to the seeds. */
function joined({ height, width }: Drawn, seeds: Uint8Array, within: Uint8Array): Uint8Array {
  const out = seeds.slice();
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < height * width; i++) {
      if (out[i] === 1 || within[i] === 0) continue;
      const x = i % width;
      const near = [x > 0 ? i - 1 : i, x < width - 1 ? i + 1 : i, i - width, i + width];
      if (near.some((n) => out[n] === 1)) {
        out[i] = 1;
        changed = true;
      }
    }
  }
  return out;
}

test("a mask holds, counts, lists and combines its pixels", () => {
  each((d) => {
    const mask = bits(d);
    expect(bytes(mask)).toEqual(d.mask);
    expect(mask.count()).toBe(d.mask.reduce((sum, v) => sum + v, 0));
    const list = new Int32Array(d.mask.length);
    const count = mask.pixels(list);
    expect([...list.subarray(0, count)]).toEqual([...d.mask.keys()].filter((i) => d.mask[i] === 1));
    expect(bytes(new BitMask(d.height, d.width).above(Float64Array.from(d.mask), 0.5))).toEqual(d.mask);
    const other = drawn(d.mask.length);
    const b = Uint8Array.from(d.mask, (_, i) => other.mask[i % other.mask.length]);
    const second = () => new BitMask(d.height, d.width).equal(b, 1);
    expect(bytes(bits(d).or(second()))).toEqual(d.mask.map((v, i) => v | b[i]));
    expect(bytes(bits(d).and(second()))).toEqual(d.mask.map((v, i) => v & b[i]));
    expect(bytes(bits(d).without(second()))).toEqual(d.mask.map((v, i) => v & (1 - b[i])));
    expect(bytes(bits(d).complement())).toEqual(d.mask.map((v) => 1 - v));
    expect(mask.shared(second())).toBe(d.mask.reduce((sum, v, i) => sum + (v & b[i]), 0));
    expect(mask.isEmpty()).toBe(count === 0);
  });
});

test.each([0.4, 1, 1.5, 2, 3.7, 6, 40])("a disk of %d px spreads and erodes as pixel by pixel", (radius) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const d = drawn(seed);
      const grown = bits(d);
      dilate(grown, radius);
      expect(bytes(grown)).toEqual(spread(d, (dy, dx) => dy * dy + dx * dx <= radius * radius));
      const shrunk = bits(d);
      erode(shrunk, radius);
      const medium = { ...d, mask: d.mask.map((v) => 1 - v) };
      const eaten = spread(medium, (dy, dx) => dy * dy + dx * dx <= radius * radius);
      expect(bytes(shrunk)).toEqual(eaten.map((v) => 1 - v));
      const near = bits(d);
      reach(near, radius);
      expect(bytes(near)).toEqual(spread(d, (dy, dx) => Math.hypot(dy, dx) <= radius));
    }),
    { seed: 2, numRuns: 12 },
  );
});

test("floods and filled holes are those of single steps", () => {
  each((d) => {
    const seeds = d.mask.map((v) => (v === 1 && d.random() < 0.02 ? 1 : 0));
    const flooded = bits({ ...d, mask: seeds });
    flood(flooded, bits(d));
    expect(bytes(flooded)).toEqual(joined(d, seeds, d.mask));
    const medium = d.mask.map((v) => 1 - v);
    const rim = medium.map((v, i) => {
      const [y, x] = [Math.floor(i / d.width), i % d.width];
      return y === 0 || x === 0 || y === d.height - 1 || x === d.width - 1 ? v : 0;
    });
    const filled = bits(d);
    fillHoles(filled);
    expect(bytes(filled)).toEqual(joined(d, rim, medium).map((v) => 1 - v));
  });
});

test("distances within a mask are those of the whole transform, in the box that is asked for", () => {
  each((d) => {
    const expected = new Float64Array(d.mask.length);
    distanceTransform(d.mask, d.height, d.width, expected);
    const { height, width } = d;
    const [top, left] = [Math.floor(height * d.random()), Math.floor(width * d.random())];
    const bottom = top + Math.floor((height - top) * d.random());
    const right = left + Math.floor((width - left) * d.random());
    const out = new Float64Array(d.mask.length).fill(-1);
    const known = maskDistance(bits(d), { top, bottom, left, right }, out);
    expect(known).toBe(d.mask.includes(0));
    out.forEach((v, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      const inside = known && y >= top && y <= bottom && x >= left && x <= right;
      expect(v).toBe(inside ? expected[i] : -1);
    });
  });
});

test("a Gaussian within a box is that of the whole image", () => {
  each((d) => {
    const image = Float64Array.from(d.mask, (v) => v + d.random());
    const { height, width } = d;
    const [sigma, scratch] = [0.3 + 3 * d.random(), new Float64Array(image.length)];
    const whole = new Float64Array(image.length);
    gaussianBlur(image, height, width, sigma, whole, scratch);
    const [top, left] = [Math.floor(height * d.random()), Math.floor(width * d.random())];
    const box = { top, bottom: height - 1, left, right: left + Math.floor((width - left) * d.random()) };
    const out = image.slice();
    gaussianBlur(out, height, width, sigma, out, scratch.fill(Number.NaN), box);
    out.forEach((v, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      expect(v).toBe(y >= top && x >= left && x <= box.right ? whole[i] : image[i]);
    });
  });
});

test("hills are those of union-find over sorted pixels, and floods those of a heap, on plateaus as well", () => {
  each((d) => {
    const steps = 2 + Math.floor(40 * d.random());
    const image = Float64Array.from(d.mask, () => Math.floor(steps * d.random()) / 8);
    // Some far outside, so that many share a bucket.
    for (let i = 0; i < image.length; i += 97) image[i] = 1e6;
    const hills = new Hills(d.height, d.width);
    hills.load(image, bits(d));
    for (const depth of [0.01, 0.25, 1, 3]) {
      const expected = new Int32Array(d.mask.length);
      const count = hillMarkers(image, d.mask, d.height, d.width, depth, expected);
      const found = new Int32Array(d.mask.length);
      expect(hills.mark(depth)).toBe(count);
      hills.markers(found);
      expect(found).toEqual(expected);
      const relief = image.map((v) => -v);
      watershed(relief, d.mask, d.height, d.width, expected, new WatershedScratch(d.mask.length));
      hills.flood(found);
      expect(found).toEqual(expected);
    }
  });
});

test("a flood and a front that end early have the pixels of their label that they have at the end", () => {
  each((d) => {
    const seeds = Int32Array.from(d.mask, () => (d.random() < 0.05 ? 1 + Math.floor(3 * d.random()) : 0));
    const relief = Float64Array.from(d.mask, () => 0.5 + Math.floor(9 * d.random()));
    for (const run of [
      (labels: Int32Array, only: number) =>
        watershed(relief, d.mask, d.height, d.width, labels, new WatershedScratch(d.mask.length), only),
      (labels: Int32Array, only: number) =>
        propagate(relief, d.mask, d.height, d.width, labels, new PropagationScratch(d.mask.length), only),
    ]) {
      const [whole, early] = [seeds.slice(), seeds.slice()];
      run(whole, 0);
      run(early, 2);
      expect(early.map((v) => Number(v === 2))).toEqual(whole.map((v) => Number(v === 2)));
    }
  });
});

test("quantiles by buckets and by partition are those of sorted values", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e300, max: 1e300, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      (list, q, few) => {
        const values = Float64Array.from(list, (v) => (few ? Math.round(v / 1e300) + 0 : v));
        const expected = quantile(values, q);
        expect(quantiles(values, [0.02, q])).toEqual([quantile(values, 0.02), expected]);
        expect(quantileInPlace(values.slice(), q)).toBe(expected);
      },
    ),
    { seed: 4, numRuns: 300 },
  );
});
