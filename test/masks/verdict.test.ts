import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { hullPixels } from "../../src/image/hull.ts";
import {
  judgeMask,
  LIFTABLE,
  measureMask,
  passes,
  verdictOf,
  worthLifting,
} from "../../src/masks/verdict.ts";

function disk(height: number, width: number, y0: number, x0: number, radius: number, label = 1): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, i) =>
    Math.hypot(Math.floor(i / width) - y0, (i % width) - x0) <= radius ? label : 0,
  );
}
const verdict = (mask: Uint8Array, size = 64) => judgeMask(mask, size, size).verdict;

/** Every pixel against every line through two labeled pixels that has all labeled pixels on one side. */
function naiveHull(mask: Uint8Array, width: number): number {
  const points = [...mask.keys()].filter((i) => mask[i] === 1).map((i) => [i % width, Math.floor(i / width)]);
  const side = (a: number[], b: number[], p: number[]) =>
    (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
  const lines: [number[], number[]][] = [];
  for (const a of points)
    for (const b of points)
      if ((a[0] !== b[0] || a[1] !== b[1]) && points.every((p) => side(a, b, p) >= 0)) lines.push([a, b]);
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  let count = 0;
  for (let y = Math.min(...ys); y <= Math.max(...ys); y++)
    for (let x = Math.min(...xs); x <= Math.max(...xs); x++)
      if (lines.every(([a, b]) => side(a, b, [x, y]) >= 0)) count++;
  return count;
}

test("hull pixels equal the naive count", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 42, maxLength: 42 }), (bits) => {
      const mask = Uint8Array.from(bits, Number);
      expect(hullPixels(mask, 6, 7, 1)).toBe(mask.includes(1) ? naiveHull(mask, 7) : 0);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a round cell in the middle is ok and fills its hull", () => {
  const { verdict, measures } = judgeMask(disk(64, 64, 31.5, 31.5, 15), 64, 64);
  expect(verdict).toBe("ok");
  expect(measures.Quality_Solidity).toBeGreaterThan(0.97);
  expect(measures.Quality_Offset).toBeCloseTo(0, 10);
  expect(measures.Quality_CenterArea + measures.Quality_BackgroundArea).toBe(4096);
});

test("each fault has its name", () => {
  expect(verdict(new Uint8Array(4096))).toBe("empty");
  expect(verdict(disk(64, 64, 31.5, 31.5, 15, 2))).toBe("no-center");
  expect(verdict(disk(64, 64, 31.5, 31.5, 5))).toBe("small");
  expect(verdict(disk(64, 64, 31.5, 31.5, 29))).toBe("large");
  expect(verdict(disk(64, 64, 36, 37, 15))).toBe("off-center");
  expect(verdict(disk(64, 64, 31.5, 14, 15))).toBe("border;off-center");
  const ring = disk(64, 64, 31.5, 31.5, 15);
  disk(64, 64, 31.5, 31.5, 8).forEach((inside, i) => {
    if (inside === 1) ring[i] = 0;
  });
  expect(verdict(ring)).toBe("ragged");
  expect(verdict(disk(64, 64, 31.5, 31.5, 15).map((v) => v || 2))).toBe("no-background");
});

test("limits scale with the crop and with the cell diameter", () => {
  for (const size of [48, 64, 96, 128]) {
    const c = (size - 1) / 2;
    expect(verdict(disk(size, size, c, c, size / 4), size)).toBe("ok");
    expect(verdict(disk(size, size, c, c, size / 12), size)).toBe("small");
  }
  const cell = disk(128, 128, 63.5, 63.5, 10);
  expect(judgeMask(cell, 128, 128).verdict).toBe("small");
  expect(judgeMask(cell, 128, 128, 20).verdict).toBe("ok");
});

test("a mask of another size is refused", () => {
  expect(() => judgeMask(new Uint8Array(10), 4, 4)).toThrow("mask has 10 pixels, expected 4 x 4");
});

test("limits can be lifted, what makes a mask useless cannot", () => {
  expect(passes("ok")).toBe(true);
  expect(passes("border")).toBe(false);
  expect(passes("border", ["border"])).toBe(true);
  expect(passes("border;ragged", ["border"])).toBe(false);
  expect(passes("border;ragged", ["ragged", "border"])).toBe(true);
  for (const useless of ["empty", "no-center", "no-background", "border;constant"])
    expect(passes(useless, LIFTABLE)).toBe(false);
});

test("limits are worth lifting where they alone leave out more than a tenth", () => {
  const rest = Array.from({ length: 16 }, () => "ok");
  expect(worthLifting([...rest, "border", "empty", "empty", "border;constant"])).toEqual([]);
  expect(worthLifting([...rest, "ragged", "ragged;border", "small;empty"])).toEqual(["ragged", "border"]);
});

test("areas, edge and centroid are those that a count of every pixel gives, in crops of any width", () => {
  const random = mulberry32(4);
  for (let n = 0; n < 60; n++) {
    const [height, width] = [1 + Math.floor(12 * random()), 1 + Math.floor(17 * random())];
    const patch = 1 + Math.floor(6 * random());
    const drawn = Array.from({ length: 400 }, () => Math.floor(3 * random()));
    const mask = Uint8Array.from({ length: height * width }, (_, p) => drawn[Math.floor(p / patch)]);
    const of = (label: number) => [...mask.keys()].filter((p) => mask[p] === label);
    const center = of(1);
    const atEdge = (p: number) =>
      p < width || p >= (height - 1) * width || p % width === 0 || p % width === width - 1;
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const [y, x] = [mean(center.map((p) => Math.floor(p / width))), mean(center.map((p) => p % width))];
    expect(measureMask(mask, height, width)).toMatchObject({
      Quality_CenterArea: center.length,
      Quality_NeighborArea: of(2).length,
      Quality_BackgroundArea: of(0).length,
      Quality_Border: center.filter(atEdge).length,
      Quality_Offset: center.length === 0 ? 0 : Math.hypot(x - (width - 1) / 2, y - (height - 1) / 2),
    });
  }
});

test("cells that are not convex have a solidity limit of their own, or none", () => {
  // A cross fills well under 0.9 of its hull.
  const cross = new Uint8Array(64 * 64);
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 64; x++) {
      const [dy, dx] = [Math.abs(y - 31.5), Math.abs(x - 31.5)];
      if ((dy < 4 && dx < 20) || (dx < 4 && dy < 20)) cross[64 * y + x] = 1;
    }
  const measures = measureMask(cross, 64, 64);
  expect(measures.Quality_Solidity).toBeLessThan(0.7);
  expect(verdictOf(measures, 32)).toBe("ragged");
  expect(verdictOf(measures, 32, 0)).toBe("ok");
});
