import * as Plot from "@observablehq/plot";
import { AS_RUN, numberOf, type Sensitivity } from "../../evidence/sensitivity.ts";
import { axisName, type FigureOptions } from "./svg.ts";

/** Effects of the panels, with their names on axes. */
export const PANEL_EFFECTS = { neighbor: "neighbor effect", medium: "medium effect" } as const;

/** One row of the figure: an effect under one variant. */
export interface SensitivityRow {
  readonly variant: string;
  /** Whether the answer under it is that as run. */
  readonly holds: boolean;
  /** Percentage points. */
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The rows of one encoder and effect: as run, then every variant. */
export function sensitivityRows(found: Sensitivity, effect: keyof typeof PANEL_EFFECTS): SensitivityRow[] {
  const all = [{ variant: AS_RUN, badge: found.badge }, ...found.variants];
  return all.flatMap(({ variant, badge }) => {
    const n = numberOf(found, variant, effect);
    if (n === undefined || n.estimate === null) return [];
    const percent = (v: number | null) => (v === null ? null : 100 * v);
    return [
      {
        variant,
        holds: badge === found.badge,
        value: 100 * n.estimate,
        low: percent(n.low),
        high: percent(n.high),
      },
    ];
  });
}

const ROW = 22;

/**
 * One effect of one encoder under every variant, as dots with intervals against the zone of equivalence and against
 * where it is as run (dotted line). Hollow: the answer is another there.
 * @param zone half width of the zone, a share
 */
export function sensitivityFigure(
  found: Sensitivity,
  effect: keyof typeof PANEL_EFFECTS,
  zone: number,
  color: string,
): FigureOptions {
  const rows = sensitivityRows(found, effect).map((row, y) => ({ ...row, y }));
  const limit = 100 * zone;
  const values = [...rows.flatMap((r) => [r.value, r.low ?? r.value, r.high ?? r.value]), limit, -limit];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = 0.05 * (high - low);
  const longest = Math.max(...rows.map((r) => [...axisName(r.variant)].length));
  const said = rows.map(
    ({ variant, value, low, high }) =>
      `${variant} ${value.toFixed(1)}${low === null || high === null ? "" : ` (${low.toFixed(1)} to ${high.toFixed(1)})`}`,
  );
  const marginLeft = 18 + 7 * longest;
  return {
    title: `Sensitivity of ${found.encoder}`,
    description: `${PANEL_EFFECTS[effect]} in points under every variant: ${said.join("; ")}`,
    width: marginLeft + 236,
    height: 56 + ROW * rows.length,
    marginLeft,
    marginRight: 14,
    marginTop: 8,
    marginBottom: 44,
    x: {
      domain: [low - pad, high + pad],
      label: `${PANEL_EFFECTS[effect]}, points`,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 5,
    },
    y: {
      domain: [rows.length - 0.5, -0.5],
      label: null,
      ticks: rows.map((r) => r.y),
      tickFormat: (y: number) => axisName(rows[y].variant),
      tickSize: 0,
    },
    marks: [
      Plot.rect([0], {
        x1: -limit,
        x2: limit,
        y1: -0.5,
        y2: rows.length - 0.5,
        fill: "currentColor",
        fillOpacity: 0.09,
      }),
      Plot.frame({ strokeOpacity: 0.25 }),
      Plot.ruleX([0], { strokeOpacity: 0.6 }),
      Plot.ruleX(rows.slice(0, 1), { x: "value", strokeOpacity: 0.6, strokeDasharray: "2 3" }),
      Plot.ruleY([0.5], { strokeOpacity: 0.25 }),
      Plot.ruleY(
        rows.filter((r) => r.low !== null && r.high !== null),
        { y: "y", x1: "low", x2: "high", stroke: color, strokeWidth: 2 },
      ),
      Plot.dot(rows, {
        x: "value",
        y: "y",
        symbol: (r: SensitivityRow) => (r.variant === AS_RUN ? "square" : "circle"),
        fill: (r: SensitivityRow) => (r.holds ? color : "var(--card, #fff)"),
        stroke: color,
        strokeWidth: 1.5,
        r: 4,
      }),
    ],
  };
}
