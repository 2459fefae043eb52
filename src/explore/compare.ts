import { z } from "zod";
import { SETTINGS } from "../settings.ts";

/** Version of what is kept of comparisons; the page refuses another. */
export const COMPARISON_VERSION = 1;

const count = z.int().min(0);

/** What two encoders are compared in: accuracies and effects of pair probes; shares of probes trained on originals. */
export const COMPARED_KINDS = ["accuracy", "effect", "transfer", "capture"] as const;
export type ComparedKind = (typeof COMPARED_KINDS)[number];

/** First minus second in one statement. Numbers are shares. */
const difference = z.strictObject({
  /** As `results/effects` names it. */
  statement: z.string(),
  kind: z.enum(COMPARED_KINDS),
  /** The one class that it is about; null: mean over classes. */
  class: z.string().nullable(),
  /** What is stated of each encoder. */
  first: z.number(),
  second: z.number(),
  estimate: z.number(),
  /** Null where there is no interval; `refused` then says why. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  level: z.number().gt(0).lt(1),
  /** Two-sided p value of no difference, adjusted as the interval; null without one. */
  p: z.number().nullable(),
  /** False discovery rate over the classes; null for averages. */
  q: z.number().nullable(),
  /** Cells of the class with fewest. */
  cells: count,
  /** Clusters of the class with fewest. */
  clusters: count,
  unit: z.enum(["field", "protein", "cluster"]),
  groups: count,
  classes: count,
  method: z.string(),
  refused: z.string().nullable(),
});
export type ComparedNumber = z.infer<typeof difference>;

/** How many are called otherwise than the cell's original by both encoders, by one of them and by none. */
const flips = z.strictObject({
  setting: z.enum(SETTINGS),
  /** Null: cells of all classes. */
  class: z.string().nullable(),
  /** Composites are counted, or cells: those that flip on at least one background. */
  of: z.enum(["composites", "cells"]),
  both: count,
  first: count,
  second: count,
  neither: count,
});
export type ComparedFlips = z.infer<typeof flips>;

const side = z.strictObject({
  /** Position among the studies. */
  study: count,
  encoder: z.string(),
});
export type ComparedSide = z.infer<typeof side>;

const pair = z.strictObject({
  first: side,
  second: side,
  /** Why the two cannot be compared; null where they are. */
  refused: z.string().nullable(),
  /** Half width of the zone of equivalence, a share; null where the studies have different ones. */
  zone: z.number().nullable(),
  /** Number of pairs that intervals of averages hold for at once, statement by statement. */
  atOnce: count,
  /** Settings, with their backgrounds, that only one of the studies has: they are not compared. */
  leftOut: z.array(z.string()),
  numbers: z.array(difference),
  flips: z.array(flips),
});
export type ComparedPair = z.infer<typeof pair>;

/** `compare.json`: every two encoders of the studies that are shown. */
export const comparisonSchema = z.strictObject({
  version: z.literal(COMPARISON_VERSION),
  pairs: z.array(pair),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** A side in the address of the page: `1/deeploc`. */
export function formatSide({ study, encoder }: ComparedSide): string {
  return `${study}/${encoder}`;
}

/** The side that a text of the address names; null for none. */
export function parseSide(text: string | null): ComparedSide | null {
  const found = /^(\d{1,4})\/(.+)$/.exec(text ?? "");
  return found === null ? null : { study: Number(found[1]), encoder: found[2] };
}

function isSide(one: ComparedSide, other: ComparedSide): boolean {
  return one.study === other.study && one.encoder === other.encoder;
}

/** All that an encoder can be compared with, refused or not, in the order of the studies. */
export function othersOf(comparison: Comparison, first: ComparedSide): ComparedSide[] {
  return comparison.pairs
    .flatMap((p) => (isSide(p.first, first) ? [p.second] : isSide(p.second, first) ? [p.first] : []))
    .sort((a, b) => a.study - b.study);
}

/** First minus second of two encoders, whichever of them the file has first; null where it has none of both. */
export function pairOf(
  comparison: Comparison,
  first: ComparedSide,
  second: ComparedSide,
): ComparedPair | null {
  for (const pair of comparison.pairs) {
    if (isSide(pair.first, first) && isSide(pair.second, second)) return pair;
    if (isSide(pair.first, second) && isSide(pair.second, first)) return reversed(pair);
  }
  return null;
}

function reversed(pair: ComparedPair): ComparedPair {
  const minus = (v: number | null) => (v === null ? null : 0 - v);
  return {
    ...pair,
    first: pair.second,
    second: pair.first,
    numbers: pair.numbers.map((n) => ({
      ...n,
      first: n.second,
      second: n.first,
      estimate: 0 - n.estimate,
      low: minus(n.high),
      high: minus(n.low),
    })),
    flips: pair.flips.map((f) => ({ ...f, first: f.second, second: f.first })),
  };
}

/** Composites by columns, and where those of every cell stand, as the page has them. */
export interface CompositesByCell {
  readonly setting: ArrayLike<number>;
  readonly background: ArrayLike<number>;
  readonly cell: ArrayLike<number>;
  readonly rowsOf: ArrayLike<number>;
  readonly starts: ArrayLike<number>;
}

/** For each of `rows` of one study, the row of the same cell, setting and background in another; -1 for none. */
export function matchRows(rows: Int32Array, one: CompositesByCell, two: CompositesByCell): Int32Array {
  if (one === two) return rows;
  return rows.map((row) => {
    const cell = one.cell[row];
    for (let k = two.starts[cell]; k < two.starts[cell + 1]; k++) {
      const other = two.rowsOf[k];
      if (two.setting[other] === one.setting[row] && two.background[other] === one.background[row])
        return other;
    }
    return -1;
  });
}
