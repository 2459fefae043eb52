import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { isFlipped } from "../../src/explore/filter.ts";
import {
  countCodes,
  MAP_COLORS,
  MOST_COLORED,
  mapCodes,
  marginColor,
  mixed,
  NO_CODE,
  OTHERS,
  STEPS,
} from "../../src/explore/map/color.ts";
import { formatLasso, inLasso, parseLasso, simpler } from "../../src/explore/map/lasso.ts";
import { stepsOf } from "../../src/explore/map/path.ts";
import {
  frameOf,
  PlaceIndex,
  type Places,
  ticksOf,
  toPlace,
  toScreen,
  zoomed,
} from "../../src/explore/map/place.ts";
import { SETTINGS } from "../../src/settings.ts";
import { drawn } from "./made.ts";

const of = drawn(3);
const size = { width: 640, height: 480 };

/** Places of `n` composites, every seventh of them nowhere. */
function places(seed: number, n: number): Places {
  const random = mulberry32(seed);
  const some = () =>
    Float32Array.from({ length: n }, (_, i) => (i % 7 === 3 ? Number.NaN : 20 * random() - 5));
  return { x: some(), y: some() };
}
const all = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

test("a frame holds all places, and a point on the screen is found again", () => {
  const at = places(1, 200);
  const frame = frameOf(at, size)!;
  for (let i = 0; i < 200; i++) {
    if (Number.isNaN(at.x[i])) continue;
    const [px, py] = toScreen(frame, size, at.x[i], at.y[i]);
    expect(px).toBeGreaterThan(0);
    expect(px).toBeLessThan(size.width);
    expect(py).toBeGreaterThan(0);
    expect(py).toBeLessThan(size.height);
    const [x, y] = toPlace(frame, size, px, py);
    expect(x).toBeCloseTo(at.x[i], 8);
    expect(y).toBeCloseTo(at.y[i], 8);
  }
  expect(frameOf({ x: Float32Array.of(Number.NaN), y: Float32Array.of(1) }, size)).toBeNull();
  expect(frameOf({ x: Float32Array.of(2), y: Float32Array.of(3) }, size)).toMatchObject({ x: 2, y: 3 });
});

test("what is under the pointer stays there when the map comes nearer", () => {
  const frame = frameOf(places(2, 50), size)!;
  const near = zoomed(frame, size, 100, 300, 3);
  expect(near.unit).toBeCloseTo(frame.unit / 3, 12);
  const [before, after] = [frame, near].map((f) => toPlace(f, size, 100, 300));
  expect(after[0]).toBeCloseTo(before[0], 10);
  expect(after[1]).toBeCloseTo(before[1], 10);
});

test("ticks are round and inside", () => {
  expect(ticksOf(-1.2, 3.3, 5)).toEqual([-1, 0, 1, 2, 3]);
  expect(ticksOf(0.011, 0.049, 4)).toEqual([0.02, 0.03, 0.04]);
  expect(ticksOf(1, 1, 4)).toEqual([]);
});

test("finds the nearest places as looking at each does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 300 }), (seed, n) => {
      const at = places(seed, n);
      const rows = all(n).filter((row) => row % 3 !== 1);
      const index = new PlaceIndex(at, rows);
      const [x, y] = [(seed % 40) - 15, (seed % 31) - 10];
      const far = (row: number) => (at.x[row] - x) ** 2 + (at.y[row] - y) ** 2;
      const sorted = [...rows]
        .filter((row) => !Number.isNaN(at.x[row] + at.y[row]))
        .sort((a, b) => far(a) - far(b) || a - b);
      const inReach = sorted.filter((row) => far(row) <= 9);
      expect(index.nearest(x, y, 3)).toBe(inReach[0] ?? -1);
      const odd = (row: number) => row % 2 === 1;
      expect(index.nearestOf(x, y, 5, odd)).toEqual(sorted.filter(odd).slice(0, 5));
    }),
  );
});

test("a lasso holds what lies inside", () => {
  const at = { x: Float32Array.of(1, 3, 1, Number.NaN, 2.5), y: Float32Array.of(1, 1, 3, 1, 2.5) };
  // An L: the square from 0 to 4 without its upper right quarter.
  const lasso = [
    [0, 0],
    [4, 0],
    [4, 2],
    [2, 2],
    [2, 4],
    [0, 4],
  ] as const;
  expect([...inLasso(all(5), at, lasso)]).toEqual([0, 1, 2]);
  expect([...inLasso(Int32Array.of(2, 4, 0), at, lasso)]).toEqual([2, 0]);
});

