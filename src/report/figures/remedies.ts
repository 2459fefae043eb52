import * as Plot from "@observablehq/plot";
import type { EncoderRemedies, RemedyNumber } from "../data.ts";
import { formatNumber, formatRange } from "../numbers.ts";
import { axisName, type FigureOptions, type LegendItem } from "./svg.ts";

/** Effects that remedies are to take away, with their names on axes. */
export const LEFT_EFFECTS = { neighbor: "neighbor effect left", medium: "medium effect left" } as const;

/** How a remedy is marked: by shape, filling and the weight of its label, never by color alone. */
type Mark = "none" | "recommended" | "within" | "open";

/** One point: what is kept on original crops against what is left of an effect, both with intervals where there are any. */
export interface RemedyPoint {
  readonly remedy: string;
  readonly mark: Mark;
  readonly kept: RemedyNumber;
  readonly left: RemedyNumber;
}

/** Pixels between the lines of two labels. */
const LINE = 14;
const SIZE = { marginLeft: 46, marginTop: 30, marginBottom: 44 };
/** Pixels of the frame, from side to side. */
const ACROSS = 204;
/** Pixels that a leader takes from the frame to its label. */
const LEADER = 18;
/** Pixels of a letter of a label, at most. */
const LETTER = 8;

/** Whether the interval of an effect lies within the zone of equivalence. @param zone its half width, a share */
export function isWithin({ low, high }: Pick<RemedyNumber, "low" | "high">, zone: number): boolean {
  return low !== null && high !== null && low >= -zone && high <= zone;
}

/** The points of one encoder, those marked first drawn last. */
export function remedyPoints(
  { measured, recommended }: EncoderRemedies,
  effect: keyof typeof LEFT_EFFECTS,
  zone: number,
): RemedyPoint[] {
  return measured.flatMap(({ remedy, numbers }) => {
    const of = (name: string) => numbers.find((n) => n.of === name);
    const [kept, left, neighbor] = [of("original"), of(effect), of("neighbor")];
    if (kept === undefined || left === undefined) return [];
    const open = neighbor === undefined || !isWithin(neighbor, zone);
    const mark =
      remedy === recommended ? "recommended" : remedy === "none" ? "none" : open ? "open" : "within";
    return [{ remedy, mark, kept, left }];
  });
}

/** What the marks say. */
export function remedyLegend(color: string): LegendItem[] {
  const item = (label: string, of: Partial<LegendItem>): LegendItem => ({
    group: "remedy",
    label,
    color,
    symbol: "circle",
    ...of,
  });
  return [
    item("recommended", { symbol: "star" }),
    item("neighbor effect within the zone", {}),
    item("not shown to be within", { hollow: true }),
    item("none: the encoder as it is", { symbol: "square", color: "currentColor" }),
  ];
}

/**
 * Heights for labels in one column: as near as can be to where their points lie, in their order, `gap` apart, between
 * `top` and `bottom` where there is room for all.
 */
