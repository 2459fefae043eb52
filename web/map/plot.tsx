import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { MapCodes } from "../../src/explore/map/color.ts";
import { type Lasso, simpler } from "../../src/explore/map/lasso.ts";
import {
  type Frame,
  frameOf,
  PlaceIndex,
  type Places,
  type Size,
  toPlace,
  zoomed,
} from "../../src/explore/map/place.ts";
import { ORIGINAL } from "../data/study.ts";
import { glPainter, type Look, type Painter, plainPainter } from "./painter.ts";

/** Px within which the pointer finds a place. */
const REACH = 10;

/** What is shown of the map, for what is drawn over it. */
export interface Shown {
  readonly frame: Frame;
  readonly size: Size;
  /** Row of the plan under the pointer, -1 for none. */
  readonly hovered: number;
  /** What is being drawn with the lasso. */
  readonly drawn: Lasso;
}

interface Props {
  readonly places: Places;
  readonly setting: Uint8Array;
  readonly rows: Int32Array;
  readonly codes: MapCodes;
  readonly look: Look;
  readonly label: string;
  /** Whether dragging draws the lasso; it does with Shift in any case. */
  readonly lassoing: boolean;
  readonly onLasso: (lasso: Lasso) => void;
  readonly onPick: (row: number) => void;
  /** Called with what is drawn when it changes, and with null for a way to show everything again. */
  readonly over: (shown: Shown) => ReactNode;
  readonly onPainter: (painter: Painter, canvas: HTMLCanvasElement) => void;
  readonly frame: Frame | null;
  readonly onFrame: (change: (frame: Frame) => Frame) => void;
  readonly size: Size;
  readonly onSize: (size: Size) => void;
}

/** Places that can be moved, brought nearer, hovered, picked and drawn around. */
export function Plot(props: Props) {
  const { places, setting, rows, codes, look, frame, size, onFrame, onSize } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | null>(null);
  const index = useRef<{ rows: Int32Array; index: PlaceIndex } | null>(null);
  const [hovered, setHovered] = useState(-1);
  const [drawn, setDrawn] = useState<Lasso>([]);
  const pointers = useRef(new Map<number, [number, number]>());
  const moved = useRef(0);

  useEffect(() => {
    const make = (): Painter =>
      glPainter(canvas.current!, places, setting, ORIGINAL) ??
      plainPainter(canvas.current!, places, setting, ORIGINAL);
    painter.current = make();
    props.onPainter(painter.current, canvas.current!);
    return () => painter.current?.close();
  }, [places, setting]);
  useEffect(() => painter.current?.rows(rows), [rows]);
  useEffect(() => painter.current?.codes(codes.code), [codes]);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) =>
      onSize({ width: contentRect.width, height: contentRect.height }),
    );
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [onSize]);
  const ratio = Math.min(2, devicePixelRatio);
  const pixels = { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) };
  useEffect(() => {
    if (frame !== null && size.width > 0) painter.current?.draw(frame, size, look);
  }, [frame, size, look, rows, codes, pixels.width, pixels.height]);
  useEffect(() => {
    const element = box.current!;
    const onWheel = (e: WheelEvent) => {
      e.preventDefault();
      const [px, py] = at(element, e);
      onFrame((f) => zoomed(f, size, px, py, Math.exp(-e.deltaY * (e.deltaMode === 1 ? 0.04 : 0.0016))));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [onFrame, size]);

  const find = (px: number, py: number): number => {
    if (frame === null) return -1;
    if (index.current?.rows !== rows) index.current = { rows, index: new PlaceIndex(places, rows) };
    return index.current.index.nearest(...toPlace(frame, size, px, py), REACH * frame.unit);
  };
  const onMove = (e: React.PointerEvent) => {
    const now = at(box.current!, e);
    const before = pointers.current.get(e.pointerId);
    if (before === undefined) {
      if (e.pointerType !== "touch") setHovered(find(...now));
      return;
    }
    moved.current += Math.hypot(now[0] - before[0], now[1] - before[1]);
    const others = [...pointers.current].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
    pointers.current.set(e.pointerId, now);
    if (others.length > 0) {
      const [other] = others;
      const apart = (p: [number, number]) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      onFrame((f) => zoomed(f, size, other[0], other[1], apart(now) / Math.max(1, apart(before))));
    } else if (drawn.length > 0) setDrawn([...drawn, toPlace(frame!, size, ...now)]);
    else
      onFrame((f) => ({
        ...f,
        x: f.x - (now[0] - before[0]) * f.unit,
        y: f.y + (now[1] - before[1]) * f.unit,
      }));
  };
  const onDown = (e: React.PointerEvent) => {
    if (e.button !== 0 || frame === null) return;
    box.current!.setPointerCapture(e.pointerId);
    const now = at(box.current!, e);
    pointers.current.set(e.pointerId, now);
    moved.current = 0;
    setHovered(-1);
    if ((props.lassoing || e.shiftKey) && pointers.current.size === 1)
      setDrawn([toPlace(frame, size, ...now)]);
  };
  const onUp = (e: React.PointerEvent) => {
    if (!pointers.current.delete(e.pointerId)) return;
    if (moved.current < 4) {
      const row = find(...at(box.current!, e));
      if (row >= 0) props.onPick(row);
    } else if (drawn.length > 2) props.onLasso(simpler(drawn));
    setDrawn([]);
  };
  const onKey = (e: React.KeyboardEvent) => {
    const by = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as const)[
      e.key
    ];
    if (by !== undefined)
      onFrame((f) => ({ ...f, x: f.x + 40 * by[0] * f.unit, y: f.y + 40 * by[1] * f.unit }));
    else if (e.key === "+" || e.key === "-")
      onFrame((f) => zoomed(f, size, size.width / 2, size.height / 2, e.key === "+" ? 1.3 : 1 / 1.3));
    else if (e.key === "0") onFrame(() => frameOf(places, size)!);
    else return;
    e.preventDefault();
  };
  return (
    <div
      ref={box}
      className={props.lassoing ? "plot lassoing" : "plot"}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move the map
      tabIndex={0}
      aria-label={props.label}
      data-points={rows.length}
      onPointerDown={onDown}
      onPointerMove={onMove}
      onPointerUp={onUp}
      onPointerCancel={onUp}
      onPointerLeave={() => setHovered(-1)}
      onKeyDown={onKey}
    >
      <canvas ref={canvas} {...pixels} />
      {frame === null ? null : props.over({ frame, size, hovered, drawn })}
    </div>
  );
}

/** Where a pointer is on an element, px. */
function at(element: Element, { clientX, clientY }: { clientX: number; clientY: number }): [number, number] {
  const { left, top } = element.getBoundingClientRect();
  return [clientX - left, clientY - top];
}
