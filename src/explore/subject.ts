import { SETTINGS, type Setting } from "../settings.ts";
import type { Filtered } from "./filter.ts";
import type { CellRows } from "./influence.ts";

/** One cell as the panel shows it: a composite for every setting, on backgrounds of one class. */
export interface Subject {
  /** Row of the store. */
  readonly cell: number;
  /** Rows of the plan, in the order of the settings. */
  readonly rows: readonly number[];
  /** Classes on whose backgrounds the cell stands in some setting, ascending. */
  readonly backgrounds: readonly number[];
  /** The class among them that is looked at; -1 where there is none. */
  readonly on: number;
}

const DIFFERENT = SETTINGS.indexOf("different");

/**
 * The composites of a cell. `on`: class of the background that is asked for; where it is null or lends the cell no
 * background, the one in `different` on which its margin is least, or where nothing is predicted the first.
 */
export function subjectOf(
  of: Filtered,
  { rowsOf, starts }: CellRows,
  cell: number,
  on: string | null,
): Subject {
  const { setting, background } = of.composites;
  const rows = Array.from(rowsOf.subarray(starts[cell], starts[cell + 1]));
  // A background of its own class, in `same`, is no choice.
  const lent = rows.filter((row) => background[row] >= 0 && SETTINGS[setting[row]] !== "same");
  const backgrounds = [...new Set(lent.map((row) => background[row]))].sort((a, b) => a - b);
  const asked = on === null ? -1 : of.classes.indexOf(on);
  const chosen = backgrounds.includes(asked) ? asked : (leastMargin(of, lent) ?? firstOf(of, lent) ?? -1);
  const shown = rows.filter((row) => !lent.includes(row) || background[row] === chosen);
  return { cell, rows: shown.sort((a, b) => setting[a] - setting[b]), backgrounds, on: chosen };
}

/** The first background in `different`, or in any setting. */
function firstOf({ composites }: Filtered, rows: readonly number[]): number | null {
  const different = rows.filter((row) => composites.setting[row] === DIFFERENT);
  const among = (different.length > 0 ? different : rows).map((row) => composites.background[row]);
  return among.length === 0 ? null : Math.min(...among);
}

function leastMargin({ composites, predictions }: Filtered, rows: readonly number[]): number | null {
  let best: number | null = null;
  let least = Infinity;
  for (const row of rows) {
    const margin = predictions?.margin[row] ?? Number.NaN;
    if (composites.setting[row] !== DIFFERENT || !(margin < least)) continue;
    least = margin;
    best = composites.background[row];
  }
  return best;
}

const STRIP: readonly Setting[] = ["original", "same", "different"];

/** Composites of a cell whose surroundings change: as imaged, among its own class, then on every background in turn. */
export function overBackgrounds(
  { composites }: Filtered,
  { rowsOf, starts }: CellRows,
  cell: number,
): number[] {
  const { setting, background } = composites;
  return Array.from(rowsOf.subarray(starts[cell], starts[cell + 1]))
    .filter((row) => STRIP.includes(SETTINGS[setting[row]]))
    .sort((a, b) => setting[a] - setting[b] || background[a] - background[b]);
}

/** Probability of one class for one composite. */
export interface Bar {
  /** Class by position; -1: its own cell has none. */
  readonly of: number;
  readonly probability: number;
  readonly own: boolean;
  /** Whether it is the class of the background. */
  readonly lent: boolean;
  /** Whether it is what the composite is called. */
  readonly called: boolean;
}

/** What is known of a composite's probabilities; `all` null where a study keeps no more than the rest. */
export interface Known {
  readonly own: number;
  readonly background: number;
  readonly called: number;
  readonly probability: { readonly own: number; readonly lent: number; readonly called: number };
  readonly all: ArrayLike<number> | null;
}

/** The most probable classes, `most` of them, and in any case the cell's own, the background's and the called one. */
export function barsOf({ own, background, called, probability, all }: Known, most: number): Bar[] {
  const values = new Map<number, number>();
  if (all !== null)
    Array.from(all, (value, of) => ({ of, value }))
      .sort((a, b) => b.value - a.value || a.of - b.of)
      .filter(({ of }, i) => i < most || of === own || of === background || of === called)
      .map(({ of, value }) => values.set(of, value));
  else {
    if (own >= 0) values.set(own, probability.own);
    if (background >= 0 && !Number.isNaN(probability.lent)) values.set(background, probability.lent);
    if (called >= 0) values.set(called, probability.called);
  }
  return [...values]
    .map(([of, value]) => ({
      of,
      probability: value,
      own: of === own,
      lent: of === background,
      called: of === called,
    }))
    .sort((a, b) => b.probability - a.probability || a.of - b.of);
}
