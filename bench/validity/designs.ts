import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import type { Design } from "./model.ts";

/** What is simulated, and how often. */
export interface Cell {
  readonly part: "grid" | "variant" | "drawn" | "held out" | "open";
  readonly design: Design;
  readonly replicates: number;
  /** Also the percentile bootstrap over fields, for this many replicates. */
  readonly bootstrap: number;
}

const STANDARD = {
  dimension: 10,
  signal: 0.45,
  medium: 0.3,
  neighbors: 0.5,
  ownField: 0.4,
  donorField: 0.3,
  protein: 0,
  paste: 0.3,
  heavy: false,
  uneven: 1,
};

function settings(fewest: number): Setting[] {
  return SETTINGS.filter((s) => s !== "background-only" && (s !== "same" || fewest >= 6));
}

export function design(
  name: string,
  fields: readonly number[],
  lambda: number,
  more: Partial<Design> = {},
): Design {
  const fewest = Math.min(...fields);
  return {
    ...STANDARD,
    name,
    fields,
    cells: Math.max(60, 6 * Math.max(...fields)),
    lambda,
    settings: settings(more.protein !== undefined && more.protein > 0 ? fewest >> 1 : fewest),
    ...more,
  };
}

const repeat = (n: number, v: number) => Array.from({ length: n }, () => v);

/** Fields, classes and dose, everything else as in STANDARD. */
export function grid(): Cell[] {
  const cells: Cell[] = [];
  for (const [classes, replicates] of [
    [3, 1200],
    [6, 500],
    [15, 200],
  ])
    for (const fields of [3, 4, 6, 10, 20])
      for (const lambda of [0, 0.3, 1])
        cells.push({
          part: "grid",
          design: design(`C${classes}-F${fields}-dose${lambda}`, repeat(classes, fields), lambda),
          replicates: fields === 20 && classes === 15 ? 100 : replicates,
          bootstrap: classes === 3 ? 400 : 0,
        });
  return cells;
}

/** One thing changed at a time. */
export function variants(): Cell[] {
  const change: [string, Partial<Design>][] = [
    ["heavy-tailed fields", { heavy: true }],
    ["uneven fields", { uneven: 4 }],
    ["strong fields", { ownField: 0.8, donorField: 0.6 }],
    ["weak fields", { ownField: 0.1, donorField: 0.1 }],
    ["weak signal", { signal: 0.25 }],
    ["30 features", { dimension: 30, signal: 0.26 }],
    ["200 cells", { cells: 200 }],
  ];
  const cells: Cell[] = [];
  for (const fields of [3, 6, 10])
    for (const [name, more] of change)
      for (const lambda of [0, 1])
        cells.push({
          part: "variant",
          design: design(`${name}-F${fields}-dose${lambda}`, repeat(4, fields), lambda, more),
          replicates: 400,
          bootstrap: 0,
        });
  for (const lambda of [0, 1]) {
    const more = (name: string, fields: number[], change: Partial<Design> = {}) =>
      cells.push({
        part: "variant",
        design: design(`${name}-dose${lambda}`, fields, lambda, change),
        replicates: 400,
        bootstrap: 0,
      });
    more("unequal classes 3 to 8", [3, 4, 6, 8]);
    more("unequal classes 6 to 20", [6, 9, 14, 20]);
    more("6 proteins a class", repeat(4, 12), { protein: 0.3 });
    more("10 proteins a class", repeat(4, 20), { protein: 0.3 });
    more("2 fields", repeat(4, 2));
    more("2 classes", repeat(2, 6));
  }
  return cells;
}

/**
 * Designs drawn at random, with a seed of their own. The first 80 had been looked at when the rule was last changed
 * (degrees of freedom of two classes after 40 of them, the least factor of paired settings after 80); the last 40 came
 * after that.
 */
export function heldOut(): Cell[] {
  const random = mulberry32(namedSeed(20, "held out"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  return Array.from({ length: 120 }, (_, i): Cell => {
    const classes = pick([2, 3, 4, 5, 8, 12]);
    const fields = pick([3, 4, 5, 6, 7, 8, 9, 12, 16, 24]);
    const dimension = pick([4, 8, 12, 16, 24]);
    const more = {
      dimension,
      signal: pick([1.3, 1.8, 2.3, 2.8]) / Math.sqrt(2 * dimension),
      medium: pick([0.1, 0.2, 0.4]),
      neighbors: pick([0.3, 0.5, 0.7]),
      ownField: pick([0.15, 0.3, 0.5]),
      donorField: pick([0.15, 0.3, 0.5]),
      paste: pick([0.1, 0.2, 0.4]),
      heavy: random() < 0.25,
      uneven: random() < 0.25 ? 3 : 1,
      cells: Math.max(pick([48, 80]), 4 * fields),
    };
    const lambda = pick([0, 0, 0.2, 0.5, 1]);
    return {
      part: i < 80 ? "drawn" : "held out",
      design: design(`${i + 1}: C${classes}-F${fields}-dose${lambda}`, repeat(classes, fields), lambda, more),
      replicates: classes > 6 ? 200 : 300,
      bootstrap: 0,
    };
  });
}

/** Today's other way: donors from anywhere, five folds of cells. */
export function open(): Cell[] {
  return [3, 6, 20].map((fields) => ({
    part: "open",
    design: design(`open-C3-F${fields}-dose0`, repeat(3, fields), 0, {
      open: true,
      settings: settings(6),
    }),
    replicates: 400,
    bootstrap: 400,
  }));
}
