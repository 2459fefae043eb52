import type { Groups } from "../core/groups.ts";
import { studentQuantile, studentTwoSided } from "../core/student.ts";
import type { Setting } from "../settings.ts";
import { type Components, components } from "./components.ts";
import { dependence } from "./dependence.ts";
import type { Term } from "./judgments.ts";
import type { PairSampling } from "./pair-sampling.ts";
import { clusterVariance, type Variances, variances } from "./variance.ts";

/** What of the closed groups a statement needs. */
export type Grouping = Pick<Groups, "count" | "unit" | "fewest" | "reach" | "notes">;

/**
 * A number with its interval. Estimand: the expected accuracy (or difference of accuracies) of machines trained on
 * `groups` - 1 of the `groups` groups of a study of this size, on new cells, clusters and donors of the same classes.
 * It depends on the size: show `cells`, `clusters` and `groups` with it.
 */
export interface Estimate {
  /** Accuracy or difference of accuracies, as a share. */
  readonly estimate: number;
  /** Null where no interval is given; `refused` then says why. */
  readonly low: number | null;
  readonly high: number | null;
  /** Standard error, dependence of the folds included; null where none is given. */
  readonly se: number | null;
  /** Degrees of freedom of Student's t; null where no interval is given. */
  readonly df: number | null;
  /** Two-sided p value of a difference of 0; null for accuracies and without interval. */
  readonly p: number | null;
  /** Cells of the class with fewest. */
  readonly cells: number;
  /** Clusters of the class with fewest, F. */
  readonly clusters: number;
  /** What a cluster is. */
  readonly unit: Grouping["unit"];
  /** Closed groups, K. */
  readonly groups: number;
  /** Number of classes that are averaged. */
  readonly classes: number;
  readonly level: number;
  readonly method: string;
  readonly refused?: string;
  /** Where pairs of classes were drawn; `se` and the interval hold what the draw leaves open. */
  readonly sampled?: SampledPairs | undefined;
}

/** What of a number's pairs of classes was judged. */
export interface SampledPairs {
  /** Pairs drawn. */
  readonly pairs: number;
  /** Pairs that the classes make. */
  readonly of: number;
  /** Standard error of the number around that of all pairs; null where the draw cannot tell. */
  readonly se: number | null;
}

export interface EstimateOptions {
  /** Of the interval; default 0.95. */
  readonly level?: number;
  /** The one class that the statement is about; the average over all classes by default. */
  readonly only?: number;
}

/** What a statement is computed from on the way; also used by what compares many statements. */
export interface Computed {
  readonly components: Components;
  readonly variances: Variances;
  /** Dependence of the folds included. */
  readonly variance: number;
  readonly df: number;
}

/** Deviations, variances and degrees of freedom of a statement. */
export function compute(terms: readonly Term[], grouping: Grouping, only?: number): Computed {
  const sums = components(terms, only);
  const found = variances(sums);
  return {
    components: sums,
    variances: found,
    variance: dependence(terms, grouping, only !== undefined) * clusterVariance(found),
    df: found.df,
  };
}

/**
 * Estimate and interval of a weighted sum of settings' accuracies: estimate +- t sqrt(V), where V is the largest of the
 * three cluster variances times what the dependence of the folds asks for (`dependence.ts`). Accuracies are cut to 0..1.
 */
export function estimate(
  terms: readonly Term[],
  grouping: Grouping,
  { level = 0.95, only }: EstimateOptions = {},
): Estimate {
  const settings = terms.map((t) => t.setting);
  const sums = components(terms, only);
  return stated(sums, grouping, {
    level,
    difference: terms.length > 1,
    dependence: dependence(terms, grouping, only !== undefined),
    refused: refusal(settings, grouping, sums, {
      difference: terms.length > 1,
      single: only !== undefined,
      dependence: dependence(terms, grouping),
    }),
  });
}

/** How the sums of a statement become its number. */
export interface Stating {
  readonly level: number;
  /** A difference, from -1 to 1 and with a p value; else a share. */
  readonly difference: boolean;
  /** What the cluster variance is multiplied by. */
  readonly dependence: number;
  /** Why no interval is given. */
  readonly refused: string | undefined;
}

