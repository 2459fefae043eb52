import * as Plot from "@observablehq/plot";
import type { Shares } from "../../evidence/shares.ts";
import type { Context } from "../section.ts";
import { encoderColor, encoderSymbol, type FigureOptions } from "./svg.ts";

/** Pixels between encoders in a row, and around a row. */
const STEP = 10;
const ROOM = 14;

/**
 * Shares of the parts as dots with their intervals, a row per part, one dot below the other for the encoders.
 *
 * @param parts names by statement, in the order of the rows; those that no encoder has are left out
 */
export function shareFigure(
  { encoders }: Context,
  found: readonly Shares[],
  parts: Readonly<Record<string, string>>,
): FigureOptions {
  const ordered = [...found].sort((a, b) => encoders.indexOf(a.encoder) - encoders.indexOf(b.encoder));
  const shown = Object.keys(parts).filter((s) => ordered.some((e) => numberOf(e, s) !== undefined));
  const height = ROOM + STEP * ordered.length;
  const points = shown.flatMap((statement, row) =>
    ordered.flatMap((e, i) => {
      const number = numberOf(e, statement);
      if (number === undefined) return [];
      const { estimate, low, high } = number;
      const y = row * height + (ROOM + STEP) / 2 + i * STEP;
      const index = Math.max(0, encoders.indexOf(e.encoder));
      const percent = (v: number | null) => (v === null ? null : 100 * v);
      return [
        {
          encoder: e.encoder,
          part: parts[statement],
          x: 100 * estimate!,
          low: percent(low),
          high: percent(high),
          y,
          index,
        },
      ];
    }),
  );
  const reach = points.flatMap((p) => [p.x, p.low ?? p.x, p.high ?? p.x, 0]);
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const said = points.map(
    (p) =>
      `${p.encoder}, ${p.part} ${p.x.toFixed(1)}${p.low === null ? "" : ` (${p.low.toFixed(1)} to ${p.high!.toFixed(1)})`}`,
  );
  const color = (p: { index: number }) => encoderColor(p.index);
  return {
    title: "Who owns what varies in the features",
    description: `share in percent: ${said.join("; ")}`,
    width: 640,
    height: 46 + shown.length * height,
    marginLeft: 200,
    marginTop: 4,
    marginBottom: 42,
    marginRight: 14,
    x: {
      domain: [low - 2, high + 2],
      label: "share of what varies between pasted cells of one class, %",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 7,
    },
    y: {
      domain: [shown.length * height, 0],
      label: null,
      ticks: shown.map((_, row) => (row + 0.5) * height),
      tickFormat: (y: number) => parts[shown[Math.floor(y / height)]],
      tickSize: 0,
    },
    symbol: { type: "identity" },
    marks: [
      Plot.rect(
        shown.flatMap((_, row) => (row % 2 === 1 ? [row * height] : [])),
        {
          x1: low - 2,
          x2: high + 2,
          y1: (y: number) => y,
          y2: (y: number) => y + height,
          fill: "currentColor",
          fillOpacity: 0.05,
        },
      ),
      Plot.ruleX([0], { strokeOpacity: 0.7 }),
      Plot.ruleY(
        points.filter((p) => p.low !== null && p.high !== null),
        { y: "y", x1: "low", x2: "high", stroke: color, strokeWidth: 2 },
      ),
      Plot.dot(points, {
        x: "x",
        y: "y",
        fill: color,
        stroke: color,
        symbol: (p: { index: number }) => encoderSymbol(p.index),
        r: 3.6,
      }),
    ],
  };
}

function numberOf({ numbers }: Shares, statement: string) {
  return numbers.find((n) => n.statement === statement && n.estimate !== null);
}
