import { studentQuantile, studentTwoSided } from "../core/student.ts";
import { type Part, sumDeviations } from "./components.ts";
import type { Grouping } from "./estimate.ts";
import { fieller } from "./fieller.ts";
import type { StatedNumber } from "./further.ts";
import type { PredictedBlock, Predictions } from "./predictions.ts";
import type { Slope } from "./slope.ts";
import { clusterVariance, variances } from "./variance.ts";

/** Donors of the composites. */
export interface SwapDonors {
  /** Row of every cell's donor (per cell of class `own`) in a block; null where it has none. */
  donor(block: Pick<PredictedBlock, "setting" | "background">, own: number): Int32Array | null;
  /** Share of a crop that neighbors cover, by row. */
  area(row: number): number;
}

/** What the donors' neighbors do to the own-class probability, per tenth of the crop that they cover. */
export interface SwapEffect {
  /** Per class; NaN where it has none. */
  readonly perClass: Float64Array;
  readonly classes: readonly number[];
  readonly estimate: number;
  readonly variance: number;
  readonly df: number;
  /** Deviation of the mean by cluster, as the cells' and as the donors'. */
  readonly deviations: ReadonlyMap<number, number>;
}

/**
 * Own-class probability with the donor's neighbors less that of the same cell on the same donor without them, over the
 * tenths of the crop that they cover: a ratio of means by class and background, averaged. `own`: neighbors of the cell's own
 * class, `same` against `cell-free` on the own class's background; `other`: `different` against `cell-free`.
 * @returns null where no class has both on the same donors
 */
export function swapEffect(of: Predictions, donors: SwapDonors, whose: "own" | "other"): SwapEffect | null {
  const parts = of.classes.map((_, own) => contrasts(of, donors, own, whose));
  const present = parts.flatMap((p, own) => (p.length > 0 ? [own] : []));
  if (present.length === 0) return null;
  const sums = sumDeviations(of.cluster, present, (own) =>
    parts[own].map(
      ({ rows, ratio, area, lender, block }): Part => ({
        get held() {
          const of = rows();
          return of.difference.map((d, i) => d - ratio * of.area[i]);
        },
        share: 1 / (area * parts[own].length),
        lender,
        get donor() {
          return block.donor[own];
        },
      }),
    ),
  );
  const perClass = Float64Array.from(parts, (list) =>
    list.length === 0 ? Number.NaN : sum(list.map(({ ratio }) => ratio)) / list.length,
  );
  const deviations = new Map<number, number>();
  const add = (name: number, value: number) => deviations.set(name, (deviations.get(name) ?? 0) + value);
  sums.names.forEach((names, c) => {
    names.forEach((name, f) => {
      if (present.includes(c)) add(name, sums.own[c][f] / present.length);
      add(name, sums.donor[c][f]);
    });
  });
  const found = variances(sums);
  return {
    perClass,
    classes: present,
    estimate: sum(present.map((c) => perClass[c])) / present.length,
    variance: clusterVariance(found),
    df: found.df,
    deviations,
  };
}

interface Contrast {
  /** By cell, made anew at every call: those of all classes and blocks would take much memory. */
  rows(): { readonly difference: Float64Array; readonly area: Float64Array };
  readonly ratio: number;
  /** Tenths of the crop, summed over the cells. */
  readonly area: number;
  readonly lender: number;
  readonly block: PredictedBlock;
}

