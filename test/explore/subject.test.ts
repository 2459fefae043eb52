import { expect, test } from "vitest";
import type { Filtered } from "../../src/explore/filter.ts";
import { cellListText, formatList, parseList } from "../../src/explore/list.ts";
import { barsOf, overBackgrounds, subjectOf } from "../../src/explore/subject.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";

const number = (setting: Setting) => SETTINGS.indexOf(setting);
const PLAN: [cell: number, setting: Setting, background: number][] = [
  [0, "original", -1],
  [1, "original", -1],
  [0, "same", 0],
  [0, "cell-free", 1],
  [0, "cell-free", 2],
  [0, "different", 1],
  [0, "different", 2],
  [0, "masked", -1],
];
const composites = {
  cell: Int32Array.from(PLAN, (r) => r[0]),
  setting: Uint8Array.from(PLAN, (r) => number(r[1])),
  background: Int16Array.from(PLAN, (r) => r[2]),
  donor: new Int32Array(PLAN.length),
};
const rows = { rowsOf: Int32Array.of(0, 2, 3, 4, 5, 6, 7, 1), starts: Int32Array.of(0, 7, 8, 8) };
const of = {
  composites,
  classes: ["a", "b", "c"],
  predictions: {
    margin: Float32Array.of(5, 5, 4, 1, 1, 2, -3, 0),
    prediction: new Int16Array(8),
    lent: new Float32Array(8),
  },
} as unknown as Filtered;

test("a cell is shown in every setting, on the background where it loses most", () => {
  expect(subjectOf(of, rows, 0, null)).toEqual({
    cell: 0,
    rows: [0, 2, 4, 6, 7],
    backgrounds: [1, 2],
    on: 2,
  });
  expect(subjectOf(of, rows, 0, "b").rows).toEqual([0, 2, 3, 5, 7]);
  expect(subjectOf(of, rows, 0, "no such class").on).toBe(2);
  const bare = { ...of, predictions: null };
  expect(subjectOf(bare, rows, 0, null).on).toBe(1);
  // A background of its own class, which `different` leaves out, is not the first choice.
  const setting = composites.setting.map((s, row) => (row === 5 ? number("masked") : s));
  expect(subjectOf({ ...bare, composites: { ...composites, setting } }, rows, 0, null).on).toBe(2);
  expect(subjectOf(of, rows, 1, "b")).toEqual({ cell: 1, rows: [1], backgrounds: [], on: -1 });
  expect(subjectOf(of, rows, 2, null).rows).toEqual([]);
});

test("a cell over its backgrounds", () => {
  expect(overBackgrounds(of, rows, 0)).toEqual([0, 2, 5, 6]);
  expect(overBackgrounds(of, rows, 1)).toEqual([1]);
});

test("bars are the most probable classes and those that are marked", () => {
  const known = {
    own: 3,
    background: 1,
    called: 0,
    probability: { own: 0.05, lent: 0.2, called: 0.4 },
    all: Float32Array.of(0.5, 0.125, 0.25, 0.0625, 0.0625),
  };
  const bars = barsOf(known, 2);
  expect(bars.map((b) => [b.of, b.probability])).toEqual([
    [0, 0.5],
    [2, 0.25],
    [1, 0.125],
    [3, 0.0625],
  ]);
  expect(bars.find((b) => b.own)?.of).toBe(3);
  expect(bars.find((b) => b.lent)?.of).toBe(1);
  expect(bars.find((b) => b.called)?.of).toBe(0);
  // Without the probabilities of all classes.
  expect(barsOf({ ...known, all: null }, 2).map((b) => b.of)).toEqual([0, 1, 3]);
  expect(
    barsOf(
      {
        ...known,
        all: null,
        background: -1,
        probability: { own: 0.5, lent: Number.NaN, called: 0.5 },
        called: 3,
      },
      2,
    ),
  ).toHaveLength(1);
});

test("the list comes back from its address, whatever the ids are", () => {
  const ids = ["a&b=c", "50 %", "#x\t", "ü/ö", "1"];
  expect(parseList(formatList(ids))).toEqual(ids);
  expect(parseList("")).toEqual([]);
  expect(parseList("#other")).toEqual([]);
  expect(formatList([])).toBe("");
  expect(parseList(formatList(["x", "x"]))).toEqual(["x"]);
  expect(cellListText(ids).split("\n")).toEqual([...ids, ""]);
});
