import * as Plot from "@observablehq/plot";
import type { Natural } from "../../evidence/natural.ts";
import { encoderColor, type FigureOptions } from "./svg.ts";

type Curve = Natural["curves"][number];

/** One encoder's own-class probability (0 to 1) against a property of the neighbors. */
export interface DoseResponse {
  readonly encoder: string;
  /** Place of the encoder among all, for its color. */
  readonly index: number;
  readonly curve: Curve;
  /** Of the axis, with the unit. */
  readonly label: string;
  /** One unit of the axis over one of the curve's. */
  readonly factor: number;
}

/** What the curves reach over, with their bands: limits of a shared axis. */
export function doseResponseReach(curves: readonly Curve[]): [number, number] {
  const all = curves.flatMap((c) =>
    c.points.flatMap((p) => [p.outcome, p.low ?? p.outcome, p.high ?? p.outcome]),
  );
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = 0.05 * (high - low || 0.1);
  return [low - pad, high + pad];
}

/** A dose-response curve with its band. */
export function doseResponseFigure(of: DoseResponse, domain: readonly [number, number]): FigureOptions {
  const { encoder, index, curve, label, factor } = of;
  const color = encoderColor(index);
  const points = curve.points.map((p) => ({ ...p, x: factor * p.dose }));
  const said = points.map((p) => `${p.outcome.toFixed(3)} at ${p.x.toFixed(1)} (${p.cells} cells)`);
  return {
    title: `Own-class probability against ${label}, ${encoder}`,
    description: said.join("; "),
    width: 300,
    height: 230,
    marginLeft: 46,
    marginBottom: 40,
    marginTop: 24,
    marginRight: 14,
    x: { label, labelAnchor: "center", labelArrow: "none", ticks: 5, inset: 6 },
    y: {
      domain: [...domain],
      label: "own-class probability",
      labelAnchor: "top",
      labelArrow: "none",
      grid: true,
      ticks: 5,
    },
    marks: [
      Plot.areaY(
        points.filter((p) => p.low !== null && p.high !== null),
        { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.2 },
      ),
      Plot.line(points, { x: "x", y: "outcome", stroke: color, strokeWidth: 1.8 }),
      Plot.dot(points, { x: "x", y: "outcome", fill: color, r: 3.5 }),
    ],
  };
}
