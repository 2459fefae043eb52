import * as Plot from "@observablehq/plot";
import { useEffect, useMemo, useRef } from "react";
import { draw } from "../../parts/drawing.ts";

/** A composite by its two margins. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Row of the plan. */
  readonly row: number;
}

interface Props {
  readonly points: readonly Point[];
  readonly first: string;
  readonly second: string;
  /** Cell that is looked at, by row of the store. */
  readonly chosen: number | null;
  readonly cellOf: (row: number) => number;
  readonly onChoose: (row: number) => void;
}

const SIDE = 440;
const MARGIN = { left: 52, right: 12, top: 12, bottom: 44 };
/** How near a click must be to a point, px. */
const NEAR = 14;

/** Range that both axes have, so that the diagonal is one. */
function extent(points: readonly Point[]): [number, number] {
  let [low, high] = [0, 0];
  for (const { x, y } of points) {
    low = Math.min(low, x, y);
    high = Math.max(high, x, y);
  }
  const pad = 0.04 * (high - low || 1);
  return [low - pad, high + pad];
}

/** Points of any number on a canvas, between axes. */
export function Scatter({ points, first, second, chosen, cellOf, onChoose }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const axes = useRef<HTMLDivElement>(null);
  const domain = useMemo(() => extent(points), [points]);
  const place = useMemo(() => {
    const [low, high] = domain;
    const inner = SIDE - MARGIN.left - MARGIN.right;
    const tall = SIDE - MARGIN.top - MARGIN.bottom;
    return {
      x: (v: number) => MARGIN.left + (inner * (v - low)) / (high - low),
      y: (v: number) => MARGIN.top + (tall * (high - v)) / (high - low),
    };
  }, [domain]);
  useEffect(() => {
    const svg = draw({
      width: SIDE,
      height: SIDE,
      marginLeft: MARGIN.left,
      marginRight: MARGIN.right,
      marginTop: MARGIN.top,
      marginBottom: MARGIN.bottom,
      x: { domain, label: `margin in ${first}`, labelAnchor: "center", labelArrow: "none", grid: true },
      y: { domain, label: `margin in ${second}`, labelAnchor: "center", labelArrow: "none", grid: true },
      marks: [
        Plot.ruleX([0], { strokeOpacity: 0.6 }),
        Plot.ruleY([0], { strokeOpacity: 0.6 }),
        Plot.line(
          [domain, domain].map((d, i) => [d[i], d[i]]),
          { strokeDasharray: "4 3", strokeOpacity: 0.8 },
        ),
      ],
    });
    svg.setAttribute("aria-hidden", "true");
    axes.current!.replaceChildren(svg);
  }, [domain, first, second]);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const scale = window.devicePixelRatio || 1;
    canvas.current!.width = SIDE * scale;
    canvas.current!.height = SIDE * scale;
    context.scale(scale, scale);
    context.globalAlpha = points.length > 20_000 ? 0.25 : points.length > 2000 ? 0.45 : 0.7;
    context.fillStyle = getComputedStyle(canvas.current!).color;
    const size = points.length > 20_000 ? 1.5 : 3;
    for (const { x, y } of points) context.fillRect(place.x(x) - size / 2, place.y(y) - size / 2, size, size);
    if (chosen === null) return;
    context.globalAlpha = 1;
    context.fillStyle = "#d55e00";
    for (const { x, y, row } of points) {
      if (cellOf(row) !== chosen) continue;
      context.beginPath();
      context.arc(place.x(x), place.y(y), 5, 0, 2 * Math.PI);
      context.fill();
    }
  }, [points, place, chosen, cellOf]);
  const choose = (event: React.MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best: { row: number; far: number } | null = null;
    for (const { x, y, row } of points) {
      const far = (place.x(x) - px) ** 2 + (place.y(y) - py) ** 2;
      if (far <= NEAR ** 2 && (best === null || far < best.far)) best = { row, far };
    }
    if (best !== null) onChoose(best.row);
  };
  const above = points.reduce((n, { x, y }) => n + (y > x ? 1 : 0), 0);
  return (
    <div
      className="scatter"
      role="img"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: narrow windows scroll it
      tabIndex={0}
      aria-label={`Margins of ${points.length} composites: ${first} across, ${second} upward; ${above} have the larger margin in ${second}. The cells that are farthest apart are listed beside it.`}
    >
      <div ref={axes} />
      <canvas ref={canvas} onClick={choose} />
    </div>
  );
}
