import {
  type CellColumns,
  eachRow,
  FAILS,
  type Filter,
  type Filtered,
  isFlipped,
  UNJUDGED,
} from "./filter.ts";

/** Texts by number: `names[code[i]]` is text i; -1 where there is none. */
export interface Codes {
  readonly names: readonly string[];
  readonly code: Int32Array;
}

const natural = new Intl.Collator("en", { numeric: true });

/** Numbers for texts, in natural order of the names. */
function codesOf(texts: readonly (string | null)[]): Codes {
  const names = [...new Set(texts)].filter((t) => t !== null).sort(natural.compare);
  const number = new Map<string | null, number>(names.map((name, i) => [name, i]));
  return { names, code: Int32Array.from(texts, (t) => number.get(t) ?? -1) };
}

/** What cells are told apart by, beside their class. */
export interface CellCodes {
  readonly protein: Codes;
  readonly field: Codes;
  readonly quality: Codes;
}

export function cellCodes(cells: CellColumns): CellCodes {
  return {
    protein: codesOf(cells.protein),
    field: codesOf(cells.field),
    quality: codesOf(cells.verdict.map((v) => v ?? UNJUDGED)),
  };
}

/** Composites per option of every filter: those that pass all other filters. Options as numbered in the study. */
export interface FacetCounts {
  /** Composites that pass all filters. */
  readonly all: number;
  readonly setting: Int32Array;
  readonly class: Int32Array;
  readonly background: Int32Array;
  readonly protein: Int32Array;
  readonly field: Int32Array;
  readonly quality: Int32Array;
  /** By what composites are called. */
  readonly called: Int32Array;
  readonly flipped: number;
}

/** Counts what choosing an option would leave. */
export function facetCounts(of: Filtered, codes: CellCodes, filter: Filter): FacetCounts {
  const { cell, setting, background } = of.composites;
  const per = (options: number) => new Int32Array(options);
  const counts = {
    all: 0,
    setting: per(of.settings.length),
    class: per(of.classes.length),
    background: per(of.classes.length),
    protein: per(codes.protein.names.length),
    field: per(codes.field.names.length),
    quality: per(codes.quality.names.length),
    called: per(of.classes.length),
    flipped: 0,
  };
  const called = of.predictions?.prediction;
  const ofClass = of.cells.class;
  const add = (to: Int32Array, option: number) => {
    if (option >= 0) to[option]++;
  };
  eachRow(of, filter, 511 - FAILS.search, (row, fails) => {
    // What fails two filters is left by no single choice.
    if ((fails & (fails - 1)) !== 0) return;
    const c = cell[row];
    if (fails === 0) counts.all++;
    if ((fails & ~FAILS.setting) === 0) counts.setting[setting[row]]++;
    if ((fails & ~FAILS.class) === 0) add(counts.class, ofClass[c]);
    if ((fails & ~FAILS.background) === 0) add(counts.background, background[row]);
    if ((fails & ~FAILS.protein) === 0) add(counts.protein, codes.protein.code[c]);
    if ((fails & ~FAILS.field) === 0) add(counts.field, codes.field.code[c]);
    if ((fails & ~FAILS.quality) === 0) add(counts.quality, codes.quality.code[c]);
    if (called !== undefined && (fails & ~FAILS.called) === 0) add(counts.called, called[row]);
    if (fails === 0 && called !== undefined && isFlipped(row, of, called)) counts.flipped++;
  });
  return counts;
}
