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
