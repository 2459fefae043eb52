import { expect, test } from "vitest";
import { mean, standardDeviation } from "../../../src/core/statistics.ts";
import { distanceTransform } from "../../../src/image/distance.ts";
import { Filler } from "../../../src/swap/fill/fill.ts";
import { diskOffsets, isSliver } from "../../../src/swap/fill/sliver.ts";
import { type Disk, draw } from "../drawn.ts";

const SIZE = 64;
const PIXELS = SIZE * SIZE;
const center: Disk = { y: 30, x: 32, r: 13, light: 1 };
const neighbor: Disk = { y: 58, x: 40, r: 11, light: 1.3 };

function distance(mask: Uint8Array, label: number): Float64Array {
  const out = new Float64Array(PIXELS);
  distanceTransform(mask, SIZE, SIZE, out, label);
  return out;
}

/** Mean over pixel pairs (p, p + 1) in `inside` of a product, and of the squared gradient. */
function pairs(image: Float32Array, offset: number, chosen: (p: number) => boolean) {
  let product = 0;
  let gradient = 0;
  let n = 0;
  for (let p = 0; p < PIXELS; p++) {
    if (p % SIZE === SIZE - 1 || !chosen(p) || !chosen(p + 1)) continue;
    product += image[offset + p] * image[offset + p + 1];
    gradient += (image[offset + p] - image[offset + p + 1]) ** 2;
    n++;
  }
  return { product: product / n, gradient: gradient / n };
}

test("what must stay stays: neighbors, and all that is far from the removed cell", () => {
  const { crop, mask } = draw(SIZE, [center, neighbor], 1);
  const filled = crop.slice();
  new Filler(2, SIZE, SIZE).fill(filled, mask, { kind: "center", halo: 3, seed: 5 });
  const d = distance(mask, 1);
  let changed = 0;
  for (let p = 0; p < PIXELS; p++)
    for (const o of [0, PIXELS]) {
      if (mask[p] === 2 || d[p] > 10) expect(filled[o + p]).toBe(crop[o + p]);
      if (mask[p] === 1) changed += filled[o + p] === crop[o + p] ? 0 : 1;
    }
  expect(changed).toBe(2 * mask.filter((label) => label === 1).length);
});

test("nothing of the removed cell's own pixels enters the fill", () => {
  const { crop, mask } = draw(SIZE, [center, neighbor], 2);
  const other = crop.slice();
  const d = distance(mask, 1);
  for (let p = 0; p < PIXELS; p++)
    if (d[p] === 0) for (const o of [0, PIXELS]) other[o + p] = 1e6 * ((p * 7919) % 13);
  for (const kind of ["center", "cell-free"] as const) {
    const [a, b] = [crop.slice(), other.slice()];
    const filler = new Filler(2, SIZE, SIZE);
    filler.fill(a, mask, { kind, halo: 3, seed: 5 });
    filler.fill(b, mask, { kind, halo: 3, seed: 5 });
    expect(a).toEqual(b);
  }
});

test("the same seed gives the same bytes, whatever was filled before; another seed other noise", () => {
  const { crop, mask } = draw(SIZE, [center, neighbor], 3);
  const other = draw(SIZE, [{ ...center, x: 20 }], 4);
  for (const kind of ["center", "cell-free"] as const) {
    const [a, b, c] = [crop.slice(), crop.slice(), crop.slice()];
    const filler = new Filler(2, SIZE, SIZE);
    filler.fill(a, mask, { kind, halo: 3, seed: 5 });
    filler.fill(other.crop.slice(), other.mask, {
      kind: kind === "center" ? "cell-free" : "center",
      halo: 2,
      seed: 9,
    });
    filler.fill(b, mask, { kind, halo: 3, seed: 5 });
    filler.fill(c, mask, { kind, halo: 3, seed: 6 });
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  }
});

