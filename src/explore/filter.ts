import { ascending } from "./order.ts";
import type { Sort, ViewState } from "./url.ts";

/** Composites by columns, one entry per row of the plan; cells by row of the store. */
export interface CompositeColumns {
  readonly cell: Int32Array;
  readonly setting: Uint8Array;
  readonly background: Int16Array;
  readonly donor: Int32Array;
}

/** What one encoder makes of them. */
export interface PredictionColumns {
  /** Class, -1 where nothing was predicted. */
  readonly prediction: Int16Array;
  readonly margin: Float32Array;
  /** Probability of the background's class. */
  readonly lent: Float32Array;
}

/** Cells by columns, one entry per row of the store. */
export interface CellColumns {
  readonly id: readonly string[];
  /** Class among those of the study, -1 for cells without one. */
  readonly class: Int16Array;
  readonly protein: readonly (string | null)[];
  readonly field: readonly string[];
  readonly verdict: readonly (string | null)[];
  readonly neighborArea: Float32Array;
}

/** Row of the plan that shows every cell of the store as imaged; -1 where none does. */
export function originalRows(
  { cell, setting }: Pick<CompositeColumns, "cell" | "setting">,
  cells: number,
  original: number,
): Int32Array {
  const rows = new Int32Array(cells).fill(-1);
  for (let row = 0; row < cell.length; row++) if (setting[row] === original) rows[cell[row]] = row;
  return rows;
}

/** Everything that filters look at. */
export interface Filtered {
  readonly composites: CompositeColumns;
  readonly cells: CellColumns;
  readonly predictions: PredictionColumns | null;
  /** See {@link originalRows}. */
  readonly originals: Int32Array;
  readonly classes: readonly string[];
  /** Names of settings, as numbered in the plan. */
  readonly settings: readonly string[];
}

/** Names of what is asked of composites and their cells; null and "": everything. */
export const FILTERS = [
  "setting",
  "class",
  "background",
  "protein",
  "field",
  "flipped",
  "called",
  "quality",
  "search",
] as const satisfies readonly (keyof ViewState)[];
export type Filter = Pick<ViewState, (typeof FILTERS)[number]>;

/** What a mask that nobody judged is called among verdicts. */
export const UNJUDGED = "not judged";

/** What a composite fails, as bits: those of its cell, then its own. */
export const FAILS = {
  class: 1,
  protein: 2,
  field: 4,
  quality: 8,
  search: 16,
  setting: 32,
  background: 64,
  flipped: 128,
  called: 256,
} as const satisfies Record<keyof Filter, number>;

/** Rows of the plan that pass, ascending. */
export function filterRows(of: Filtered, filter: Filter): Int32Array {
  const out = new Int32Array(of.composites.cell.length);
  let n = 0;
  eachRow(of, filter, 0, (row) => {
    out[n++] = row;
  });
  return out.slice(0, n);
}

/** Calls back for every composite (of `rows`, where they are given) whose failures are among `allowed` bits (see {@link FAILS}), with its failures. */
export function eachRow(
  of: Filtered,
  filter: Filter,
  allowed: number,
  found: (row: number, fails: number) => void,
  rows: Int32Array | null = null,
): void {
  const { cell, setting, background } = of.composites;
  const ofCell = cellFails(of, filter);
  const wanted = filter.setting === null ? -1 : of.settings.indexOf(filter.setting);
  const from = filter.background === null ? -1 : of.classes.indexOf(filter.background);
  const called = of.predictions?.prediction;
  const as = filter.called === null ? -1 : of.classes.indexOf(filter.called);
  const count = rows === null ? cell.length : rows.length;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i];
    let fails = ofCell[cell[row]];
    if ((fails & ~allowed) !== 0) continue;
    if (filter.setting !== null && setting[row] !== wanted) fails |= FAILS.setting;
    if (filter.background !== null && (from < 0 || background[row] !== from)) fails |= FAILS.background;
    if (filter.flipped && (called === undefined || !isFlipped(row, of, called))) fails |= FAILS.flipped;
    if (filter.called !== null && (as < 0 || called?.[row] !== as)) fails |= FAILS.called;
    if ((fails & ~allowed) === 0) found(row, fails);
  }
}