/** The number and interval of a statement whose deviations are summed. */
export function stated(
  sums: Components,
  grouping: Grouping,
  { level, difference, dependence: factor, refused: given }: Stating,
): Estimate {
  const { sampling } = sums;
  const base = {
    estimate: sums.estimate,
    cells: Math.min(...sums.present.map((c) => sums.rows[c])),
    clusters: Math.min(...sums.present.map((c) => sums.names[c].length)),
    unit: grouping.unit,
    groups: grouping.count,
    classes: sums.present.length,
    level,
    method:
      sampling === undefined
        ? METHOD
        : `${METHOD}; ${sums.present.length > 1 ? SAMPLED_PAIRS : SAMPLED_PARTNERS}`,
    ...(sampling === undefined ? {} : { sampled: sampledPairs(sampling) }),
  };
  const found = variances(sums);
  const fields = factor * clusterVariance(found);
  const refused =
    given ??
    // Deviations of clusters that classes share can cancel to nothing.
    (found.df > 0 && fields > 0
      ? undefined
      : `no ${grouping.unit} differs from the others, which does not tell how much would change with others`) ??
    (sampling === undefined || sampling.pairs === sampling.of
      ? undefined
      : sampling.df >= FEWEST_DRAWN
        ? isOpen(sampling)
          ? undefined
          : "no drawn pair of classes differs from the others, which does not tell what those that were not drawn would change"
        : `${sampling.pairs} of ${sampling.of} pairs of classes are too few to tell what the others would change; raise "sample" in "pairs"`);
  if (refused !== undefined) return { ...base, low: null, high: null, se: null, df: null, p: null, refused };
  const variance = fields + (sampling?.variance ?? 0);
  const df =
    sampling === undefined || sampling.variance === 0
      ? found.df
      : variance ** 2 / (fields ** 2 / found.df + sampling.variance ** 2 / sampling.df);
  const se = Math.sqrt(variance);
  const half = studentQuantile((1 + level) / 2, df) * se;
  const cut = (v: number) => Math.min(1, Math.max(difference ? -1 : 0, v));
  return {
    ...base,
    low: cut(sums.estimate - half),
    high: cut(sums.estimate + half),
    se,
    df,
    p: difference ? studentTwoSided(sums.estimate / se, df) : null,
  };
}

function sampledPairs({ pairs, of, variance }: PairSampling): SampledPairs {
  const known = pairs === of || isOpen({ variance });
  return { pairs, of, se: known ? Math.sqrt(variance) : null };
}

/** Whether the drawn pairs differ at all: where they do not, nothing is known of the others. */
function isOpen({ variance }: Pick<PairSampling, "variance">): boolean {
  return variance > ROUNDING;
}

/** Variance of a draw whose pairs differ by rounding alone, at most. */
const ROUNDING = 1e-24;

/** Degrees of freedom of a draw of pairs below which its interval holds less often than it says. */
const FEWEST_DRAWN = 4;

/** Cells judged differently below which their spread over clusters is left to chance. */
const FEWEST_DIFFERING = 5;

const METHOD =
  "cluster variance of out-of-fold judgments over closed groups, own and donor clusters crossed, Student's t with Satterthwaite's degrees of freedom";

const SAMPLED_PAIRS =
  "plus the variance over the choice of pairs of classes, from residuals beside class effects, less the share of pairs that was drawn";

const SAMPLED_PARTNERS =
  "plus the variance over the choice of the class's partners, from how these differ, less the share of partners that was drawn; not certified";

/** Why a statement that looks at `settings` has no interval; undefined where it has one. */
export function refusal(
  settings: readonly Setting[],
  grouping: Grouping,
  sums: Components,
  {
    difference,
    single,
    dependence: factor,
  }: Pick<Stating, "difference" | "dependence"> & { readonly single: boolean },
): string | undefined {
  const { reach, unit, fewest, notes } = grouping;
  if (sums.present.length === 0) return "no class has judgments in every setting of the statement";
  if (reach === "none") return notes[notes.length - 1];
  if (reach !== "all" && settings.includes("same"))
    return `${fewest} ${unit}s a class are too few for same: a cell's donor would come from its own ${unit}`;
  if (reach === "averages" && single) return `two ${unit}s leave one degree of freedom for a single class`;
  if (!Number.isFinite(factor))
    return `two ${unit}s a class: every machine is trained on one of them, and what the choice of that one does to the number cannot be bounded`;
  if (sums.differing < FEWEST_DIFFERING)
    return `${sums.differing === 0 ? "no cell is" : `only ${sums.differing} ${sums.differing === 1 ? "cell is" : "cells are"}`} judged differently${difference ? "" : " from the others of the class"}, which does not tell how much would change with others`;
  return undefined;
}
