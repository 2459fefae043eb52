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

export type Filter = Pick<
  ViewState,
  "setting" | "class" | "background" | "protein" | "field" | "flipped" | "passed" | "search"
>;

/** Rows of the plan that pass, ascending. */
export function filterRows(of: Filtered, filter: Filter): Int32Array {
  const { cell, setting, background } = of.composites;
  const passes = cellsThatPass(of, filter);
  const wanted = filter.setting === null ? -1 : of.settings.indexOf(filter.setting);
  const from = filter.background === null ? -1 : of.classes.indexOf(filter.background);
  const called = filter.flipped ? of.predictions?.prediction : undefined;
  const out = new Int32Array(cell.length);
  let n = 0;
  for (let row = 0; row < cell.length; row++) {
    if (passes[cell[row]] === 0) continue;
    if (wanted >= 0 && setting[row] !== wanted) continue;
    if (from >= 0 && background[row] !== from) continue;
    if (filter.flipped && (called === undefined || !isFlipped(row, of, called))) continue;
    out[n++] = row;
  }
  return out.slice(0, n);
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

/** 1 for every cell of the store that passes what is asked of cells. */
function cellsThatPass({ cells, classes }: Filtered, filter: Filter): Uint8Array {
  const wanted = filter.class === null ? null : classes.indexOf(filter.class);
  const part = filter.search.toLowerCase();
  const out = new Uint8Array(cells.id.length);
  for (let c = 0; c < out.length; c++)
    out[c] =
      (wanted === null || cells.class[c] === wanted) &&
      (filter.protein === null || cells.protein[c] === filter.protein) &&
      (filter.field === null || cells.field[c] === filter.field) &&
      (!filter.passed || cells.verdict[c] === null || cells.verdict[c] === "ok") &&
      (part === "" || cells.id[c].toLowerCase().includes(part))
        ? 1
        : 0;
  return out;
}

/**
 * Rows sorted: by margin lost against the cell's original, by margin (least first), by the probability of the
 * background's class, by neighbors' area (most first), or by cell. What cannot be compared comes last; equals keep
 * their order.
 */
export function sortRows(rows: Int32Array, sort: Sort, of: Filtered): Int32Array {
  const { cell } = of.composites;
  const p = of.predictions;
  const nothing = () => Number.NaN;
  const key: (row: number) => number =
    sort === "id"
      ? (row) => cell[row]
      : sort === "neighbors"
        ? (row) => -of.cells.neighborArea[cell[row]]
        : p === null
          ? nothing
          : sort === "margin"
            ? (row) => p.margin[row]
            : sort === "lent"
              ? (row) => -p.lent[row]
              : (row) =>
                  of.originals[cell[row]] < 0
                    ? Number.NaN
                    : p.margin[row] - p.margin[of.originals[cell[row]]];
  const keys = Float64Array.from(rows, (row) => {
    const value = key(row);
    return Number.isNaN(value) ? Infinity : value;
  });
  const order = Uint32Array.from(rows.keys()).sort((a, b) => keys[a] - keys[b] || a - b);
  return Int32Array.from(order, (i) => rows[i]);
}
