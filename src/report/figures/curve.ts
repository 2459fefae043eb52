import * as Plot from "@observablehq/plot";
import type { ReportData } from "../data.ts";
import { kindOf, nameOf, UNITS } from "../numbers.ts";
import type { Context } from "../section.ts";
import { encoderColor, encoderSymbol, type FigureOptions } from "./svg.ts";

type CurvePoint = ReportData["curve"][number];

/** The learning curves of one estimate, all encoders. */
export function curveFigure(context: Context, of: string): FigureOptions {
  const { data, encoders } = context;
  const kind = kindOf(context, of);
  const factor = kind === "accuracy" ? 1 : 100;
  const points = data.curve
    .filter((p) => p.of === of)
    .sort((a, b) => encoders.indexOf(a.encoder) - encoders.indexOf(b.encoder) || a.cells - b.cells)
    .map((p) => ({
      ...p,
      value: factor * p.value,
      low: p.low === null ? null : factor * p.low,
      high: p.high === null ? null : factor * p.high,
      index: Math.max(0, encoders.indexOf(p.encoder)),
    }));
  const sizes = [...new Set(points.map((p) => p.cells))].sort((a, b) => a - b);
  const log = sizes[sizes.length - 1] >= 4 * sizes[0];
  const said = [...new Set(points.map((p) => p.encoder))].map((encoder) => {
    const own = points.filter((p) => p.encoder === encoder);
    return `${encoder} ${own.map((p) => `${p.value.toFixed(kind === "accuracy" ? 3 : 1)} at ${p.cells}`).join(", ")}`;
  });
  const color = (p: { index: number }) => encoderColor(p.index);
  return {
    title: `Learning curve, ${nameOf(of)}`,
    description: `${UNITS[kind]} at cells per class: ${said.join("; ")}`,
    width: 420,
    height: 280,
    marginLeft: 52,
    marginBottom: 44,
    marginTop: 24,
    marginRight: 18,
    x: {
      type: log ? "log" : "linear",
      label: log ? "cells per class (logarithmic)" : "cells per class",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: sizes.length <= 6 ? sizes : 5,
      tickFormat: (n: number) => n.toLocaleString("en-US"),
      inset: 8,
    },
    y: {
      label: `${nameOf(of)}, ${UNITS[kind]}`,
      labelAnchor: "top",
      labelArrow: "none",
      grid: true,
      nice: true,
      ticks: 5,
    },
    marks: [
      kind === "difference" ? Plot.ruleY([0], { strokeOpacity: 0.7 }) : null,
      Plot.ruleX(
        points.filter((p) => p.low !== null && p.high !== null),
        { x: "cells", y1: "low", y2: "high", stroke: color, strokeWidth: 1.5, strokeOpacity: 0.7 },
      ),
      Plot.line(points, { x: "cells", y: "value", z: "encoder", stroke: color, strokeWidth: 1.5 }),
      Plot.dot(points, {
        x: "cells",
        y: "value",
        fill: color,
        stroke: color,
        symbol: (p: { index: number }) => encoderSymbol(p.index),
        r: 4.5,
      }),
    ],
  };
}

/** What learning curves were drawn for, in order of appearance. */
export function curveSubjects(points: readonly CurvePoint[]): string[] {
  return [...new Set(points.map((p) => p.of))];
}
