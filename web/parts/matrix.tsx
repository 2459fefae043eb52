import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import type { Drawn } from "./drawing.ts";
import { type FigureProps, Frame, Plotted } from "./figure.tsx";

export type Place = readonly [row: number, column: number];

interface Props extends Omit<FigureProps, "stretch"> {
  /** Names along the figure's band scales, from the top and from the left. */
  readonly rowNames: readonly string[];
  readonly columnNames: readonly string[];
  /** The square that is chosen. */
  readonly chosen: Place | null;
  /** What a square says. */
  readonly say: (place: Place) => string;
  /** What choosing one does, for readers who cannot see. */
  readonly does: string;
  readonly pick: (place: Place) => void;
}

interface Squares {
  readonly x: (column: number) => number;
  readonly y: (row: number) => number;
  readonly width: number;
  readonly height: number;
}

const STEPS: Readonly<Record<string, Place>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** A figure of squares that can be walked by arrow keys and chosen by click or Enter; what a square says stands below. */
export function Matrix({ rowNames, columnNames, chosen, say, does, pick, ...frame }: Props) {
  const [squares, setSquares] = useState<Squares | null>(null);
  const [at, setAt] = useState<Place | null>(null);
  const [focused, setFocused] = useState(false);
  const [byKey, setByKey] = useState(false);
  const said = useId();
  const drawn = useCallback(
    (svg: Drawn | null) => setSquares(svg === null ? null : squaresOf(svg, rowNames, columnNames)),
    [rowNames, columnNames],
  );
  const there = ([r, c]: Place): Place => [
    Math.max(0, Math.min(rowNames.length - 1, r)),
    Math.max(0, Math.min(columnNames.length - 1, c)),
  ];
  const cursor = at === null ? null : there(at);
  const under = (event: PointerEvent | React.MouseEvent): Place | null => {
    const svg = event.currentTarget.querySelector("svg");
    if (svg === null || squares === null) return null;
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const find = (names: readonly string[], start: (i: number) => number, size: number, value: number) =>
      names.findIndex((_, i) => value >= start(i) && value < start(i) + size);
    const row = find(rowNames, squares.y, squares.height, y);
    const column = find(columnNames, squares.x, squares.width, x);
    return row < 0 || column < 0 ? null : [row, column];
  };
  const keys = (event: KeyboardEvent) => {
    const now = cursor ?? chosen ?? [0, 0];
    const step = STEPS[event.key];
    if (step !== undefined) setAt(there([now[0] + step[0], now[1] + step[1]]));
    else if (event.key === "Home") setAt([now[0], 0]);
    else if (event.key === "End") setAt([now[0], columnNames.length - 1]);
    else if (event.key === "Enter" || event.key === " ") pick(now);
    else return;
    setByKey(true);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Frame {...frame}>
      <div
        className="drawing matrix"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk over the squares of a drawing
        tabIndex={0}
        aria-label={`${frame.figure.title}. Arrow keys walk over the squares, Enter ${does}.`}
        aria-describedby={said}
        onFocus={() => {
          setFocused(true);
          setAt((now) => now ?? chosen ?? [0, 0]);
        }}
        onBlur={() => setFocused(false)}
        onKeyDown={keys}
        onPointerMove={(event) => {
          setByKey(false);
          setAt(under(event) ?? (focused ? at : null));
        }}
        onPointerLeave={() => focused || setAt(null)}
        onClick={(event) => {
          const place = under(event);
          if (place !== null) pick(place);
        }}
      >
        <div className="squares">
          <Plotted figure={frame.figure} drawn={drawn} />
          {squares === null || chosen === null ? null : <Outline at={chosen} of={squares} kind="chosen" />}
          {squares === null || cursor === null ? null : (
            <Outline at={cursor} of={squares} kind="cursor" seen={byKey} />
          )}
        </div>
      </div>
      <p id={said} className="square-said" aria-live="polite">
        {cursor !== null
          ? say(cursor)
          : chosen !== null
            ? say(chosen)
            : "Point at a square, or walk over them by arrow keys."}
      </p>
    </Frame>
  );
}

interface OutlineProps {
  readonly at: Place;
  readonly of: Squares;
  readonly kind: "chosen" | "cursor";
  /** Scrolled to. */
  readonly seen?: boolean;
}

function Outline({ at: [row, column], of, kind, seen = false }: OutlineProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (seen && row >= 0 && column >= 0) box.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [seen, row, column]);
  if (row < 0 || column < 0) return null;
  return (
    <div
      ref={box}
      className={`outline ${kind}`}
      style={{ left: of.x(column), top: of.y(row), width: of.width, height: of.height }}
    />
  );
}

function squaresOf(svg: Drawn, rows: readonly string[], columns: readonly string[]): Squares | null {
  const [x, y] = [svg.scale("x"), svg.scale("y")];
  if (x === undefined || y === undefined) return null;
  return {
    x: (column) => x.apply(columns[column]),
    y: (row) => y.apply(rows[row]),
    width: x.bandwidth ?? 0,
    height: y.bandwidth ?? 0,
  };
}
