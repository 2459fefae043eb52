import type { Grouping } from "./estimate.ts";
import type { Term } from "./judgments.ts";

/** By how much the folds' dependence widens a statement's variance. */
export interface Dependence {
  readonly factor: number;
}

export function dependence(_terms: readonly Term[], _grouping: Grouping): Dependence {
  return { factor: 1 };
}
