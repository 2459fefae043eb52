import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import {
  baseShare,
  captureShare,
  confusedClasses,
  confusionOf,
  flipMap,
  flippedClasses,
  meanRight,
  shareAt,
} from "../../src/explore/confusion.ts";
import { type Filter, type Filtered, filterRows } from "../../src/explore/filter.ts";
import { SquareCounts } from "../../src/explore/square-counts.ts";
import { INITIAL } from "../../src/explore/url.ts";
import { drawn } from "./made.ts";

const of = drawn(5, { rows: 3000 });
const { composites, cells, classes } = of;
const prediction = of.predictions!.prediction;
const different = of.settings.indexOf("different");
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

/** Rows of `different` that have a class and a prediction. */
const judged = (filter: Filter) =>
  [...filterRows(of, { ...filter, setting: "different" })].filter(
    (row) => cells.class[composites.cell[row]] >= 0 && prediction[row] >= 0,
  );

const FILTERS: Partial<Filter>[] = [
  {},
  { background: "class 1" },
  { class: "class 2" },
  { field: "f3", background: "class 0" },
  { quality: "ok" },
  { search: "nobody" },
];

test.each(FILTERS)("counts every judged composite once: %o", (choice) => {
  const filter = { ...INITIAL, ...choice };
  const { counts, totals, foreign, captured, cells: seen } = confusionOf(of, filter, different);
  const rows = judged(filter);
  expect(seen).toBe(new Set(rows.map((row) => composites.cell[row])).size);
  classes.forEach((_, own) => {
    const mine = rows.filter((row) => cells.class[composites.cell[row]] === own);
    expect(totals[own]).toBe(mine.length);
    classes.forEach((_, called) => {
      expect(counts.at(own, called)).toBe(mine.filter((row) => prediction[row] === called).length);
    });
    const swapped = mine.filter(
      (row) => composites.background[row] >= 0 && composites.background[row] !== own,
    );
    expect(foreign[own]).toBe(swapped.length);
    classes.forEach((_, called) => {
      expect(captured.at(own, called)).toBe(
        swapped.filter((row) => prediction[row] === called && composites.background[row] === called).length,
      );
    });
  });
});

test("what only composites are asked does not narrow the matrix", () => {
  const whole = confusionOf(of, INITIAL, different);
  const filter: Filter = { ...INITIAL, flipped: true, called: "class 1", setting: "cell-free" };
  expect(confusionOf(of, filter, different)).toEqual(whole);
  expect(sum(whole.totals)).toBeGreaterThan(100);
});

test("a background does not narrow a setting that lends none", () => {
  const bare: Filtered = {
    ...of,
    composites: {
      ...composites,
      background: composites.background.map((b, row) => (composites.setting[row] === 0 ? -1 : b)),
    },
  };
  const whole = confusionOf(bare, INITIAL, 0);
  expect(confusionOf(bare, { ...INITIAL, background: "class 1" }, 0)).toEqual(whole);
  expect(sum(whole.totals)).toBeGreaterThan(0);
  expect(sum(whole.foreign)).toBe(0);
});

test("rows sum to one, rows without composites are unknown", () => {
  const only = confusionOf(of, { ...INITIAL, class: "class 2" }, different);
  expect(meanRight(only)).toBe(shareAt(only, 2, 2));
  classes.forEach((_, own) => {
    const row = classes.map((_, called) => shareAt(only, own, called));
    if (own === 2) expect(sum(row)).toBeCloseTo(1, 12);
    else expect(row.every(Number.isNaN)).toBe(true);
  });
});

test("each class counts the same in the captured share", () => {
  const captured = new SquareCounts(2);
  captured.add(0, 1);
  captured.add(1, 0);
  const found = captureShare({ foreign: Int32Array.of(10, 2), captured });
  expect(found).toEqual({ share: 0.3, composites: 12, classes: 2 });
  const none = captureShare(confusionOf({ ...of, predictions: null }, INITIAL, different));
  expect(none.share).toBeNaN();
  expect(none.composites).toBe(0);
});

