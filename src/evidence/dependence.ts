import type { Setting } from "../settings.ts";
import type { Grouping } from "./estimate.ts";
import type { Term } from "./judgments.ts";

/** Settings whose composites of a cell show the same fields: their own image's, or the same donor's. */
const SAME_FIELDS: readonly (readonly Setting[])[] = [
  ["original", "self"],
  ["cell-free", "different"],
];

/**
 * By how much the dependence of the folds multiplies a statement's cluster variance. Every field is tested once and
 * helps to train the machines of the other groups, so that fields' results are correlated in a way that one study
 * cannot estimate (Bengio and Grandvalet 2004; docs/validity.md derives what follows and what it rests on).
 *
 * Average over classes: between fields that do not interact, factor 1, and results that are nothing but interactions of
 * a tested with a training field, factor 2 (F - 1) / (F - 2), stands their geometric mean; it is infinite at F = 2.
 * Where a difference's two settings show the same fields of the same cells, interactions cancel up to the share of the
 * training set that is exchanged: 1 + test share / training share = K / (K - 1), but no less than the middle for many
 * fields, the square root of 2. One class: its fields also move the
 * threshold against each other, which offsets the interactions: K / (K - 1) for accuracies and 1 for differences.
 *
 * @param single the statement is about one class
 */
export function dependence(terms: readonly Term[], { count, fewest }: Grouping, single = false): number {
  const exchanged = count / (count - 1);
  if (single) return terms.length > 1 ? 1 : exchanged;
  const sameFields =
    terms.length === 2 &&
    terms[0].of === terms[1].of &&
    SAME_FIELDS.some((fields) => terms.every((t) => fields.includes(t.setting)));
  return sameFields ? Math.max(exchanged, Math.SQRT2) : Math.sqrt((2 * (fewest - 1)) / (fewest - 2));
}