function contrasts(all: Predictions, donors: SwapDonors, own: number, whose: "own" | "other"): Contrast[] {
  const setting = whose === "own" ? "same" : "different";
  return all.blocks.flatMap((block): Contrast[] => {
    if (block.setting !== setting || block.cells[own] === null) return [];
    if (whose === "other" && block.background === own) return [];
    const background = whose === "own" ? own : block.background;
    const without = all.blocks.find((b) => b.setting === "cell-free" && b.background === background);
    if (without === undefined || without.cells[own] === null) return [];
    const rows = donors.donor(block, own);
    const others = donors.donor(without, own);
    if (rows === null || others === null || rows.some((row, i) => row !== others[i])) return [];
    const made = () => {
      const [shown, bare] = [block.cells[own]!.own, without.cells[own]!.own];
      return {
        difference: Float64Array.from(shown, (p, i) => p - bare[i]),
        area: Float64Array.from(donors.donor(block, own)!, (row) => 10 * donors.area(row)),
      };
    };
    const of = made();
    const area = sum(of.area);
    if (!(area > 0)) return [];
    return [{ rows: made, ratio: sum(of.difference) / area, area, lender: background, block }];
  });
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/**
 * By how much the dependence of the folds multiplies the cluster variance of what neighbors add on the same donors: as for
 * pair probes in two settings that show the same fields (`dependence.ts`). Two clusters a class have no bound.
 */
function swapDependence({ count, fewest }: Grouping): number {
  return fewest > 2 ? Math.max(count / (count - 1), Math.SQRT2) : Number.POSITIVE_INFINITY;
}

/** The number of a swap effect. */
export function statedSwap(
  found: SwapEffect,
  about: Pick<StatedNumber, "statement" | "cells" | "clusters">,
  grouping: Grouping,
  level: number,
): StatedNumber {
  const variance = swapDependence(grouping) * found.variance;
  const refused =
    Number.isFinite(variance) && variance > 0 && found.df > 0
      ? null
      : `two ${grouping.unit}s a class: what the choice of one for training does to the number cannot be bounded`;
  const se = Math.sqrt(variance);
  const half = refused === null ? studentQuantile((1 + level) / 2, found.df) * se : Number.NaN;
  return {
    ...about,
    kind: "slope",
    class: null,
    estimate: found.estimate,
    low: refused === null ? found.estimate - half : null,
    high: refused === null ? found.estimate + half : null,
    se: refused === null ? se : null,
    df: refused === null ? found.df : null,
    p: refused === null ? studentTwoSided(found.estimate / se, found.df) : null,
    q: null,
    unit: grouping.unit,
    groups: grouping.count,
    classes: found.classes.length,
    level,
    method:
      "ratio of means by class and background; cluster variance of held-out probabilities over closed groups, own and donor clusters crossed, Student's t with Satterthwaite's degrees of freedom; p of no effect",
    refused,
  };
}

/**
 * A natural slope over the swap effect of the same classes, with Fieller's interval; what both vary by together is taken
 * from the clusters' deviations.
 */
export function statedRatio(
  slope: Slope,
  swap: SwapEffect,
  about: Pick<StatedNumber, "statement" | "cells" | "clusters">,
  grouping: Grouping,
  level: number,
): StatedNumber {
  const df = Math.min(slope.df, swap.df);
  const dependence = swapDependence(grouping);
  const t = df > 0 ? studentQuantile((1 + level) / 2, df) : Number.NaN;
  let [both, above, below] = [0, 0, 0];
  for (const d of slope.deviations.values()) above += d * d;
  for (const [name, d] of swap.deviations) {
    below += d * d;
    both += d * (slope.deviations.get(name) ?? 0);
  }
  const variances = { above: slope.variance, below: dependence * swap.variance };
  const together =
    above > 0 && below > 0
      ? (both / Math.sqrt(above * below)) * Math.sqrt(variances.above * variances.below)
      : 0;
  const range =
    Number.isFinite(t) && Number.isFinite(variances.below)
      ? fieller(
          { above: slope.estimate, below: swap.estimate, variances: { ...variances, both: together } },
          t,
        )
      : null;
  return {
    ...about,
    kind: "ratio",
    class: null,
    estimate: range === null ? null : slope.estimate / swap.estimate,
    low: range?.low ?? null,
    high: range?.high ?? null,
    se: null,
    df: range === null ? null : df,
    p: null,
    q: null,
    unit: grouping.unit,
    groups: grouping.count,
    classes: swap.classes.length,
    level,
    method: "Fieller's interval from the clusters' deviations of both",
    refused:
      range === null ? "the interval of the swap effect holds 0, so that the ratio has no bounds" : null,
  };
}
