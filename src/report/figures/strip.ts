import * as Plot from "@observablehq/plot";
import { drawDecoration } from "./draw.ts";

const WIDTH = 128;
const SIDES = { marginLeft: 8, marginRight: 8 };

/** An effect on a strip, differences of accuracy; `low` and `high` are null where there is no interval. */
export interface StripValue {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The limits that all strips of a table share, in percentage points: every value, every interval, zone and zero. */
export function stripDomain(values: readonly StripValue[], zone: number): [number, number] {
  const all = [
    1.5 * zone,
    -1.5 * zone,
    ...values.flatMap((v) => [v.value, v.low ?? v.value, v.high ?? v.value]),
  ];
  const [low, high] = [100 * Math.min(...all), 100 * Math.max(...all)];
  const pad = 0.03 * (high - low || 1);
  return [low - pad, high + pad];
}

/** An effect as a dot with its interval against the equivalence zone (the band) and zero (the line). */
export function drawStrip(
  { value, low, high }: StripValue,
  domain: readonly [number, number],
  zone: number,
  color: string,
): string {
  const interval = low === null || high === null ? [] : [[100 * low, 100 * high]];
  return drawDecoration({
    ...SIDES,
    width: WIDTH,
    height: 16,
    marginTop: 0,
    marginBottom: 0,
    axis: null,
    x: { domain: [...domain] },
    y: { domain: [-1, 1] },
    marks: [
      Plot.rect([zone], {
        x1: -100 * zone,
        x2: 100 * zone,
        y1: -1,
        y2: 1,
        fill: "currentColor",
        fillOpacity: 0.14,
      }),
      Plot.ruleX([0], { strokeOpacity: 0.7 }),
      Plot.ruleY(interval, { y: 0, x1: "0", x2: "1", stroke: color, strokeWidth: 2 }),
      Plot.ruleX(interval.flat(), { y1: -0.45, y2: 0.45, stroke: color, strokeWidth: 2 }),
      Plot.dot([[100 * value, 0]], { fill: color, r: 3.4 }),
    ],
  });
}

/** The scale of the strips, in percentage points. */
export function drawStripAxis(domain: readonly [number, number]): string {
  return drawDecoration({
    ...SIDES,
    width: WIDTH,
    height: 22,
    marginTop: 1,
    marginBottom: 20,
    x: { domain: [...domain], label: null, ticks: 4, tickSize: 3 },
    y: { axis: null },
    marks: [Plot.ruleY([0], { strokeOpacity: 0.5 })],
  });
}
