import * as Plot from "@observablehq/plot";
import type { StatedNumber } from "../../evidence/further.ts";
import { type Context, colorOf } from "../section.ts";
import { axisName, encoderSymbol, type FigureOptions } from "./svg.ts";

/** What is drawn in one row, and its statement. */
export interface CaptureRow {
  readonly statement: string;
  readonly name: string;
}

/** One marker: how much more often composites are called their donor's field, batch or class, percentage points. */
export interface CapturePoint {
  readonly encoder: string;
  readonly color: string;
  /** Position of the row, encoders one below the other. */
  readonly y: number;
  readonly name: string;
  readonly points: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Markers of the rows that an encoder has a number of. */
export function capturePoints(
  context: Context,
  rows: readonly CaptureRow[],
  found: readonly { readonly encoder: string; readonly numbers: readonly StatedNumber[] }[],
): CapturePoint[] {
  const apart = found.length > 1 ? 0.66 / (found.length - 1) : 0;
  return rows.flatMap(({ statement, name }, row) =>
    found.flatMap(({ encoder, numbers }, e): CapturePoint[] => {
      const number = numbers.find((n) => n.statement === statement && n.class === null);
      if (number === undefined || number.estimate === null) return [];
      const points = (v: number | null) => (v === null ? null : 100 * v);
      return [
        {
          encoder,
          color: colorOf(context, encoder),
          y: row + apart * (e - (found.length - 1) / 2),
          name,
          points: 100 * number.estimate,
          low: points(number.low),
          high: points(number.high),
        },
      ];
    }),
  );
}

/** What a foreign background is called beyond the base; null without numbers. */
export function captureFigure(
  context: Context,
  all: readonly CaptureRow[],
  found: readonly { readonly encoder: string; readonly numbers: readonly StatedNumber[] }[],
): FigureOptions | null {
  const rows = all.filter(({ statement }) =>
    found.some(({ numbers }) => numbers.some((n) => n.statement === statement && n.estimate !== null)),
  );
  const points = capturePoints(context, rows, found);
  if (points.length === 0) return null;
  const values = points.flatMap((p) => [p.points, p.low ?? p.points, p.high ?? p.points]);
  const pad = 0.06 * Math.max(1, Math.max(0, ...values) - Math.min(0, ...values));
  const longest = Math.max(...rows.map(({ name }) => [...axisName(name)].length));
  return {
    title: "What a foreign background is called",
    description: `percentage points above the base: ${points.map((p) => `${p.encoder}, ${p.name} ${p.points.toFixed(1)}`).join("; ")}`,
    width: 460,
    height: 70 + Math.max(24, 10 * found.length) * rows.length,
    marginLeft: 24 + 6.6 * longest,
    marginBottom: 44,
    marginTop: 8,
    marginRight: 16,
    x: {
      domain: [Math.min(0, ...values) - pad, Math.max(0, ...values) + pad],
      label: "above the base (percentage points)",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 6,
    },
    y: {
      domain: [rows.length - 0.5, -0.5],
      label: null,
      ticks: rows.map((_, i) => i),
      tickFormat: (i: number) => axisName(rows[i].name),
      tickSize: 0,
    },
    marks: [
      Plot.ruleY(
        rows.slice(1).map((_, i) => i + 0.5),
        { strokeOpacity: 0.12 },
      ),
      Plot.ruleX([0], { strokeOpacity: 0.7 }),
      Plot.ruleY(
        points.filter((p) => p.low !== null && p.high !== null),
        { y: "y", x1: "low", x2: "high", stroke: "color", strokeWidth: 1.5 },
      ),
      Plot.dot(points, {
        x: "points",
        y: "y",
        fill: "color",
        stroke: "color",
        symbol: (p: CapturePoint) => encoderSymbol(context.encoders.indexOf(p.encoder)),
        r: 3.2,
        title: (p: CapturePoint) => `${p.encoder}, ${p.name}: ${p.points.toFixed(1)} points`,
      }),
    ],
  };
}
