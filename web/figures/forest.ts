import * as Plot from "@observablehq/plot";
import {
  axisName,
  encoderColor,
  encoderSymbol,
  type FigureOptions,
  type LegendItem,
} from "../../src/report/figures/svg.ts";
import type { Shown } from "../../src/report/numbers.ts";

/** An effect of one encoder in a row of a forest, differences of accuracy. */
export interface ForestEntry {
  readonly row: string;
  readonly encoder: string;
  /** Place of the encoder among all, for color and shape. */
  readonly index: number;
  readonly number: Pick<Shown, "value" | "low" | "high">;
}

/** What the marks of a forest say. */
export function forestLegend(entries: readonly ForestEntry[]): LegendItem[] {
  const encoders = new Map(entries.map((e) => [e.encoder, e.index]));
  const open = entries.some((e) => e.number.low === null);
  return [
    ...[...encoders].map(([label, index]) => ({
      group: "encoder" as const,
      label,
      color: encoderColor(index),
      symbol: encoderSymbol(index),
    })),
    ...(open
      ? [
          {
            group: "variant" as const,
            label: "hollow: no interval",
            color: "currentColor",
            symbol: "circle" as const,
            hollow: true,
          },
        ]
      : []),
  ];
}

/**
 * Effects with their intervals against the zone of equivalence, a row per effect or class, encoders one below the other.
 * @param zone half width of the zone, a share
 */
export function forestFigure(title: string, entries: readonly ForestEntry[], zone: number): FigureOptions {
  const rows = [...new Set(entries.map((e) => e.row))];
  const encoders = [...new Set(entries.map((e) => e.encoder))];
  const apart = encoders.length > 1 ? Math.min(0.3, 0.66 / (encoders.length - 1)) : 0;
  const points = entries.map(({ row, encoder, index, number: { value, low, high } }) => ({
    row,
    encoder,
    index,
    x: 100 * value,
    low: low === null || high === null ? null : 100 * low,
    high: low === null || high === null ? null : 100 * high,
    y: rows.indexOf(row) + apart * (encoders.indexOf(encoder) - (encoders.length - 1) / 2),
  }));
  type Point = (typeof points)[number];
  const limit = 100 * zone;
  const values = points.flatMap((p) => [p.x, p.low ?? p.x, p.high ?? p.x]).concat(-1.5 * limit, 1.5 * limit);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = 0.04 * (high - low || 1);
  const longest = Math.max(1, ...rows.map((r) => [...axisName(r)].length));
  const said = points.map(
    (p) =>
      `${p.row}, ${p.encoder} ${p.x.toFixed(1)}${p.low === null ? " without interval" : ` (${p.low.toFixed(1)} to ${p.high!.toFixed(1)})`}`,
  );
  return {
    title,
    description: `points of accuracy, zone of equivalence ±${limit.toFixed(1)}: ${said.join("; ")}`,
    width: 620,
    height: 56 + Math.max(22, 11 * encoders.length + 6) * rows.length,
    marginLeft: 20 + 6.6 * longest,
    marginRight: 16,
    marginTop: 6,
    marginBottom: 44,
    x: {
      domain: [low - pad, high + pad],
      label: "points of accuracy lost",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 7,
    },
    y: {
      domain: [rows.length - 0.5, -0.5],
      label: null,
      ticks: rows.map((_, i) => i),
      tickFormat: (i: number) => axisName(rows[i]),
      tickSize: 0,
    },
    symbol: { type: "identity" },
    marks: [
      Plot.rect([0], {
        x1: -limit,
        x2: limit,
        y1: -0.5,
        y2: rows.length - 0.5,
        fill: "currentColor",
        fillOpacity: 0.12,
      }),
      Plot.ruleY(
        rows.slice(1).map((_, i) => i + 0.5),
        { strokeOpacity: 0.12 },
      ),
      Plot.ruleX([0], { strokeOpacity: 0.7 }),
      Plot.ruleY(
        points.filter((p) => p.low !== null),
        { y: "y", x1: "low", x2: "high", stroke: (p: Point) => encoderColor(p.index), strokeWidth: 2 },
      ),
      Plot.dot(points, {
        x: "x",
        y: "y",
        stroke: (p: Point) => encoderColor(p.index),
        fill: (p: Point) => (p.low === null ? "none" : encoderColor(p.index)),
        symbol: (p: Point) => encoderSymbol(p.index),
        r: 4,
      }),
    ],
  };
}
