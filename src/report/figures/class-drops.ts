import * as Plot from "@observablehq/plot";
import { EFFECTS, type EffectId, type ResultTable } from "../../evidence/tables.ts";
import { numberOf } from "../numbers.ts";
import { type Context, colorOf } from "../section.ts";
import { axisName, encoderSymbol, type FigureOptions } from "./svg.ts";

/** One marker: the drop of one class in percentage points. */
export interface ClassDropPoint {
  readonly encoder: string;
  readonly color: string;
  readonly class: string;
  readonly points: number;
  /** Interval in percentage points; null where there is none. */
  readonly low: number | null;
  readonly high: number | null;
}

/** The effect that per-class drops are shown for: the first of neighbor effect, paper's drop, total, context that any encoder has; with the published aggregation the paper's drop goes first. */
export function shownEffect(table: ResultTable): (typeof EFFECTS)[number] | null {
  const first: EffectId[] = ["neighbor", "published-drop"];
  const order: EffectId[] = [
    ...(table.aggregation === "published" ? first.reverse() : first),
    "total",
    "context",
  ];
  const id = order.find((e) => table.encoders.some((own) => own.drops.some((d) => d.effect === e)));
  return EFFECTS.find((e) => e.id === id) ?? null;
}

/** Markers of the per-class drops of one effect. */
export function classDropPoints(context: Context, effect: EffectId): ClassDropPoint[] {
  return context.table.encoders.flatMap(({ encoder, drops }) =>
    (drops.find((d) => d.effect === effect)?.classes ?? []).flatMap((c) => {
      const drop = numberOf(context, encoder, effect, c.class);
      if (drop === null) return [];
      const points = (value: number | null) => (value === null ? null : 100 * value);
      return {
        encoder,
        color: colorOf(context, encoder),
        class: c.class,
        points: 100 * drop.value,
        low: points(drop.low),
        high: points(drop.high),
      };
    }),
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

/** Per-class drops, classes sorted by drop, with intervals where there are any; null where no encoder has the effect. */
export function classDropFigure(context: Context): FigureOptions | null {
  const effect = shownEffect(context.table);
  if (effect === null) return null;
  const drops = classDropPoints(context, effect.id);
  const classes = sortedClasses(drops);
  const encoders = [...new Set(drops.map((p) => p.encoder))];
  const withIntervals = drops.some((p) => p.low !== null);
  // Intervals of several encoders lie one below the other; dots alone share a line.
  const apart = withIntervals && encoders.length > 1 ? 0.66 / (encoders.length - 1) : 0;
  const points = drops.map((p) => ({
    ...p,
    y: classes.indexOf(p.class) + apart * (encoders.indexOf(p.encoder) - (encoders.length - 1) / 2),
  }));
  const values = points.flatMap((p) => [p.points, p.low ?? p.points, p.high ?? p.points]);
  const pad = 0.06 * Math.max(1, Math.max(0, ...values) - Math.min(0, ...values));
  const longest = Math.max(...classes.map((c) => [...axisName(c)].length));
  const mean = (name: string) => {
    const own = points.filter((p) => p.class === name).map((p) => p.points);
    return own.reduce((sum, v) => sum + v, 0) / own.length;
  };
  const row = apart > 0 ? Math.max(24, 10 * encoders.length) : 24;
  return {
    title: "Drop per localization",
    description: `${effect.from} minus ${effect.to} in percentage points, mean over encoders, largest first: ${classes.map((c) => `${c} ${mean(c).toFixed(1)}`).join(", ")}`,
    width: 420,
    height: 70 + row * classes.length,
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
    y: {
      domain: [classes.length - 0.5, -0.5],
      label: null,
      ticks: classes.map((_, i) => i),
      tickFormat: (i: number) => axisName(classes[i]),
      tickSize: 0,
    },
    marks: [
      Plot.ruleY(apart > 0 ? classes.slice(1).map((_, i) => i + 0.5) : classes.keys(), {
        strokeOpacity: 0.12,
      }),
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
        symbol: (p: ClassDropPoint) => encoderSymbol(context.encoders.indexOf(p.encoder)),
        r: apart > 0 ? 3.2 : 4.5,
        title: (p: ClassDropPoint) => `${p.encoder}, ${p.class}: ${p.points.toFixed(1)} points`,
      }),
    ],
  };
}