test("a fill has the level, noise and correlation of the medium, and no seam at its rim", () => {
  // 60 crops: standard errors are about 0.002 for the means, 1 % for the SDs, 0.01 for the correlations.
  const stats = {
    bias: [] as number[],
    sd: [] as number[],
    lag: [] as number[],
    ring: [] as number[],
    seam: [] as number[],
  };
  const filler = new Filler(2, SIZE, SIZE);
  for (let seed = 0; seed < 60; seed++) {
    const { crop, withoutCenter, mask } = draw(SIZE, [center, neighbor], 100 + seed);
    const filled = crop.slice();
    filler.fill(filled, mask, { kind: "center", halo: 3, seed });
    const d = distance(mask, 1);
    const n = distance(mask, 2);
    const inside = (p: number) => d[p] <= 3 && n[p] > 10;
    const ring = (p: number) => d[p] > 3 && d[p] <= 9 && n[p] > 10;
    const seam = (p: number) => d[p] > 1.5 && d[p] <= 4.5 && n[p] > 10;
    for (const o of [0, PIXELS]) {
      const of = (image: Float32Array, chosen: (p: number) => boolean) =>
        Array.from({ length: PIXELS }, (_, p) => p)
          .filter(chosen)
          .map((p) => image[o + p]);
      const slope = (image: Float32Array) =>
        image.map((v, i) => v - 0.1 * (o / PIXELS + 1) * (Math.floor((i % PIXELS) / SIZE) / SIZE - 0.5));
      const [got, true_] = [slope(filled), slope(withoutCenter)];
      stats.bias.push(mean(of(got, inside)) - mean(of(true_, inside)));
      stats.ring.push(mean(of(got, ring)) - mean(of(true_, ring)));
      stats.sd.push(standardDeviation(of(got, inside)) / standardDeviation(of(true_, inside)));
      stats.lag.push(pairs(got, o, inside).product / pairs(true_, o, inside).product);
      stats.seam.push(pairs(got, o, seam).gradient / pairs(true_, o, seam).gradient);
    }
  }
  expect(Math.abs(mean(stats.bias))).toBeLessThan(0.01); // a tenth of the noise's SD
  expect(Math.abs(mean(stats.ring))).toBeLessThan(0.01);
  expect(mean(stats.sd)).toBeGreaterThan(0.95);
  expect(mean(stats.sd)).toBeLessThan(1.05);
  expect(mean(stats.lag)).toBeGreaterThan(0.8);
  expect(mean(stats.lag)).toBeLessThan(1.1);
  expect(mean(stats.seam)).toBeGreaterThan(0.9);
  expect(mean(stats.seam)).toBeLessThan(1.1);
});

test("the light of a neighbor runs on into the fill", () => {
  const touching: Disk = { y: 30, x: 54, r: 9, light: 1.3 };
  const errors: number[] = [];
  const before: number[] = [];
  for (let seed = 0; seed < 20; seed++) {
    const { crop, withoutCenter, medium, mask } = draw(SIZE, [center, touching], 300 + seed);
    const filled = crop.slice();
    new Filler(2, SIZE, SIZE).fill(filled, mask, { kind: "center", halo: 3, seed });
    const n = distance(mask, 2);
    const d = distance(mask, 1);
    for (let p = 0; p < PIXELS; p++)
      if (mask[p] !== 2 && d[p] <= 3 && n[p] <= 3) {
        errors.push(filled[p] - withoutCenter[p]);
        before.push(medium[p] - withoutCenter[p]);
      }
  }
  // Light to be found: 0.25 on average; what is left unexplained is at most a quarter of it.
  expect(Math.abs(mean(before))).toBeGreaterThan(0.15);
  expect(Math.abs(mean(errors))).toBeLessThan(0.25 * Math.abs(mean(before)));
});

