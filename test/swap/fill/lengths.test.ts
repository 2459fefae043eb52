import fc from "fast-check";
import { expect, test } from "vitest";
import { mean } from "../../../src/core/statistics.ts";
import { distanceTransform } from "../../../src/image/distance.ts";
import { Filler, type FillKind } from "../../../src/swap/fill/fill.ts";
import { fillLengths } from "../../../src/swap/fill/lengths.ts";
import { Surveyor } from "../../../src/swap/fill/survey.ts";
import { type Disk, draw } from "../drawn.ts";

const SIZE = 64;
const center: Disk = { y: 30, x: 32, r: 13, light: 1 };
const neighbor: Disk = { y: 58, x: 40, r: 11, light: 1.3 };

/** Every pixel as 2 x 2 pixels. */
function enlarge(mask: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: 4 * mask.length },
    (_, p) => mask[Math.floor(p / (4 * SIZE)) * SIZE + Math.floor((p % (2 * SIZE)) / 2)],
  );
}

/** Mean of every 2 x 2 pixels of the planes of a crop of twice the size. */
function reduce(crop: Float32Array): Float32Array {
  return Float32Array.from({ length: crop.length / 4 }, (_, i) => {
    const at = Math.floor(i / SIZE) * 4 * SIZE + (i % SIZE) * 2;
    return (crop[at] + crop[at + 1] + crop[at + 2 * SIZE] + crop[at + 2 * SIZE + 1]) / 4;
  });
}

function distance(mask: Uint8Array, size: number, label: number): Float64Array {
  const out = new Float64Array(size * size);
  distanceTransform(mask, size, size, out, label);
  return out;
}

/** Share of fill of every pixel. */
function shares(mask: Uint8Array, size: number, kind: FillKind, halo: number): Float32Array {
  return new Surveyor(size, size, fillLengths(size / 2)).survey(mask, kind, halo).removal.fade.slice();
}

/** Pixels of an enlarged plane whose value is not between the bounds for the pixel they come from. */
function outside(found: Float32Array, bounds: (p: number) => [low: number, high: number]): number[] {
  return Array.from(found.keys()).filter((f) => {
    const p = Math.floor(f / (4 * SIZE)) * SIZE + Math.floor((f % (2 * SIZE)) / 2);
    const [low, high] = bounds(p);
    return found[f] < low - 1e-6 || found[f] > high + 1e-6;
  });
}

test("crops of 64 px have the lengths of 32 px cells, others in proportion, with whole tiles and disks", () => {
  const lengths = fillLengths(32);
  expect(lengths).toEqual({
    unit: 1,
    grain: 1,
    freeGap: 6,
    fade: 3,
    near: 7,
    lit: 14,
    decay: 2,
    far: 8,
    sliver: 2,
    trend: { sigma: 10, side: 4 },
    excess: { sigma: 2.5, side: 2 },
    ring: 1,
    rings: 10,
  });
  const twice = fillLengths(64);
  expect(twice).toEqual({
    ...Object.fromEntries(Object.entries(lengths).map(([k, v]) => [k, typeof v === "number" ? 2 * v : v])),
    trend: { sigma: 20, side: 8 },
    excess: { sigma: 5, side: 4 },
    rings: 10,
  });
  expect(fillLengths(30)).toMatchObject({ freeGap: 5.625, sliver: 2, ring: 1, rings: 9 });
  expect(fillLengths(3.5)).toMatchObject({ sliver: 1, ring: 1, rings: 1, trend: { side: 1 } });
});

test("what is removed from a crop of twice the size is the enlarged removal, to the pixel", () => {
  // A pixel d from a cell becomes four, each between 2 d - sqrt(2) and 2 d from it.
  const slack = Math.SQRT1_2 + 1e-6;
  const share = (d: number, rim: number) => Math.min(1, Math.max(0, 1 - (d - rim) / 3));
  const disks = fc.array(
    fc.record({
      y: fc.integer({ min: 0, max: 63 }),
      x: fc.integer({ min: 0, max: 63 }),
      r: fc.integer({ min: 2, max: 12 }),
      light: fc.constant(1),
    }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(disks, (cells) => {
      const { mask } = draw(SIZE, cells, 1);
      const d = distance(
        mask.map((label) => (label > 0 ? 1 : 0)),
        SIZE,
        1,
      );
      const found = shares(enlarge(mask), 2 * SIZE, "cell-free", 3);
      const wrong = outside(found, (p) => [share(d[p], 6), share(d[p] - slack, 6)]);
      expect(wrong).toEqual([]);
    }),
    { numRuns: 20 },
  );
  // Around the center cell the fill also falls to 0 from 7 to 4 units from a neighbor; the halo is given in px.
  const { mask } = draw(SIZE, [center, neighbor], 1);
  const [d, n] = [distance(mask, SIZE, 1), distance(mask, SIZE, 2)];
  const found = shares(enlarge(mask), 2 * SIZE, "center", 6);
  const shy = (to: number) => Math.min(1, Math.max(0, (to - 4) / 3));
  const wrong = outside(found, (p) => {
    if (mask[p] === 2) return [0, 0];
    const low = d[p] <= 3 ? 1 : share(d[p], 3) * shy(n[p] - slack);
    const high = d[p] - slack <= 3 ? 1 : share(d[p] - slack, 3) * shy(n[p]);
    return [low, high];
  });
  expect(wrong).toEqual([]);
});

test("a crop of cells twice as large is filled as the smaller one is, and its halo is gone", () => {
  const twice = (disk: Disk): Disk => ({ ...disk, y: 2 * disk.y + 0.5, x: 2 * disk.x + 0.5, r: 2 * disk.r });
  // Without noise. What is left is the outline, drawn to half a pixel: 0.2 % of a cell's light. Lengths that stayed
  // what they are would leave 1.0 and 1.7 %.
  for (const kind of ["center", "cell-free"] as const) {
    const small = draw(SIZE, [center, neighbor], 1, 0);
    const large = draw(2 * SIZE, [twice(center), twice(neighbor)], 1, 0, 2);
    new Filler(2, SIZE, SIZE).fill(small.crop, small.mask, { kind, halo: 3, seed: 1 });
    new Filler(2, 2 * SIZE, 2 * SIZE).fill(large.crop, large.mask, { kind, halo: 6, seed: 1 });
    const reduced = reduce(large.crop);
    expect(mean(Array.from(small.crop, (v, i) => Math.abs(v - reduced[i])))).toBeLessThan(0.005);
  }
  const ring: number[] = [];
  const filler = new Filler(2, 2 * SIZE, 2 * SIZE);
  for (let seed = 0; seed < 12; seed++) {
    const { crop, withoutCenter, mask } = draw(2 * SIZE, [twice(center), twice(neighbor)], seed, 0.1, 2);
    filler.fill(crop, mask, { kind: "center", halo: 6, seed });
    const [d, n] = [distance(mask, 2 * SIZE, 1), distance(mask, 2 * SIZE, 2)];
    for (let p = 0; p < mask.length; p++)
      if (d[p] > 6 && d[p] <= 18 && n[p] > 20) ring.push(crop[p] - withoutCenter[p]);
  }
  // A tenth of the noise's SD, as in crops of 64 px; it would be 0.016.
  expect(Math.abs(mean(ring))).toBeLessThan(0.01);
});
