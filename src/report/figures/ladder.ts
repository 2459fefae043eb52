import * as Plot from "@observablehq/plot";
import type { ResultTable } from "../../evidence/tables.ts";
import { SETTINGS, type Setting, traitsOf } from "../../settings.ts";
import { hasStandardErrors, numberOf } from "../numbers.ts";
import { type Context, colorOf } from "../section.ts";
import { type FigureOptions, SYMBOLS } from "./svg.ts";

/** One marker of the ladder: mean accuracy (0..1) with its limits; `low` and `high` are null where there is no interval. */
export interface LadderPoint {
  readonly encoder: string;
  readonly color: string;
  readonly setting: Setting;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Row from the top, encoders of one setting a little apart. */
  readonly position: number;
}

/** Markers of the ladder figure, settings in causal order from the top. */
export function ladderPoints(context: Context): LadderPoint[] {
  const { table } = context;
  const settings = ladderSettings(table);
  const many = table.encoders.length;
  return table.encoders.flatMap(({ encoder, settings: own }, e) =>
    own.flatMap(({ setting }) => {
      const at = numberOf(context, encoder, setting);
      if (at === null) return [];
      return {
        encoder,
        color: colorOf(context, encoder),
        setting,
        mean: at.value,
        low: at.low,
        high: at.high,
        position: settings.indexOf(setting) + (many === 1 ? 0 : (e / (many - 1) - 0.5) * 0.5),
      };
    }),
  );
}

/** Settings that any encoder has, in causal order. */
function ladderSettings(table: ResultTable): Setting[] {
  return SETTINGS.filter((s) => table.encoders.some((e) => e.settings.some((own) => own.setting === s)));
}

/** The ladder figure: accuracy per setting and encoder, with intervals (published aggregation: +- 3 standard errors). */
export function ladderFigure(context: Context): FigureOptions {
  const points = ladderPoints(context);
  const settings = ladderSettings(context.table);
  const spread = hasStandardErrors(context)
    ? " ± 3 standard errors over classes"
    : points.some((p) => p.low !== null)
      ? ", with intervals"
      : "";
  const said = context.table.encoders.map(
    ({ encoder }) =>
      `${encoder} ${points
        .filter((p) => p.encoder === encoder)
        .map((p) => `${p.setting} ${p.mean.toFixed(3)}`)
        .join(", ")}`,
  );
  const values = points.flatMap((p) => [p.low ?? p.mean, p.high ?? p.mean]);
  const low = Math.max(0, Math.floor(Math.min(0.5, ...values) * 20 + 1e-9) / 20);
  const high = Math.min(1.02, Math.max(...values, 0.6) + 0.02);
  return {
    title: "Ladder of settings",
    description: `accuracy (0 to 1)${spread}: ${said.join("; ")}`,
    width: 420,
    height: 70 + 46 * settings.length,
    marginLeft: 122,
    marginBottom: 44,
    marginTop: 12,
    marginRight: 16,
    x: {
      domain: [low, high],
      label: `accuracy (0 to 1)${spread}`,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 6,
    },
    y: {
      domain: [settings.length - 0.4, -0.6],
      label: null,
      ticks: settings.map((_, i) => i),
      tickFormat: (i: number) => settings[i],
      tickSize: 0,
    },
    marks: [
      Plot.ruleX([0.5], { stroke: "currentColor", strokeDasharray: "2 3", strokeOpacity: 0.7 }),
      Plot.text([[0.5, -0.6]], {
        text: ["chance"],
        dx: 4,
        dy: 2,
        textAnchor: "start",
        lineAnchor: "top",
        fontSize: 11,
        fillOpacity: 0.75,
      }),
      Plot.line(
        points.filter((p) => traitsOf(p.setting).step),
        { x: "mean", y: "position", stroke: "color", z: "encoder", strokeOpacity: 0.5, strokeWidth: 1.5 },
      ),
      Plot.ruleY(
        points.filter((p) => p.low !== null),
        { y: "position", x1: "low", x2: "high", stroke: "color", strokeWidth: 2 },
      ),
      Plot.dot(points, {
        x: "mean",
        y: "position",
        fill: "color",
        stroke: "color",
        symbol: (p: LadderPoint) => SYMBOLS[p.setting],
        r: 4,
        title: (p: LadderPoint) =>
          `${p.encoder}, ${p.setting}: ${p.mean.toFixed(3)}${p.low === null || p.high === null ? "" : ` (${p.low.toFixed(3)} to ${p.high.toFixed(3)})`}`,
      }),
    ],
  };
}