test("cell-free crops have the medium's level and noise everywhere", () => {
  const bias: number[] = [];
  const sd: number[] = [];
  const filler = new Filler(2, SIZE, SIZE);
  for (let seed = 0; seed < 40; seed++) {
    const { crop, medium, mask } = draw(
      SIZE,
      [center, neighbor, { y: 8, x: 6, r: 9, light: 0.8 }],
      500 + seed,
    );
    filler.fill(crop, mask, { kind: "cell-free", halo: 3, seed });
    bias.push(mean(crop) - mean(medium));
    sd.push(standardDeviation(crop) / standardDeviation(medium));
  }
  expect(Math.abs(mean(bias))).toBeLessThan(0.01);
  expect(mean(sd)).toBeGreaterThan(0.95);
  expect(mean(sd)).toBeLessThan(1.05);
  expect(filler.crowded).toBe(0);
});

test("a crop without medium is filled from its dimmest pixels, and counted", () => {
  const { crop, mask } = draw(SIZE, [center], 7);
  for (let p = 0; p < PIXELS; p++) if (mask[p] === 0) mask[p] = 2;
  const filler = new Filler(2, SIZE, SIZE);
  filler.fill(crop, mask, { kind: "center", halo: 3, seed: 1 });
  expect([filler.fills, filler.crowded]).toEqual([1, 1]);
  expect(crop.every(Number.isFinite)).toBe(true);
  const all = draw(SIZE, [center], 8);
  filler.fill(all.crop, new Uint8Array(PIXELS).fill(1), { kind: "center", halo: 3, seed: 1 });
  expect(all.crop.every(Number.isFinite)).toBe(true);
  expect(filler.crowded).toBe(2);
});

test("small, flat and one-channel crops are filled", () => {
  const mask = Uint8Array.from({ length: 63 }, (_, p) => (p === 31 || p === 32 ? 1 : 0));
  const crop = Float32Array.from(mask, (label) => (label === 1 ? 9 : 2));
  new Filler(1, 7, 9).fill(crop, mask, { kind: "center", halo: 1, seed: 1 });
  expect([...crop]).toEqual(new Array(63).fill(2));
});

test("slivers beside the center cell are its own rim, by eye", () => {
  const picture = [
    "................",
    "...22...2222222.",
    ".1122...2222222.",
    ".1122...2222222.",
    ".1122...2222222.",
    ".1122...2222222.",
    "...22...2222222.",
    "................",
  ];
  const mask = Uint8Array.from(picture.join(""), (c) => (c === "." ? 0 : Number(c)));
  const search = { mask, height: 8, width: 16, disk: diskOffsets(2) };
  const slivers = picture.map((line, y) =>
    [...line].map((c, x) => (c === "2" && isSliver(search, y * 16 + x) ? "s" : c)).join(""),
  );
  expect(slivers).toEqual([
    "................",
    "...ss...ss222ss.",
    ".11ss...s22222s.",
    ".11ss...2222222.",
    ".11ss...2222222.",
    ".11ss...s22222s.",
    "...ss...ss222ss.",
    "................",
  ]);
  const { crop, withoutCenter, mask: drawn } = draw(SIZE, [center, neighbor], 9);
  // A crescent of the center cell goes to the neighbors.
  for (let p = 0; p < PIXELS; p++)
    if (
      drawn[p] === 1 &&
      Math.hypot(Math.floor(p / SIZE) - center.y, (p % SIZE) - center.x) > 11 &&
      p % SIZE < 32
    )
      drawn[p] = 2;
  new Filler(2, SIZE, SIZE).fill(crop, drawn, { kind: "center", halo: 3, seed: 1 });
  const left: number[] = [];
  for (let p = 0; p < PIXELS; p++)
    if (drawn[p] === 2 && p % SIZE < 32 && Math.floor(p / SIZE) < 40) left.push(crop[p] - withoutCenter[p]);
  expect(left.length).toBeGreaterThan(40);
  expect(Math.abs(mean(left))).toBeLessThan(0.05); // the crescent's light was 0.7
});
