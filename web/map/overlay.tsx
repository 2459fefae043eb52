import type { Lasso } from "../../src/explore/map/lasso.ts";
import type { Step } from "../../src/explore/map/path.ts";
import { type Places, ticksOf, toPlace, toScreen } from "../../src/explore/map/place.ts";
import { settingOf } from "../data/study.ts";
import type { Shown } from "./plot.tsx";

interface Props extends Shown {
  readonly places: Places;
  readonly setting: Uint8Array;
  readonly axes: readonly [string, string];
  /** Lines that join the settings of the cell that is looked at. */
  readonly steps: readonly Step[];
  readonly lasso: Lasso | null;
}

/** Axes, the lines of the chosen cell and the lasso, over the places. */
export function Overlay({ places, setting, axes, steps, lasso, frame, size, hovered, drawn }: Props) {
  const screen = (row: number) => toScreen(frame, size, places.x[row], places.y[row]);
  const corners = (of: Lasso) => of.map(([x, y]) => toScreen(frame, size, x, y).join()).join(" ");
  const known = steps.filter(({ from, to }) => !Number.isNaN(places.x[from] + places.x[to]));
  const ends = [...new Set(known.flatMap(({ from, to }) => [from, to]))];
  return (
    <svg className="over" width={size.width} height={size.height} aria-hidden="true">
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="11"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0,0 L8,4 L0,8 Z" />
        </marker>
      </defs>
      <Axes {...{ frame, size, axes }} />
      {lasso === null ? null : <polygon className="lasso" points={corners(lasso)} />}
      {drawn.length > 1 ? <polyline className="lasso" points={corners(drawn)} /> : null}
      {known.map(({ from, to, ladder }) => {
        const [[x1, y1], [x2, y2]] = [screen(from), screen(to)];
        return (
          <line
            key={`${from} ${to}`}
            {...{ x1, y1, x2, y2 }}
            className={ladder ? "step" : "step aside"}
            markerEnd="url(#arrow)"
          />
        );
      })}
      {apart(ends.map(screen)).map(({ x, y, down }, i) => {
        const row = ends[i];
        return (
          <g key={row} transform={`translate(${x} ${y})`} className="end">
            <circle r={setting[row] === setting[ends[0]] ? 6 : 4} />
            <text x={9} y={4 + down}>
              {settingOf(setting[row])}
            </text>
          </g>
        );
      })}
      {hovered < 0 ? null : <circle className="ring" r={7} cx={screen(hovered)[0]} cy={screen(hovered)[1]} />}
    </svg>
  );
}

/** Points, and by how much their names must be moved down so that none lies on another. */
function apart(points: readonly (readonly [number, number])[]): { x: number; y: number; down: number }[] {
  const taken: { x: number; y: number }[] = [];
  return points.map(([x, y]) => {
    let down = 0;
    while (taken.some((t) => Math.abs(t.x - x) < 90 && Math.abs(t.y - (y + down)) < 13)) down += 13;
    taken.push({ x, y: y + down });
    return { x, y, down };
  });
}

function Axes({ frame, size, axes }: Pick<Props, "frame" | "size" | "axes">) {
  const [left, low] = toPlace(frame, size, 0, size.height);
  const [right, high] = toPlace(frame, size, size.width, 0);
  return (
    <g className="axes">
      {ticksOf(left, right, size.width / 110).map((value) => {
        const [x] = toScreen(frame, size, value, 0);
        return (
          <g key={value} transform={`translate(${x} ${size.height})`}>
            <line y2={-5} />
            {x < 30 || x > size.width - 30 ? null : (
              <text y={-9} textAnchor="middle">
                {value}
              </text>
            )}
          </g>
        );
      })}
      {ticksOf(low, high, size.height / 80).map((value) => {
        const [, y] = toScreen(frame, size, 0, value);
        return (
          <g key={value} transform={`translate(0 ${y})`}>
            <line x2={5} />
            {y < 30 || y > size.height - 40 ? null : (
              <text x={9} y={4}>
                {value}
              </text>
            )}
          </g>
        );
      })}
      <text className="name" x={size.width / 2} y={size.height - 24} textAnchor="middle">
        {axes[0]}
      </text>
      <text className="name" transform={`translate(40 ${size.height / 2}) rotate(-90)`} textAnchor="middle">
        {axes[1]}
      </text>
    </g>
  );
}