/** Whether a composite is called otherwise than its cell's original; both must be predicted. */
export function isFlipped(
  row: number,
  { composites, originals }: Pick<Filtered, "composites" | "originals">,
  prediction: Int16Array,
): boolean {
  const original = originals[composites.cell[row]];
  return (
    original >= 0 &&
    prediction[row] >= 0 &&
    prediction[original] >= 0 &&
    prediction[row] !== prediction[original]
  );
}

/** What every cell of the store fails. */
function cellFails({ cells, classes }: Filtered, filter: Filter): Uint8Array {
  const wanted = filter.class === null ? null : classes.indexOf(filter.class);
  const verdicts = filter.quality === "" ? null : new Set(filter.quality.split(","));
  const part = filter.search.toLowerCase();
  const out = new Uint8Array(cells.id.length);
  for (let c = 0; c < out.length; c++) {
    let fails = 0;
    if (wanted !== null && (wanted < 0 || cells.class[c] !== wanted)) fails |= FAILS.class;
    if (filter.protein !== null && cells.protein[c] !== filter.protein) fails |= FAILS.protein;
    if (filter.field !== null && cells.field[c] !== filter.field) fails |= FAILS.field;
    if (verdicts !== null && !verdicts.has(cells.verdict[c] ?? UNJUDGED)) fails |= FAILS.quality;
    if (part !== "" && !cells.id[c].toLowerCase().includes(part)) fails |= FAILS.search;
    out[c] = fails;
  }
  return out;
}

/**
 * Margin of every composite less that of its cell's original: negative where the cell is held for its own class less
 * than as imaged. NaN where either is not predicted.
 */
function marginChange(rows: Int32Array, { composites, predictions, originals }: Filtered): Float32Array {
  const out = new Float32Array(rows.length).fill(Number.NaN);
  if (predictions === null) return out;
  const { margin } = predictions;
  for (let i = 0; i < rows.length; i++) {
    const original = originals[composites.cell[rows[i]]];
    if (original >= 0) out[i] = margin[rows[i]] - margin[original];
  }
  return out;
}

/**
 * Rows sorted: by margin lost against the cell's original, by what the neighbors alone did to the margin (`influence`,
 * see `neighborInfluence`, most lost first), by margin (least first), by the probability of the background's class, by
 * neighbors' area (most first), or by cell. What cannot be compared comes last; equals keep their order.
 */
export function sortRows(
  rows: Int32Array,
  sort: Sort,
  of: Filtered,
  influence: Float32Array | null = null,
): Int32Array {
  const order = ascending(keysOf(rows, sort, of, influence));
  const out = new Int32Array(rows.length);
  for (let i = 0; i < out.length; i++) out[i] = rows[order[i]];
  return out;
}

/** Rows in the order that all rows of the plan have in `order`: as sorting them, and faster where they are many. */
export function inOrder(rows: Int32Array, order: Int32Array): Int32Array {
  const wanted = new Uint8Array(order.length);
  for (let i = 0; i < rows.length; i++) wanted[rows[i]] = 1;
  const out = new Int32Array(rows.length);
  let n = 0;
  for (let i = 0; i < order.length; i++) if (wanted[order[i]] === 1) out[n++] = order[i];
  return out;
}

function keysOf(rows: Int32Array, sort: Sort, of: Filtered, influence: Float32Array | null): Float32Array {
  if (sort === "margin-change") return marginChange(rows, of);
  const { cell } = of.composites;
  const { predictions: p, cells } = of;
  const keys = new Float32Array(rows.length).fill(Number.NaN);
  const fill = (key: (row: number) => number) => {
    for (let i = 0; i < rows.length; i++) keys[i] = key(rows[i]);
  };
  if (sort === "id") fill((row) => cell[row]);
  else if (sort === "neighbors") fill((row) => -cells.neighborArea[cell[row]]);
  else if (sort === "influence" && influence !== null) fill((row) => influence[row]);
  else if (sort === "margin" && p !== null) fill((row) => p.margin[row]);
  else if (sort === "lent" && p !== null) fill((row) => -p.lent[row]);
  return keys;
}