test("a lasso survives the address", () => {
  const lasso = [
    [-1.23456, 2],
    [1e-7, 30_000.4],
    [5, -6],
  ] as const;
  expect(parseLasso(formatLasso(lasso))).toEqual([
    [-1.235, 2],
    [1e-7, 30_000],
    [5, -6],
  ]);
  for (const wrong of ["", "1,2", "1,2 3,4", "1,2 3,4 5", "1,2 3,4 x,5", "1,2 3,4 5,", "1,2 3,4 5,Infinity"])
    expect(parseLasso(wrong), wrong).toBeNull();
  const round = Array.from({ length: 200 }, (_, i) => [Math.cos(i / 32), Math.sin(i / 32)] as const);
  const few = simpler(round);
  expect(few.length).toBeLessThanOrEqual(24);
  expect(few.length).toBeGreaterThan(12);
  // Corners on a straight line are worth nothing.
  const square = Array.from({ length: 40 }, (_, i) => {
    const [side, t] = [Math.floor(i / 10), (i % 10) / 10];
    return [
      [t, 0],
      [1, t],
      [1 - t, 1],
      [0, 1 - t],
    ][side] as [number, number];
  });
  expect(simpler(square)).toEqual([
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ]);
  expect(parseLasso(formatLasso(few))).not.toBeNull();
  // It still holds about what it held.
  const at = places(5, 2000);
  const near = { x: at.x.map((v) => v / 8), y: at.y.map((v) => v / 8) };
  const [whole, rest] = [round, few].map((l) => inLasso(all(2000), near, l).length);
  expect(whole).toBeGreaterThan(50);
  expect(Math.abs(rest - whole)).toBeLessThan(0.05 * whole);
});

test.each(MAP_COLORS)("codes by %s say what they name", (by) => {
  const { composites, cells, predictions, classes } = of;
  const { code, names, most } = mapCodes(of, by, null);
  const { prediction, margin } = predictions!;
  const words = (row: number): string | null => {
    const own = cells.class[composites.cell[row]];
    if (by === "class") return classes[own] ?? null;
    if (by === "called") return classes[prediction[row]] ?? null;
    if (by === "setting") return SETTINGS[composites.setting[row]];
    if (by === "flipped" && prediction[row] >= 0)
      return isFlipped(row, of, prediction) ? "called otherwise" : "called as its original";
    return null;
  };
  for (let row = 0; row < code.length; row++) {
    if (by !== "margin") {
      expect(names[code[row]] ?? null).toBe(words(row));
      continue;
    }
    const middle = (most! * (2 * code[row] + 1 - STEPS)) / STEPS;
    if (Math.abs(margin[row]) <= most!)
      expect(Math.abs(margin[row] - middle)).toBeLessThanOrEqual(most! / STEPS + 1e-6);
    else expect(code[row]).toBe(margin[row] < 0 ? 0 : STEPS - 1);
  }
  const rows = all(code.length).filter((row) => row % 2 === 0);
  const counts = countCodes(rows, { code, names, most });
  expect(counts.of.reduce((a, b) => a + b, counts.none)).toBe(rows.length);
  expect(counts.none).toBe([...rows].filter((row) => code[row] === NO_CODE).length);
});

test("without predictions there is nothing to color by, and hundreds of classes share a code", () => {
  const bare = { ...of, predictions: null };
  for (const by of ["called", "flipped", "margin"] as const)
    expect([...new Set(mapCodes(bare, by, null).code)]).toEqual([NO_CODE]);
  const classes = Array.from({ length: 400 }, (_, c) => `class ${c}`);
  const more = drawn(4, { cells: 120, rows: 900 });
  const cells = { ...more.cells, class: more.cells.class.map((_, c) => c * 3) };
  const own = (row: number) => cells.class[more.composites.cell[row]];
  const rows = all(more.composites.cell.length).filter((row) => own(row) >= 20);
  const codes = mapCodes({ ...more, classes, cells }, "class", rows);
  const { code, names } = codes;
  expect(names).toHaveLength(MOST_COLORED);
  for (let row = 0; row < code.length; row++)
    if (names.includes(classes[own(row)])) expect(names[code[row]]).toBe(classes[own(row)]);
    else expect(code[row]).toBe(OTHERS);
  // Those with colors are of more of the rows than any other, and of rows that are shown.
  const count = new Map<string, number>(classes.map((name) => [name, 0]));
  for (const row of rows) count.set(classes[own(row)], count.get(classes[own(row)])! + 1);
  const fewest = Math.min(...names.map((name) => count.get(name)!));
  for (const [name, n] of count) if (!names.includes(name)) expect(n).toBeLessThanOrEqual(fewest);
  const counts = countCodes(rows, codes);
  expect(counts.others).toBeGreaterThan(0);
  expect(counts.of.reduce((a, b) => a + b, counts.none + counts.others)).toBe(rows.length);
});

test("margins run from vermillion over gray to blue", () => {
  expect([0, (STEPS - 1) / 2, STEPS - 1].map(marginColor)).toEqual(["#d55e00", "#b8b8b8", "#0072b2"]);
  expect(mixed("#000000", "#ff8040", 0.5)).toBe("#804020");
});

test("lines join the ladder in its order, and the original with what shows one part", () => {
  const names = ["original", "self", "same", "cell-free", "different", "masked", "background-only"];
  const setting = Uint8Array.from(names, (name) => SETTINGS.indexOf(name as (typeof SETTINGS)[number]));
  const composites = { ...of.composites, setting };
  const rows = names.map((_, row) => row);
  expect(stepsOf({ composites }, { rows }).map(({ from, to }) => `${names[from]} ${names[to]}`)).toEqual([
    "original self",
    "self same",
    "same cell-free",
    "cell-free different",
    "original masked",
    "original background-only",
  ]);
  expect(stepsOf({ composites }, { rows: [5] })).toEqual([]);
});