test("the base is what the same cells are called among their own", () => {
  const [base, other] = ["same", "different"].map((s) => of.settings.indexOf(s));
  const calledInSame = new Map<number, number>();
  composites.setting.forEach((s, row) => {
    if (s === base) calledInSame.set(composites.cell[row], prediction[row]);
  });
  const rows = judged(INITIAL).filter((row) => {
    const cell = composites.cell[row];
    const background = composites.background[row];
    return background >= 0 && background !== cells.class[cell] && (calledInSame.get(cell) ?? -1) >= 0;
  });
  const shares = classes.flatMap((_, own) => {
    const mine = rows.filter((row) => cells.class[composites.cell[row]] === own);
    const held = mine.filter((row) => calledInSame.get(composites.cell[row]) === composites.background[row]);
    return mine.length === 0 ? [] : [held.length / mine.length];
  });
  expect(shares.some((s) => s > 0)).toBe(true);
  expect(baseShare(of, INITIAL, other, base)).toBeCloseTo(sum(shares) / shares.length, 12);
  expect(baseShare(of, { ...INITIAL, search: "nobody" }, other, base)).toBeNaN();
});

test("flips by class and background, over all classes and backgrounds", () => {
  const filter = { ...INITIAL, class: "class 1", background: "class 0", quality: "ok" };
  const map = flipMap(of, filter, different);
  const asked: Filter = { ...INITIAL, quality: "ok", setting: "different" };
  classes.forEach((own, i) => {
    classes.forEach((background, j) => {
      const count = (flipped: boolean) =>
        [...filterRows(of, { ...asked, class: own, background, flipped })].filter((row) => {
          const original = of.originals[composites.cell[row]];
          return prediction[row] >= 0 && prediction[original] >= 0;
        }).length;
      expect(map.composites.at(i, j)).toBe(count(false));
      expect(map.flipped.at(i, j)).toBe(count(true));
    });
  });
  expect(sum(map.flipped.rowSums())).toBeGreaterThan(0);
});

test("of many classes a matrix shows those that are taken for others, or others for them, most often", () => {
  const k = 80;
  const counts = new SquareCounts(k);
  for (let c = 0; c < k; c++) counts.add(c, c, 9);
  // 79 is called 3 and 5; everything else is right but for one composite each of 40 to 76.
  counts.add(79, 3, 7);
  counts.add(79, 5, 2);
  for (let c = 40; c < 77; c++) counts.add(c, 78);
  const totals = new Int32Array(k).fill(9);
  const shown = confusedClasses([{ counts, totals }]);
  expect(shown).toHaveLength(40);
  expect(shown.slice(0, 3)).toEqual([3, 5, 40]);
  expect(shown.slice(-3)).toEqual([75, 78, 79]);
  expect(confusedClasses([{ counts: new SquareCounts(60), totals: new Int32Array(60) }])).toHaveLength(60);
  const flipped = new SquareCounts(k);
  flipped.add(70, 1, 4);
  flipped.add(2, 0);
  const rows = flippedClasses({ flipped, composites: flipped }, k);
  expect(rows).toHaveLength(40);
  expect(rows).toContain(70);
  const none = new SquareCounts(3);
  expect(flippedClasses({ flipped: none, composites: none }, 3)).toEqual([0, 1, 2]);
});

test("what is counted is the same whether a place is held for every square or not", () => {
  const [held, found] = [new SquareCounts(7), new SquareCounts(7, 0)];
  const random = mulberry32(2);
  for (let n = 0; n < 60; n++) {
    const [row, column] = [Math.floor(7 * random()), Math.floor(7 * random())];
    held.add(row, column);
    found.add(row, column);
  }
  const list = (counts: SquareCounts) => {
    const out: number[][] = [];
    counts.each((...square) => out.push(square));
    return out;
  };
  expect(list(found)).toEqual(list(held));
  expect(list(held).length).toBeLessThan(49);
  expect(found.rowSums()).toEqual(held.rowSums());
  for (let row = 0; row < 7; row++)
    for (let column = 0; column < 7; column++) expect(found.at(row, column)).toBe(held.at(row, column));
});
