import { type Filtered, isFlipped } from "../filter.ts";

/** By what places are colored. */
export const MAP_COLORS = ["class", "called", "setting", "flipped", "margin"] as const;
export type MapColor = (typeof MAP_COLORS)[number];

/** Code of a place that has nothing to be colored by. */
export const NO_CODE = 255;
/** Code of the classes that have no color of their own. */
export const OTHERS = 254;
/** Classes that have colors and shapes of their own, at most. */
export const MOST_COLORED = 40;
/** Steps of the margin's colors. */
export const STEPS = 15;

/** Code of every row of the plan, and the names of codes from 0 on. */
export interface MapCodes {
  readonly code: Uint8Array;
  readonly names: readonly string[];
  /** Margins from minus this on to this have a step each, those beyond the outermost; null where codes are names. */
  readonly most: number | null;
}

/**
 * Codes for colors. Of more classes than colors and shapes tell apart those have one that most composites are of.
 * @param rows of the plan that these are counted in; not looked at for up to {@link MOST_COLORED} classes
 */
export function mapCodes(of: Filtered, by: MapColor, rows: Int32Array | null): MapCodes {
  const { composites, cells, predictions, classes, settings } = of;
  const { cell, setting } = composites;
  const code = new Uint8Array(cell.length).fill(NO_CODE);
  const byClass = (classAt: (row: number) => number): MapCodes => {
    const chosen = coloredClasses(classes.length, rows, classAt);
    const codeOf = new Uint8Array(classes.length).fill(OTHERS);
    chosen.forEach((c, i) => {
      codeOf[c] = i;
    });
    for (let row = 0; row < code.length; row++) {
      const c = classAt(row);
      if (c >= 0) code[row] = codeOf[c];
    }
    return { code, names: chosen.map((c) => classes[c]), most: null };
  };
  if (by === "class") return byClass((row) => cells.class[cell[row]]);
  if (by === "setting") {
    code.set(setting);
    return { code, names: settings, most: null };
  }
  if (predictions === null) return { code, names: [], most: null };
  const { prediction, margin } = predictions;
  if (by === "called") return byClass((row) => prediction[row]);
  if (by === "flipped") {
    for (let row = 0; row < code.length; row++)
      if (prediction[row] >= 0) code[row] = isFlipped(row, of, prediction) ? 1 : 0;
    return { code, names: ["called as its original", "called otherwise"], most: null };
  }
  const most = marginReach(margin);
  for (let row = 0; row < code.length; row++)
    if (!Number.isNaN(margin[row]))
      code[row] = Math.max(0, Math.min(STEPS - 1, Math.floor((STEPS * (margin[row] + most)) / (2 * most))));
  return { code, names: [], most };
}

/** All classes, or of many those of most rows, ascending. */
function coloredClasses(count: number, rows: Int32Array | null, classAt: (row: number) => number): number[] {
  const all = Array.from({ length: count }, (_, c) => c);
  if (count <= MOST_COLORED) return all;
  const seen = new Int32Array(count);
  for (const row of rows ?? []) if (classAt(row) >= 0) seen[classAt(row)]++;
  return all
    .sort((a, b) => seen[b] - seen[a] || a - b)
    .slice(0, MOST_COLORED)
    .sort((a, b) => a - b);
}

/** About the 98th percentile of what margins are away from 0, of at most 10,000 of them; 1 where there are none. */
function marginReach(margin: Float32Array): number {
  const step = Math.max(1, Math.floor(margin.length / 10_000));
  const some: number[] = [];
  for (let i = 0; i < margin.length; i += step)
    if (Number.isFinite(margin[i])) some.push(Math.abs(margin[i]));
  some.sort((a, b) => a - b);
  return some[Math.floor(0.98 * (some.length - 1))] || 1;
}

/** Composites by code: how many of `rows` have each, how many are of other classes, and how many have none. */
export function countCodes(
  rows: Int32Array,
  { code, names, most }: MapCodes,
): { of: Int32Array; others: number; none: number } {
  const of = new Int32Array(most === null ? names.length : STEPS);
  let [others, none] = [0, 0];
  for (const row of rows)
    if (code[row] === NO_CODE) none++;
    else if (code[row] === OTHERS) others++;
    else of[code[row]]++;
  return { of, others, none };
}

/** Red, green and blue (0 to 1) of a color as `#rrggbb`. */
export function rgbOf(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** A color (`#rrggbb`) on its way to another: 0 is the first, 1 the second. */
export function mixed(first: string, second: string, part: number): string {
  const [a, b] = [rgbOf(first), rgbOf(second)];
  const byte = (k: number) => Math.round(255 * (a[k] + part * (b[k] - a[k])));
  return `#${[0, 1, 2].map((k) => byte(k).toString(16).padStart(2, "0")).join("")}`;
}

/** Color of a step of the margin: vermillion where another class wins, over gray, to blue where its own does. */
export function marginColor(step: number): string {
  const t = (2 * step) / (STEPS - 1) - 1;
  return mixed("#B8B8B8", t < 0 ? "#D55E00" : "#0072B2", Math.abs(t));
}
