import { eachRow, FAILS, type Filter, type Filtered, isFlipped } from "./filter.ts";
import { SquareCounts } from "./square-counts.ts";

/** Composites by the class of their cell (row) and the class that they are called (column). */
export interface Confusion {
  readonly counts: SquareCounts;
  /** Composites of every class. */
  readonly totals: Int32Array;
  /** Composites of every class on the background of another. */
  readonly foreign: Int32Array;
  /** Those of `counts` that stand on the background of another class and are called that class. */
  readonly captured: SquareCounts;
  /** Cells that the composites show, each counted once. */
  readonly cells: number;
}

/**
 * Counts predictions of one setting. What is asked of cells and, in settings that show a class's background, the
 * background are those of the filter; its setting, "flipped" and "called" are not.
 *
 * @param setting number in the plan
 */
export function confusionOf(of: Filtered, filter: Filter, setting: number): Confusion {
  const { composites, cells, classes, predictions } = of;
  const k = classes.length;
  const [counts, captured] = [new SquareCounts(k), new SquareCounts(k)];
  const [totals, foreign] = [new Int32Array(k), new Int32Array(k)];
  const out = { counts, totals, foreign, captured };
  if (predictions === null) return { ...out, cells: 0 };
  const seen = new Uint8Array(cells.id.length);
  const rows = rowsOfSetting(of, setting);
  const count = (row: number) => {
    const own = cells.class[composites.cell[row]];
    const called = predictions.prediction[row];
    if (own < 0 || called < 0) return;
    counts.add(own, called);
    totals[own]++;
    seen[composites.cell[row]] = 1;
    if (!isForeign(of, row)) return;
    foreign[own]++;
    if (called === composites.background[row]) captured.add(own, called);
  };
  eachRow(of, askedOfSetting(of, filter, setting), 0, count, rows);
  return { ...out, cells: seen.reduce((n, one) => n + one, 0) };
}

const bySetting = new WeakMap<Uint8Array, Map<number, Int32Array>>();

/** Rows of a setting, ascending; found once for every plan. */
function rowsOfSetting({ composites: { setting } }: Filtered, wanted: number): Int32Array {
  const known = bySetting.get(setting) ?? new Map<number, Int32Array>();
  bySetting.set(setting, known);
  let rows = known.get(wanted);
  if (rows === undefined) {
    let n = 0;
    for (let row = 0; row < setting.length; row++) if (setting[row] === wanted) n++;
    rows = new Int32Array(n);
    n = 0;
    for (let row = 0; row < setting.length; row++) if (setting[row] === wanted) rows[n++] = row;
    known.set(wanted, rows);
  }
  return rows;
}

/** What of a filter narrows the composites of a setting. */
function askedOfSetting(of: Filtered, filter: Filter, setting: number): Filter {
  const lends = rowsOfSetting(of, setting).some((row) => isForeign(of, row));
  return {
    ...filter,
    setting: of.settings[setting] as Filter["setting"],
    background: lends ? filter.background : null,
    flipped: false,
    called: null,
  };
}

/** Whether a composite shows the background of a class other than its cell's. */
function isForeign({ composites, cells }: Filtered, row: number): boolean {
  const background = composites.background[row];
  return background >= 0 && background !== cells.class[composites.cell[row]];
}

/** Share of the composites of class `own` that are called `called`, 0 to 1; NaN without composites. */
export function shareAt(
  { counts, totals }: Pick<Confusion, "counts" | "totals">,
  own: number,
  called: number,
): number {
  return counts.at(own, called) / totals[own];
}

/** Mean over the classes that have composites, of the share that is called their own; NaN without classes. */
export function meanRight(of: Pick<Confusion, "counts" | "totals">): number {
  const present = [...of.totals.keys()].filter((own) => of.totals[own] > 0);
  return present.reduce((sum, own) => sum + shareAt(of, own, own), 0) / present.length;
}

