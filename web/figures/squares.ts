import * as Plot from "@observablehq/plot";
import { axisName, type FigureOptions } from "../../src/report/figures/svg.ts";

/** One square of a figure of squares. */
export interface Square {
  readonly row: string;
  readonly column: string;
  /** What colors it: a share from 0 to 1, or a difference of shares. */
  readonly value: number;
  /** Part of its width that an orange bar at its foot takes, 0 to 1. */
  readonly bar?: number;
  /** Drawn with a frame. */
  readonly framed?: boolean;
}

export interface SquaresRequest extends Pick<FigureOptions, "title" | "description"> {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly squares: readonly Square[];
  /** Differences diverge from zero (orange: more, purple: less); shares go from light to dark. */
  readonly diverging: boolean;
}

/** Size of a square with its number, px. */
const WIDE = 21;
const HIGH = 17;
/** Rows or columns over which squares have no numbers and names are thinned out, so that all are seen at once. */
export const MANY = 40;
/** Width that many columns share, px, and what a name needs of it. */
const SHARED = 640;
const NAME = 13;
/** Zero squares of a matrix of shares, and what is less than half a percent of it. */
const EMPTY = 0.005;

const whole = (value: number) => String(Math.round(100 * value) + 0).replace("-", "−");

/**
 * Whole percents (or points) as colored squares with the numbers in them, where there is room; those that round to nothing
 * stay empty.
 */
export function squaresFigure(request: SquaresRequest): FigureOptions {
  const { title, description, rows, columns, squares, diverging } = request;
  const longest = (names: readonly string[]) => Math.max(1, ...names.map((n) => [...axisName(n)].length));
  const many = Math.max(rows.length, columns.length) > MANY;
  const side = Math.max(4, Math.min(12, Math.floor(SHARED / columns.length)));
  const [wide, high] = many ? [side, side] : [WIDE, HIGH];
  const thinned = (names: readonly string[]) =>
    many ? names.filter((_, i) => i % Math.ceil(NAME / side) === 0) : [...names];
  const left = 30 + 6.4 * longest(rows);
  const bottom = 30 + 4.7 * longest(columns);
  const most = Math.max(0.01, ...squares.map((s) => Math.abs(s.value)));
  const scale = diverging
    ? { type: "diverging" as const, scheme: "PuOr" as const, domain: [-most, most], pivot: 0 }
    : { type: "linear" as const, scheme: "Blues" as const, domain: [0, 1] };
  const barred = squares.filter((s) => (s.bar ?? 0) > 0 && s.value >= EMPTY);
  const dark = (s: Square) => (diverging ? Math.abs(s.value) > 0.6 * most : s.value > 0.55);
  return {
    title,
    description,
    width: left + 12 + wide * columns.length,
    height: bottom + 4 + high * rows.length,
    marginLeft: left,
    marginRight: 12,
    marginTop: 4,
    marginBottom: bottom,
    padding: 0.04,
    color: scale,
    x: {
      domain: [...columns],
      ticks: thinned(columns),
      label: request.columnLabel,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: bottom - 4,
      tickRotate: -45,
      tickFormat: axisName,
      tickSize: 0,
    },
    y: {
      domain: [...rows],
      ticks: thinned(rows),
      label: request.rowLabel,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: left - 6,
      tickFormat: axisName,
      tickSize: 0,
    },
    marks: [
      Plot.cell(squares, { x: "column", y: "row", fill: "value" }),
      Plot.cell(barred, {
        x: "column",
        y: "row",
        fill: "#D55E00",
        insetTop: many ? 0.7 * side : HIGH - 4,
        // The bar's end: a cell's inset is in pixels and one for all squares, so that each width is a mark of its own.
        render: (index, scales, values, dimensions, context, next) => {
          const g = next!(index, scales, values, dimensions, context)!;
          [...g.querySelectorAll("rect")].forEach((rect, i) => {
            const width = Number(rect.getAttribute("width")) * Math.min(1, barred[index[i]].bar ?? 0);
            rect.setAttribute("width", width.toFixed(2));
          });
          return g;
        },
      }),
      Plot.cell(
        squares.filter((s) => s.framed),
        { x: "column", y: "row", fill: "none", stroke: "#D55E00", strokeWidth: 1.2 },
      ),
      Plot.text(many ? [] : squares.filter((s) => Math.abs(s.value) >= EMPTY), {
        x: "column",
        y: "row",
        text: (s: Square) => whole(s.value),
        fill: (s: Square) => (dark(s) ? "#ffffff" : "#1c1e21"),
        fontSize: 10,
      }),
    ],
  };
}
