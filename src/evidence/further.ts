import { z } from "zod";
import type { Estimate } from "./estimate.ts";

/** Of a number whose pairs of classes were drawn: how many, of how many, and its standard error around that of all. */
export const SAMPLED = z.strictObject({
  pairs: z.int().min(0),
  of: z.int().min(0),
  /** Null where the draw cannot tell. */
  se: z.number().nullable(),
});

/** A number of further evidence as stages and reports keep it: an {@link Estimate} with what it is of. */
export const STATED_NUMBER = z.strictObject({
  /** What is estimated, as `results/effects` names it: `paste-seen/self`, ... */
  statement: z.string(),
  /**
   * `accuracy` and `share` from 0 to 1; `difference` of two of them; `slope` of one of them and slope of `log-odds`, both per
   * the unit that docs/tables.md names; `ratio`.
   */
  kind: z.enum(["accuracy", "share", "difference", "slope", "log-odds", "ratio"]),
  /** The one class (or protein) that it is about; null: mean over classes. */
  class: z.string().nullable(),
  estimate: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  se: z.number().nullable(),
  df: z.number().nullable(),
  /** Two-sided p value of the null that `method` names. */
  p: z.number().nullable(),
  /** False discovery rate over the numbers of the same statement. */
  q: z.number().nullable(),
  /** Cells of the class with fewest. */
  cells: z.int().min(0),
  /** Clusters of the class with fewest. */
  clusters: z.int().min(0),
  unit: z.enum(["field", "protein", "cluster"]),
  groups: z.int().min(0),
  classes: z.int().min(0),
  level: z.number().gt(0).lt(1),
  method: z.string(),
  /** Why there is no interval or no number. */
  refused: z.string().nullable(),
  sampled: SAMPLED.optional(),
});
export type StatedNumber = z.infer<typeof STATED_NUMBER>;

/** An estimate as a {@link StatedNumber}. */
export function statedNumber(
  of: Estimate,
  about: Pick<StatedNumber, "statement" | "kind"> & Partial<Pick<StatedNumber, "class" | "q">>,
): StatedNumber {
  const { refused, ...rest } = of;
  return {
    class: null,
    q: null,
    ...about,
    ...rest,
    estimate: Number.isFinite(of.estimate) ? of.estimate : null,
    refused: refused ?? null,
  };
}