/** Share of composites on foreign backgrounds that are called their background's class: the mean over the classes that have any. */
export function captureShare({ foreign, captured }: Pick<Confusion, "foreign" | "captured">): {
  /** NaN without classes. */
  share: number;
  composites: number;
  classes: number;
} {
  const taken = captured.rowSums();
  let [sum, composites, classes] = [0, 0, 0];
  foreign.forEach((n, c) => {
    if (n === 0) return;
    sum += taken[c] / n;
    composites += n;
    classes++;
  });
  return { share: classes === 0 ? Number.NaN : sum / classes, composites, classes };
}

/**
 * What {@link captureShare} is without a foreign background: for the same composites, how often their cell is called that
 * class in the setting `base`. NaN where a class has no composite whose cell is predicted there.
 */
export function baseShare(of: Filtered, filter: Filter, setting: number, base: number): number {
  const { composites, cells, classes, predictions } = of;
  if (predictions === null) return Number.NaN;
  const k = classes.length;
  const { prediction } = predictions;
  const calledIn = new Int16Array(cells.id.length).fill(-1);
  for (const row of rowsOfSetting(of, base)) calledIn[composites.cell[row]] = prediction[row];
  const [foreign, held] = [new Int32Array(k), new Int32Array(k)];
  const count = (row: number) => {
    const cell = composites.cell[row];
    if (cells.class[cell] < 0 || prediction[row] < 0 || calledIn[cell] < 0 || !isForeign(of, row)) return;
    foreign[cells.class[cell]]++;
    if (calledIn[cell] === composites.background[row]) held[cells.class[cell]]++;
  };
  eachRow(of, askedOfSetting(of, filter, setting), 0, count, rowsOfSetting(of, setting));
  const shares = [...foreign.keys()].filter((c) => foreign[c] > 0).map((c) => held[c] / foreign[c]);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

/** Composites of a setting by the class of their cell and of their background, and how many of them flipped. */
export interface FlipMap {
  readonly composites: SquareCounts;
  readonly flipped: SquareCounts;
}

/** Counts flips among composites whose own and whose original's class are predicted; the filter's class and background do not narrow. */
export function flipMap(of: Filtered, filter: Filter, setting: number): FlipMap {
  const { composites, cells, classes, predictions, originals } = of;
  const k = classes.length;
  const out = { composites: new SquareCounts(k), flipped: new SquareCounts(k) };
  if (predictions === null) return out;
  const { prediction } = predictions;
  const asked: Filter = {
    ...filter,
    setting: of.settings[setting] as Filter["setting"],
    flipped: false,
    called: null,
  };
  const count = (row: number) => {
    const cell = composites.cell[row];
    const [own, background] = [cells.class[cell], composites.background[row]];
    if (own < 0 || background < 0 || prediction[row] < 0) return;
    if (originals[cell] < 0 || prediction[originals[cell]] < 0) return;
    out.composites.add(own, background);
    if (isFlipped(row, of, prediction)) out.flipped.add(own, background);
  };
  eachRow(of, asked, FAILS.class | FAILS.background, count, rowsOfSetting(of, setting));
  return out;
}

/** Classes of a matrix at most; of more, so many. */
const MOST = 60;
const SHOWN = 40;

/**
 * Positions of the classes that a matrix shows, ascending: all, or of many those whose composites, in any of the counts,
 * are called another class most often, or that others are called.
 */
export function confusedClasses(matrices: readonly Pick<Confusion, "counts" | "totals">[]): number[] {
  const k = matrices[0].totals.length;
  const all = [...Array(k).keys()];
  if (k <= MOST) return all;
  const wrong = new Float64Array(k);
  for (const { counts } of matrices)
    counts.each((own, called, n) => {
      if (own === called) return;
      wrong[own] += n;
      wrong[called] += n;
    });
  return all
    .sort((a, b) => wrong[b] - wrong[a] || a - b)
    .slice(0, SHOWN)
    .sort((a, b) => a - b);
}

/** Of the rows of a map of flips: all classes, or of many those with the most flipped composites, ascending. */
export function flippedClasses({ flipped }: FlipMap, classes: number): number[] {
  const all = [...Array(classes).keys()];
  if (classes <= MOST) return all;
  const sum = flipped.rowSums();
  return all
    .sort((a, b) => sum[b] - sum[a] || a - b)
    .slice(0, SHOWN)
    .sort((a, b) => a - b);
}
