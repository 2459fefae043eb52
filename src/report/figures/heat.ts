import * as Plot from "@observablehq/plot";
import type { ReportData } from "../data.ts";
import { formatPoints } from "../table-format.ts";
import { axisName, type FigureOptions } from "./svg.ts";

type HeatCell = ReportData["heat"][number];

/** Size of a square of the map, px. */
const WIDE = 19;
const HIGH = 15;

/** Classes and backgrounds that have numbers, in the order of `classes`, others behind. */
export function heatAxes(
  cells: readonly HeatCell[],
  classes: readonly string[],
): { rows: string[]; columns: string[] } {
  const order = (names: readonly string[]) => {
    const found = new Set(names);
    return [...classes.filter((c) => found.has(c)), ...[...found].filter((c) => !classes.includes(c))];
  };
  return { rows: order(cells.map((c) => c.class)), columns: order(cells.map((c) => c.background)) };
}

/**
 * Accuracy lost by every class (row) on every background (column), in whole percentage points; colors diverge
 * from zero (orange: lost, purple: gained), and the numbers say the same.
 */
export function heatFigure(
  encoder: string,
  cells: readonly HeatCell[],
  classes: readonly string[],
): FigureOptions {
  const { rows, columns } = heatAxes(cells, classes);
  const most = Math.max(0.01, ...cells.map((c) => Math.abs(c.value)));
  const worst = [...cells].sort((a, b) => b.value - a.value).slice(0, 3);
  const longest = (names: readonly string[]) => Math.max(...names.map((n) => [...axisName(n)].length));
  const left = 30 + 6.4 * longest(rows);
  const bottom = 30 + 4.7 * longest(columns);
  const whole = (value: number) => String(Math.round(100 * value) + 0).replace("-", "−");
  return {
    title: `Accuracy lost per class and background, ${encoder}`,
    description: `${rows.length} classes on ${columns.length} backgrounds, percentage points; most is lost by ${worst
      .map((c) => `${c.class} on ${c.background} (${formatPoints(c.value)})`)
      .join(", ")}`,
    width: left + 12 + WIDE * columns.length,
    height: bottom + 4 + HIGH * rows.length,
    marginLeft: left,
    marginRight: 12,
    marginTop: 4,
    marginBottom: bottom,
    padding: 0.04,
    color: { type: "diverging", scheme: "PuOr", domain: [-most, most], pivot: 0 },
    x: {
      domain: columns,
      label: "background",
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: bottom - 4,
      tickRotate: -45,
      tickFormat: axisName,
      tickSize: 0,
    },
    y: {
      domain: rows,
      label: "class of the cell",
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: left - 6,
      tickFormat: axisName,
      tickSize: 0,
    },
    marks: [
      Plot.cell(cells, { x: "background", y: "class", fill: "value" }),
      Plot.text(cells, {
        x: "background",
        y: "class",
        text: (c: HeatCell) => whole(c.value),
        fill: (c: HeatCell) => (Math.abs(c.value) > 0.6 * most ? "#ffffff" : "#1c1e21"),
        fontSize: 10,
      }),
    ],
  };
}
