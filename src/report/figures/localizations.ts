import * as Plot from "@observablehq/plot";
import type { ResultTable } from "../../evidence/tables.ts";
import type { Setting } from "../../settings.ts";
import { composeFigure, drawPlot } from "./draw.ts";
import { encoderColor, type LegendItem, type Panel, SYMBOLS } from "./svg.ts";

/** One marker of Figure 2: a class of one encoder in one modified setting against its original accuracy (0..1). */
export interface LocalizationPoint {
  readonly encoder: string;
  readonly color: string;
  readonly setting: Setting;
  readonly class: string;
  readonly original: number;
  readonly modified: number;
}

/** The two panels of Figure 2. */
const LOCALIZATION_PANELS: readonly { heading: string; settings: readonly Setting[] }[] = [
  { heading: "neighbors of the same or another localization", settings: ["same", "different"] },
  { heading: "no neighbors", settings: ["masked", "cell-free"] },
];

/** Markers of Figure 2 for the given settings; classes that lack either accuracy have none. */
export function localizationPoints(table: ResultTable, settings: readonly Setting[]): LocalizationPoint[] {
  return table.encoders.flatMap((encoder, e) => {
    const original = encoder.settings.find((s) => s.setting === "original");
    if (original === undefined) return [];
    const x = new Map(original.classes.map((c) => [c.class, c.accuracy]));
    return encoder.settings
      .filter((s) => settings.includes(s.setting))
      .flatMap((s) =>
        s.classes
          .filter((c) => x.has(c.class))
          .map((c) => ({
            encoder: encoder.encoder,
            color: encoderColor(e),
            setting: s.setting,
            class: c.class,
            original: x.get(c.class) as number,
            modified: c.accuracy,
          })),
      );
  });
}

/** Axis limits: 0.5 to 1, extended downwards in steps of 0.1 where a value lies below. */
export function accuracyDomain(values: readonly number[]): [number, number] {
  const least = values.reduce((low, v) => Math.min(low, v), 0.5);
  return [Math.max(0, Math.floor(least * 10 + 1e-9) / 10), 1];
}

function panel(points: readonly LocalizationPoint[], heading: string, domain: [number, number]): Panel {
  const [low, high] = domain;
  const width = 400;
  const height = 400;
  const svg = drawPlot({
    title: `Accuracy per localization, ${heading}`,
    description: `${points.length} markers; horizontal: accuracy with the original background, vertical: with the modified one, both 0 to 1`,
    width,
    height,
    marginLeft: 48,
    marginBottom: 42,
    marginTop: 24,
    marginRight: 12,
    grid: true,
    x: {
      domain,
      label: "accuracy, original background",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 5,
    },
    y: { domain, label: "accuracy, modified background", labelAnchor: "top", labelArrow: "none", ticks: 5 },
    marks: [
      Plot.line(
        [
          [low, low],
          [high, high],
        ],
        { stroke: "currentColor", strokeOpacity: 0.6, strokeDasharray: "4 3" },
      ),
      Plot.dot(points, {
        x: "original",
        y: "modified",
        fill: "color",
        stroke: "color",
        fillOpacity: 0.45,
        strokeWidth: 1.2,
        r: 4,
        symbol: (p: LocalizationPoint) => SYMBOLS[p.setting],
        title: (p: LocalizationPoint) =>
          `${p.encoder}, ${p.class}: original ${p.original.toFixed(3)}, ${p.setting} ${p.modified.toFixed(3)}`,
      }),
    ],
  });
  return { heading, svg, width, height };
}

/** Figure 2 as data: its panels as SVG (those without markers are left out) and its legend. */
export function localizationFigure(table: ResultTable): { panels: Panel[]; legend: LegendItem[] } {
  const all = LOCALIZATION_PANELS.map((p) => ({ ...p, points: localizationPoints(table, p.settings) }));
  const shown = all.filter((p) => p.points.length > 0);
  const domain = accuracyDomain(shown.flatMap((p) => p.points.flatMap((q) => [q.original, q.modified])));
  const settings = shown.flatMap((p) =>
    p.settings.filter((s) => p.points.some((point) => point.setting === s)),
  );
  return {
    panels: shown.map((p) => panel(p.points, p.heading, domain)),
    legend: [
      ...table.encoders.map((e, i) => ({
        group: "encoder" as const,
        label: e.encoder,
        color: encoderColor(i),
        symbol: "square" as const,
      })),
      ...settings.map((s) => ({
        group: "setting" as const,
        label: s,
        color: "currentColor",
        symbol: SYMBOLS[s],
      })),
    ],
  };
}

/** Figure 2 of the paper as one stand-alone SVG file; null where no encoder has `original` and a modified setting. */
export function localizationSvg(table: ResultTable): string | null {
  const { panels, legend } = localizationFigure(table);
  if (panels.length === 0) return null;
  return composeFigure({
    title: "Accuracy per localization, original against modified background",
    description: `Mean pairwise accuracy per localization (0 to 1), ${table.aggregation} aggregation; markers below the diagonal lose by the swap.`,
    panels,
    legend,
  });
}