export function spread(at: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = [...at.keys()].sort((a, b) => at[a] - at[b] || a - b);
  const wanted = order.map((i, rank) => at[i] - gap * rank);
  // Pooling of neighbors that are out of order: the nearest ascending values by least squares.
  const pools: { sum: number; count: number }[] = [];
  for (const value of wanted) {
    pools.push({ sum: value, count: 1 });
    for (let n = pools.length; n > 1; n = pools.length) {
      const [before, last] = pools.slice(-2);
      if (before.sum / before.count <= last.sum / last.count) break;
      pools.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  const highest = Math.max(top, bottom - gap * (at.length - 1));
  const means = pools.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
  const out = new Array<number>(at.length);
  for (const [rank, i] of order.entries())
    out[i] = Math.min(highest, Math.max(top, means[rank])) + gap * rank;
  return out;
}

/** The figure of one encoder and effect. */
export function remedyFigure(
  encoder: EncoderRemedies,
  effect: keyof typeof LEFT_EFFECTS,
  zone: number,
  color: string,
): FigureOptions {
  const points = remedyPoints(encoder, effect, zone).map((p) => ({
    ...p,
    x: 100 * p.left.value,
    x1: p.left.low === null ? null : 100 * p.left.low,
    x2: p.left.high === null ? null : 100 * p.left.high,
    y: p.kept.value,
    y1: p.kept.low,
    y2: p.kept.high,
    color: p.mark === "none" ? "currentColor" : color,
  }));
  type Point = (typeof points)[number];
  const limit = 100 * zone;
  const x = domain([...points.flatMap((p) => [p.x, p.x1, p.x2]), -limit, limit]);
  const y = domain(points.flatMap((p) => [p.y, p.y1, p.y2]));
  const inner = Math.max(220, LINE * points.length);
  const bottom = SIZE.marginTop + inner;
  const pixel = (value: number) => SIZE.marginTop + ((y[1] - value) / (y[1] - y[0])) * inner;
  const value = (at: number) => y[1] - ((at - SIZE.marginTop) / inner) * (y[1] - y[0]);
  const heights = spread(
    points.map((p) => pixel(p.y)),
    LINE,
    SIZE.marginTop + 4,
    bottom - 4,
  );
  const end = x[1] + (LEADER * (x[1] - x[0])) / ACROSS;
  const labels = points.map((p, i) => ({ ...p, at: value(heights[i]), end, name: axisName(p.remedy) }));
  const marginRight = LEADER + LETTER * Math.max(14, ...labels.map(({ name }) => [...name].length));
  const said = points.map(
    ({ remedy, mark, kept, left }) =>
      `${remedy}${mark === "recommended" ? " (recommended)" : ""} ${words(left)} at accuracy ${words(kept)}`,
  );
  const shape = { none: "square", recommended: "star", within: "circle", open: "circle" } as const;
  return {
    title: `Remedies of ${encoder.encoder}`,
    description: `${LEFT_EFFECTS[effect]} in points against accuracy on original crops: ${said.join("; ")}`,
    ...SIZE,
    marginRight,
    width: SIZE.marginLeft + ACROSS + marginRight,
    height: bottom + SIZE.marginBottom,
    x: {
      domain: x,
      label: `${LEFT_EFFECTS[effect]}, points`,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 5,
    },
    y: {
      domain: y,
      label: "accuracy on original crops (0 to 1)",
      labelAnchor: "top",
      labelArrow: "none",
      ticks: 5,
    },
    symbol: { type: "identity" },
    marks: [
      Plot.rect([0], { x1: -limit, x2: limit, y1: y[0], y2: y[1], fill: "currentColor", fillOpacity: 0.09 }),
      Plot.frame({ strokeOpacity: 0.25 }),
      Plot.ruleX([0], { strokeOpacity: 0.6 }),
      Plot.ruleY(labels, { y: "y", x1: "x", x2: x[1], strokeOpacity: 0.35, strokeDasharray: "1 3" }),
      Plot.link(labels, { x1: x[1], x2: "end", y1: "y", y2: "at", strokeOpacity: 0.35 }),
      Plot.ruleX(
        points.filter((p) => p.y1 !== null),
        { x: "x", y1: "y1", y2: "y2", stroke: "color", strokeOpacity: 0.6 },
      ),
      Plot.ruleY(
        points.filter((p) => p.x1 !== null),
        { y: "y", x1: "x1", x2: "x2", stroke: "color", strokeWidth: 1.5, strokeOpacity: 0.8 },
      ),
      Plot.dot(
        [...points].sort((a, b) => rank(a.mark) - rank(b.mark)),
        {
          x: "x",
          y: "y",
          symbol: (p: Point) => shape[p.mark],
          r: (p: Point) => (p.mark === "recommended" ? 6.5 : 4),
          fill: (p: Point) => (p.mark === "open" ? "none" : p.color),
          stroke: "color",
        },
      ),
      ...[false, true].map((bold) =>
        Plot.text(
          labels.filter((p) => (p.mark === "recommended") === bold),
          {
            x: "end",
            y: "at",
            text: "name",
            textAnchor: "start",
            dx: 3,
            fontSize: 11.5,
            fontWeight: bold ? 700 : 400,
          },
        ),
      ),
    ],
  };
}

function rank(mark: Mark): number {
  return ["open", "within", "none", "recommended"].indexOf(mark);
}

function words(number: RemedyNumber): string {
  const range = formatRange(number);
  return `${formatNumber(number.value, number.kind)}${range === null ? "" : ` (${range})`}`;
}

/** Limits around values, with some room beside the outermost. */
function domain(values: readonly (number | null)[]): [number, number] {
  const present = values.filter((v) => v !== null);
  const [low, high] = [Math.min(...present), Math.max(...present)];
  const pad = 0.06 * (high - low || 0.1);
  return [low - pad, high + pad];
}
