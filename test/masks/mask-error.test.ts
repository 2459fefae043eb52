import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { BitMask } from "../../src/image/bit-mask.ts";
import { dilate, erode } from "../../src/image/morphology.ts";
import { type MaskError, MaskErrors, summarizeChanges } from "../../src/masks/mask-error.ts";

/** Rows of `.` medium, `#` cell, `o` neighbor. */
const mask = (...rows: string[]) => Uint8Array.from(rows.join(""), (c) => ".#o".indexOf(c));
const text = (labels: Uint8Array, width: number) =>
  Array.from({ length: labels.length / width }, (_, y) =>
    Array.from(labels.subarray(y * width, (y + 1) * width), (label) => ".#o"[label]).join(""),
  );

/** The mask with an error, and what that did. */
function wrong(rows: string[], error: MaskError, { diameter = 8, seed = 1 } = {}) {
  const width = rows[0].length;
  const labels = mask(...rows);
  const change = new MaskErrors(rows.length, width, diameter).put(labels, error, seed);
  return { rows: text(labels, width), ...change };
}

describe("outlines", () => {
  // biome-ignore format: a matrix
  const cell = [
    "........",
    "..###.oo",
    "..###.oo",
    "..###.oo",
    "........",
  ];

  test("grow over medium, never over another cell", () => {
    const { rows, iou, stopped } = wrong(cell, { kind: "dilate", amount: 1 });
    // biome-ignore format: a matrix
    expect(rows).toEqual([
      "..###...",
      ".#####oo",
      ".#####oo",
      ".#####oo",
      "..###...",
    ]);
    expect([iou, stopped]).toEqual([9 / 21, false]);
    expect(wrong(cell, { kind: "dilate", amount: 2 }).rows[2]).toBe("######oo");
  });

  test("shrink from every side, a neighbor's too, but not from the crop's edge", () => {
    expect(wrong(cell, { kind: "erode", amount: 1 })).toEqual({
      rows: ["........", "......oo", "...#..oo", "......oo", "........"],
      iou: 1 / 9,
      stopped: false,
    });
    // biome-ignore format: a matrix
    expect(wrong(["####", "####", "##oo", "...."], { kind: "erode", amount: 1 }).rows).toEqual([
      "####",
      "##..",
      "..oo",
      "....",
    ]);
  });

  test("stop where a tenth of the cell is left, the innermost", () => {
    const disk = Array.from({ length: 15 }, (_, y) =>
      Array.from({ length: 15 }, (_, x) => ((y - 7) ** 2 + (x - 7) ** 2 <= 36 ? "#" : ".")).join(""),
    );
    const area = disk.join("").split("#").length - 1;
    const { rows, iou, stopped } = wrong(disk, { kind: "erode", amount: 30 });
    const left = rows.join("").split("#").length - 1;
    expect(stopped).toBe(true);
    expect(left).toBeGreaterThanOrEqual(Math.ceil(area / 10));
    expect(left).toBeLessThan(area / 5);
    expect(iou).toBeCloseTo(left / area, 12);
    expect(rows[7][7]).toBe("#");
    expect(wrong(["#"], { kind: "erode", amount: 3 }).rows).toEqual(["#"]);
    expect(wrong([".#."], { kind: "erode", amount: 3 })).toEqual({ rows: [".#."], iou: 1, stopped: true });
  });

  test("are those of morphology with a disk, on drawn masks without neighbors", () => {
    const random = mulberry32(4);
    const size = 24;
    for (const kind of ["dilate", "erode"] as const)
      for (const amount of [1, 1.5, 2, 3]) {
        const labels = new Uint8Array(size * size);
        for (let n = 0; n < 3; n++) {
          const [y0, x0, r] = [8 + 8 * random(), 8 + 8 * random(), 5 + 3 * random()];
          for (let p = 0; p < labels.length; p++)
            if ((Math.floor(p / size) - y0) ** 2 + ((p % size) - x0) ** 2 <= r * r) labels[p] = 1;
        }
        const changed = new BitMask(size, size).equal(labels, 1);
        const area = changed.count();
        (kind === "erode" ? erode : dilate)(changed, amount);
        expect(changed.count()).toBeGreaterThan(area / 10);
        const expected = new Uint8Array(size * size);
        changed.label(expected, 1);
        new MaskErrors(size, size, 12).put(labels, { kind, amount }, 1);
        expect(labels).toEqual(expected);
      }
  });
});

