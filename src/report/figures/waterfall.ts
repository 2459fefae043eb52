import * as Plot from "@observablehq/plot";
import { EFFECTS } from "../../evidence/tables.ts";
import type { Setting } from "../../settings.ts";
import { formatNumber, formatRange, numberOf, type Shown } from "../numbers.ts";
import { type Context, colorOf } from "../section.ts";
import type { FigureOptions } from "./svg.ts";

/** The steps that each change one thing. */
const STEPS = ["original", "self", "cell-free", "different"] as const satisfies readonly Setting[];

/** One row of a waterfall: where accuracy stands after a step (0..1), and what the step cost. */
export interface WaterfallRow {
  readonly setting: Setting;
  readonly accuracy: number;
  /** Accuracy before the step; null for the first. */
  readonly before: number | null;
  /** The step as an effect (before − after) with its interval; null for the first. */
  readonly effect: Pick<Shown, "value" | "low" | "high"> | null;
}

/** The rows that an encoder has numbers for. */
export function waterfallRows(context: Context, encoder: string): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  for (const setting of STEPS) {
    const at = numberOf(context, encoder, setting);
    if (at === null) continue;
    const last = rows.at(-1);
    if (last === undefined) {
      rows.push({ setting, accuracy: at.value, before: null, effect: null });
      continue;
    }
    const known = EFFECTS.find((e) => e.from === last.setting && e.to === setting);
    const effect = known === undefined ? null : numberOf(context, encoder, known.id);
    rows.push({
      setting,
      accuracy: at.value,
      before: last.accuracy,
      effect: effect ?? { value: last.accuracy - at.value, low: null, high: null },
    });
  }
  return rows;
}

/** Accuracies that a waterfall reaches, intervals included: what a shared axis must hold. */
export function waterfallReach(rows: readonly WaterfallRow[]): number[] {
  return rows.flatMap(({ accuracy, before, effect }) => [
    accuracy,
    ...(before === null || effect === null ? [] : [before - (effect.low ?? 0), before - (effect.high ?? 0)]),
  ]);
}

/** The waterfall of one encoder; `domain` is shared by the encoders of a page. */
export function waterfallFigure(
  context: Context,
  encoder: string,
  rows: readonly WaterfallRow[],
  domain: readonly [number, number],
): FigureOptions {
  const color = colorOf(context, encoder);
  const places = rows.map((row, y) => ({ ...row, y }));
  const steps = places.flatMap(({ before, effect, accuracy, y }) =>
    before === null || effect === null ? [] : [{ before, effect, accuracy, y }],
  );
  const said = rows.map(({ setting, accuracy, effect }) => {
    if (effect === null) return `${setting} ${accuracy.toFixed(3)}`;
    const range = formatRange({ ...effect, kind: "difference" });
    return `${setting} ${accuracy.toFixed(3)} (step ${formatNumber(effect.value, "difference")} points${range === null ? "" : `, ${range}`})`;
  });
  const lost = ({ effect }: WaterfallRow) =>
    effect === null ? "" : ` (${formatNumber(-effect.value, "difference")})`;
  return {
    title: `Steps of ${encoder}`,
    description: `accuracy (0 to 1): ${said.join("; ")}`,
    width: 308,
    height: 42 + 17 * rows.length,
    marginLeft: 62,
    marginRight: 94,
    marginTop: 2,
    marginBottom: 37,
    x: {
      domain: [...domain],
      label: "accuracy (0 to 1)",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 3,
      tickSize: 3,
      grid: true,
    },
    y: {
      domain: [rows.length - 0.4, -0.6],
      label: null,
      ticks: rows.map((_, i) => i),
      tickFormat: (i: number) => rows[i].setting,
      tickSize: 0,
    },
    marks: [
      Plot.rect(steps, {
        x1: "before",
        x2: "accuracy",
        y1: (d: { y: number }) => d.y - 0.33,
        y2: (d: { y: number }) => d.y + 0.33,
        fill: color,
        fillOpacity: (d: { before: number; accuracy: number }) => (d.accuracy < d.before ? 0.55 : 0.12),
        stroke: color,
      }),
      Plot.ruleX(steps, {
        x: "before",
        y1: (d: { y: number }) => d.y - 1,
        y2: (d: { y: number }) => d.y + 0.33,
        strokeOpacity: 0.5,
      }),
      Plot.ruleY(
        steps.filter((d) => d.effect.low !== null && d.effect.high !== null),
        {
          y: "y",
          x1: (d: (typeof steps)[number]) => d.before - (d.effect.low as number),
          x2: (d: (typeof steps)[number]) => d.before - (d.effect.high as number),
          strokeWidth: 1.5,
        },
      ),
      Plot.dot(places.slice(0, 1), { x: "accuracy", y: "y", fill: color, r: 4.5 }),
      Plot.text(places, {
        x: domain[1],
        y: "y",
        text: (d: WaterfallRow) => `${d.accuracy.toFixed(3)}${lost(d)}`,
        textAnchor: "start",
        dx: 6,
        fontSize: 12,
      }),
    ],
  };
}
