import * as Plot from "@observablehq/plot";
import { EFFECTS, type EffectId, type ResultTable } from "../../evidence/tables.ts";
import { drawPlot, encoderColor } from "./svg.ts";

/** One marker: the drop of one class in percentage points. */
export interface ClassDropPoint {
  readonly encoder: string;
  readonly color: string;
  readonly class: string;
  readonly points: number;
}

/** The effect that per-class drops are shown for: the first of the paper's drop, neighbor effect, total, context that any encoder has. */
export function shownEffect(table: ResultTable): (typeof EFFECTS)[number] | null {
  const order: EffectId[] = ["published-drop", "neighbor", "total", "context"];
  const id = order.find((e) => table.encoders.some((own) => own.drops.some((d) => d.effect === e)));
  return EFFECTS.find((e) => e.id === id) ?? null;
}

/** Markers of the per-class drops of one effect. */
export function classDropPoints(table: ResultTable, effect: EffectId): ClassDropPoint[] {
  return table.encoders.flatMap((encoder, e) =>
    (encoder.drops.find((d) => d.effect === effect)?.classes ?? []).map((c) => ({
      encoder: encoder.encoder,
      color: encoderColor(e),
      class: c.class,
      points: 100 * c.drop,
    })),
  );
}

/** Classes by their mean drop over the encoders, largest first (names break ties). */
export function sortedClasses(points: readonly ClassDropPoint[]): string[] {
  const sums = new Map<string, [sum: number, count: number]>();
  for (const p of points) {
    const [sum, count] = sums.get(p.class) ?? [0, 0];
    sums.set(p.class, [sum + p.points, count + 1]);
  }
  return [...sums]
    .sort(([a, [s, n]], [b, [t, m]]) => t / m - s / n || (a < b ? -1 : 1))
    .map(([name]) => name);
}

/** Name for an axis: at most 24 characters. */
function axisName(name: string): string {
  const letters = [...name];
  return letters.length <= 24 ? name : `${letters.slice(0, 23).join("")}…`;
}

/** Per-class drops as SVG, classes sorted by drop; null where no encoder has the effect. */
export function classDropFigure(table: ResultTable): string | null {
  const effect = shownEffect(table);
  if (effect === null) return null;
  const points = classDropPoints(table, effect.id);
  const classes = sortedClasses(points);
  const values = points.map((p) => p.points);
  const pad = 0.06 * Math.max(1, Math.max(0, ...values) - Math.min(0, ...values));
  const longest = Math.max(...classes.map((c) => [...axisName(c)].length));
  return drawPlot({
    title: "Drop per localization",
    description: `${effect.from} minus ${effect.to} in percentage points, largest first: ${classes.join(", ")}`,
    width: 420,
    height: 70 + 24 * classes.length,
    marginLeft: 24 + 6.6 * longest,
    marginBottom: 44,
    marginTop: 8,
    marginRight: 16,
    x: {
      domain: [Math.min(0, ...values) - pad, Math.max(0, ...values) + pad],
      label: "drop (percentage points)",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 6,
    },
    y: { domain: classes, label: null, tickFormat: axisName, tickSize: 0, type: "point", padding: 0.6 },
    marks: [
      Plot.ruleY(classes, { strokeOpacity: 0.12 }),
      Plot.ruleX([0], { strokeOpacity: 0.7 }),
      Plot.dot(points, {
        x: "points",
        y: "class",
        fill: "color",
        r: 4.5,
        title: (p: ClassDropPoint) => `${p.encoder}, ${p.class}: ${p.points.toFixed(1)} points`,
      }),
    ],
  });
}
