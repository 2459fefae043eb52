import { expect, test } from "vitest";
import { fieldScale } from "../../src/segment/field.ts";
import { smoothing } from "../../src/segment/recipe.ts";
import { Segmenter } from "../../src/segment/segment.ts";
import { type Disk, draw, overlap, scene } from "./draw.ts";

function segmentScenes(
  size: number,
  scale: number,
  diameter?: number,
): { masks: Uint8Array[]; verdicts: string[] } {
  const crops = Array.from({ length: 6 }, (_, k) => draw(size, scene(size, k), k, scale));
  const segmenter = new Segmenter(size, size, diameter);
  const field = fieldScale(crops.length, size, size, { sigma: smoothing(segmenter.diameter) }, (k, out) =>
    out.set(crops[k]),
  );
  const masks = crops.map(() => new Uint8Array(size * size));
  const verdicts = crops.map((crop, k) => segmenter.segment(crop, field, masks[k]).verdict);
  return { masks, verdicts };
}

test.each([48, 64, 96, 128])("center and neighbor are found in crops of %i px", (size) => {
  const { masks, verdicts } = segmentScenes(size, 1);
  expect(verdicts).toEqual(Array(6).fill("ok"));
  masks.forEach((mask, k) => {
    const [center, neighbor] = scene(size, k);
    expect(overlap(mask, size, center, 1)).toBeGreaterThan(0.85);
    expect(overlap(mask, size, neighbor, 2)).toBeGreaterThan(0.7);
  });
});

test.each([1e-6, 0.01, 4096, 1e9])("masks do not depend on an intensity scale of %d", (scale) => {
  const exact = segmentScenes(64, 1).masks;
  segmentScenes(64, scale).masks.forEach((mask, k) => {
    const differing = mask.reduce((n, v, i) => n + Number(v !== exact[k][i]), 0);
    expect(differing).toBeLessThanOrEqual(8);
  });
});

test("cells of 20 px in crops of 128 px are found with their diameter", () => {
  const size = 128;
  const cells: Disk[] = [{ y: 63.5, x: 63.5, radius: 10, brightness: 1 }];
  for (const [y, x] of [
    [30, 40],
    [60, 95],
    [100, 60],
  ])
    cells.push({ y, x, radius: 10, brightness: 0.8 });
  const crop = draw(size, cells, 7);
  const segmenter = new Segmenter(size, size, 20);
  const field = fieldScale(1, size, size, { sigma: smoothing(20) }, (_, out) => out.set(crop));
  const mask = new Uint8Array(size * size);
  expect(segmenter.segment(crop, field, mask).verdict).toBe("ok");
  expect(overlap(mask, size, cells[0], 1)).toBeGreaterThan(0.85);
  expect(mask.filter((v) => v === 2).length / (3 * Math.PI * 100)).toBeGreaterThan(0.8);
});

test("touching cells are parted at the valley between them", () => {
  const cells: Disk[] = [
    { y: 31.5, x: 31.5, radius: 13, brightness: 1 },
    { y: 31.5, x: 56, radius: 12, brightness: 1 },
    { y: 9, x: 22, radius: 11, brightness: 0.7 },
  ];
  const crop = draw(64, cells, 3);
  const segmenter = new Segmenter(64, 64);
  const field = fieldScale(1, 64, 64, { sigma: smoothing(32) }, (_, out) => out.set(crop));
  const mask = new Uint8Array(4096);
  expect(segmenter.segment(crop, field, mask).verdict).toBe("ok");
  expect(overlap(mask, 64, cells[0], 1)).toBeGreaterThan(0.85);
  expect(mask[31 * 64 + 56]).toBe(2);
  expect(mask[9 * 64 + 22]).toBe(2);
});

test("a dim cell in a field of bright ones is found", () => {
  const dim: Disk = { y: 31.5, x: 31.5, radius: 14, brightness: 0.25 };
  const bright: Disk = { ...dim, brightness: 1 };
  const crops = [draw(64, [dim], 1), draw(64, [bright], 2), draw(64, [bright], 3)];
  const segmenter = new Segmenter(64, 64);
  const field = fieldScale(3, 64, 64, { sigma: smoothing(32) }, (k, out) => out.set(crops[k]));
  const mask = new Uint8Array(4096);
  expect(segmenter.segment(crops[0], field, mask).verdict).toBe("ok");
  expect(overlap(mask, 64, dim, 1)).toBeGreaterThan(0.85);
});

test("completing neighbors never changes the center cell", () => {
  const crop = draw(64, scene(64, 5), 5);
  const segmenter = new Segmenter(64, 64);
  const field = fieldScale(1, 64, 64, { sigma: smoothing(32) }, (_, out) => out.set(crop));
  const mask = new Uint8Array(4096);
  const [center, neighbor] = scene(64, 5);
  for (let i = 0; i < 4096; i++)
    if (Math.hypot((i >> 6) - center.y, (i & 63) - center.x) < center.radius - 2) mask[i] = 1;
  mask[0] = 2;
  const before = mask.map((v) => Number(v === 1));
  segmenter.completeNeighbors(crop, field, mask);
  expect(mask.map((v) => Number(v === 1))).toEqual(before);
  expect(mask[0]).toBe(0);
  expect(overlap(mask, 64, neighbor, 2)).toBeGreaterThan(0.6);
});

test("nothing is found where there is nothing", () => {
  const segmenter = new Segmenter(64, 64);
  for (const value of [0, 5]) {
    const crop = new Float32Array(4096).fill(value);
    const field = fieldScale(1, 64, 64, { sigma: smoothing(32) }, (_, out) => out.set(crop));
    expect(segmenter.segment(crop, field, new Uint8Array(4096)).verdict).toBe("empty");
  }
});
