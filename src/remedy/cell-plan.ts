import { DataError } from "../errors.ts";
import { SETTINGS } from "../settings.ts";
import type { Derived } from "../swap/derived.ts";
import { lendMedium } from "../swap/lend.ts";
import { mediumOf } from "../swap/plan.ts";
import type { Cells, CropSource, PlanRun, SwapPlan } from "../types.ts";
import { clear } from "./clear.ts";
import type { InfluencePlan } from "./influence.ts";
import { type CellClasses, storeLenders } from "./lenders.ts";
import { maskOut } from "./mask.ts";
import { drawDonors, recomposedRim } from "./recompose.ts";

/** What is encoded so that cells get their features. */
export interface CellPlan {
  readonly plan: SwapPlan;
  readonly derived?: Derived;
  /** Null where no neighbors are looked at. */
  readonly influence: InfluencePlan | null;
  /** What a reader of the features should know. */
  readonly notes: readonly string[];
}

/** A plan that shows cells as they were imaged and nothing else. */
export function asImaged(cell: Int32Array): SwapPlan {
  const count = cell.length;
  return {
    seed: null,
    count,
    classes: [],
    cell,
    runs:
      count === 0 ? [] : [{ setting: SETTINGS.indexOf("original"), background: -1, start: 0, end: count }],
    donor: new Int32Array(count).fill(-1),
  };
}

/** Cells with nothing but medium around them; `dilate` px of their halo are kept. */
export function maskedPlan(rows: Int32Array, store: CropSource, dilate: number): CellPlan {
  const crops = asImaged(rows);
  const { plan, center } = maskOut(crops, store.count, dilate);
  return { plan, derived: { plan: crops, center, dilate }, influence: null, notes: [] };
}

/** Cells in their own crops, all others taken out. */
export function clearPlan(rows: Int32Array, store: CropSource): CellPlan {
  const crops = asImaged(rows);
  const { plan, center, dilate } = clear(crops, store.count);
  return { plan, derived: { plan: crops, center, dilate }, influence: null, notes: [] };
}

/** A cell store, as plans need it. */
export interface CellCrops extends CropSource {
  readonly path: string;
  readonly cells: Cells;
}

/**
 * Cells on the cell-free media of `draws` donors, and those that have neighbors on the same media together with their
 * own. Row `draw * rows.length + i` shows cell i alone; the others come after all of these.
 * @param beset positions in `rows` of the cells with neighbors
 * @throws DataError where no cells can lend, or most have no medium
 */
export function recomposedPlan(
  rows: Int32Array,
  beset: Int32Array,
  store: CellCrops,
  { draws, classes, seed }: { readonly draws: number; readonly classes: CellClasses; readonly seed: number },
): CellPlan {
  const { cells, count: offset, path } = store;
  const donors = drawDonors(storeLenders(cells, classes, rows, path), draws, seed);
  const [n, m] = [rows.length, beset.length];
  const names = Array.from({ length: draws }, (_, d) => String(d + 1));
  const medium = SETTINGS.indexOf("cell-free");
  /** A run of so many rows for every draw. */
  const drawn = (rows: number, from: number): PlanRun[] =>
    Array.from({ length: rows === 0 ? 0 : draws }, (_, d) => ({
      setting: medium,
      background: (from === 0 ? 0 : draws) + d,
      start: from + d * rows,
      end: from + (d + 1) * rows,
    }));
  const alone: SwapPlan = {
    seed,
    count: n * draws,
    classes: [...names, ...names.map((name) => `${name} with neighbors`)],
    cell: Int32Array.from({ length: n * draws }, (_, row) => rows[row % n]),
    runs: drawn(n, 0),
    donor: Int32Array.from({ length: n * draws }, (_, row) => donors[Math.floor(row / n)][rows[row % n]]),
  };
  const labels = Array.from(classes.of, (c) => classes.names[c] ?? null);
  const cluster = new Int32Array(cells.count).fill(-1);
  const lent = lendMedium(store, alone, { field: cells.field, usable: cells.usable, labels, cluster }, seed);
  const notes = crowded(lent, path);
  const count = (n + m) * draws;
  const from = (row: number) =>
    row < n * draws ? row : Math.floor((row - n * draws) / m) * n + beset[(row - n * draws) % m];
  const both = (of: Int32Array) => Int32Array.from({ length: count }, (_, row) => of[from(row)]);
  const plan: SwapPlan = {
    ...lent,
    count,
    cell: Int32Array.from(
      { length: count },
      (_, row) => offset + (row < n * draws ? row % n : n + ((row - n * draws) % m)),
    ),
    runs: [...drawn(n, 0), ...drawn(m, n * draws)],
    donor: both(alone.donor),
    medium: lent.medium && { ...lent.medium, of: both(lent.medium.of) },
  };
  return {
    plan,
    derived: {
      plan: asImaged(Int32Array.from([...rows, ...beset.map((at) => rows[at])])),
      center: "cell-and-neighbors",
      centerFrom: n,
      dilate: recomposedRim(store),
    },
    influence: { count: n, draws, beset, medium: (at, draw) => mediumOf(lent, draw * n + at) },
    notes,
  };
}

/** Says how many composites show no medium worth the name. @throws DataError where these are most of them */
function crowded({ count, donor, medium }: SwapPlan, path: string): string[] {
  const bare = medium?.of.reduce((n, of, row) => n + (of === donor[row] ? 1 : 0), 0) ?? 0;
  if (bare === 0) return [];
  const what = "crops full of cells (less than 5 % medium), as are all others of their field and class";
  if (bare > count / 2)
    throw new DataError(
      `most cells would be recomposed onto ${what}; import crops from sparser places too, or take --remedy masked`,
      { path },
    );
  return [`${bare} of ${count} composites show as medium what lies between cells: their donors are ${what}.`];
}