describe("slices", () => {
  // biome-ignore format: a matrix
  const cells = [
    "..........",
    ".####oooo.",
    ".####oooo.",
    ".####oooo.",
    ".####oooo.",
    "..........",
  ];

  test("of a neighbor are its pixels nearest to a place near the cell, of the size asked for", () => {
    const places = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { rows, iou } = wrong(cells, { kind: "neighbor-slice", amount: 0.25 }, { seed });
      const now = rows.join("");
      const taken = [...now].flatMap((c, p) => (c === "#" && cells.join("")[p] === "o" ? [p] : []));
      expect(taken).toHaveLength(4);
      expect(iou).toBe(16 / 20);
      // Diameter 8: neighbors within 1 px are near, and the slice lies around one of their pixels.
      expect(taken.some((p) => p % 10 === 5)).toBe(true);
      expect([...now].filter((c) => c !== ".").length).toBe(32);
      places.add(now);
    }
    expect(places.size).toBeGreaterThan(2);
    const same = [1, 1].map((seed) => wrong(cells, { kind: "neighbor-slice", amount: 0.25 }, { seed }).rows);
    expect(same[0]).toEqual(same[1]);
  });

  test("take the whole neighbor where it is smaller, and nothing where none is near", () => {
    const all = wrong([".##o.", ".##o."], { kind: "neighbor-slice", amount: 0.9 });
    expect(all.rows).toEqual([".###.", ".###."]);
    const far = ["##...oo", "##...oo"];
    expect(wrong(far, { kind: "neighbor-slice", amount: 0.5 })).toEqual({
      rows: far,
      iou: 1,
      stopped: false,
    });
  });

  test("of the cell are cut off by a straight line, and leave the rest", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { rows, iou } = wrong(cells, { kind: "cell-slice", amount: 0.25 }, { seed });
      const now = rows.join("");
      const before = cells.join("");
      const lost = [...now].flatMap((c, p) => (c !== before[p] ? [p] : []));
      expect(lost).toHaveLength(4);
      expect(lost.every((p) => before[p] === "#" && now[p] === ".")).toBe(true);
      expect(iou).toBe(0.75);
      // What is left and what is lost lie on two sides of a line: their centers are apart.
      const center = (list: number[]) => [
        list.reduce((s, p) => s + Math.floor(p / 10), 0) / list.length,
        list.reduce((s, p) => s + (p % 10), 0) / list.length,
      ];
      const left = [...now].flatMap((c, p) => (c === "#" ? [p] : []));
      const [a, b] = [center(lost), center(left)];
      expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeGreaterThan(1);
    }
  });
});

test("a mask without a center cell stays as it is", () => {
  for (const kind of ["dilate", "erode", "neighbor-slice", "cell-slice"] as const)
    expect(wrong(["..oo", "...."], { kind, amount: 0.5 })).toEqual({
      rows: ["..oo", "...."],
      iou: 1,
      stopped: false,
    });
});

test("a summary counts what changed and has the median overlap", () => {
  const change = (iou: number, stopped = false) => ({ iou, stopped });
  expect(summarizeChanges([change(1), change(0.5, true), change(0.8)])).toEqual({
    cells: 3,
    changed: 2,
    stopped: 1,
    iou: 0.8,
  });
  expect(summarizeChanges([])).toEqual({ cells: 0, changed: 0, stopped: 0, iou: 1 });
});
