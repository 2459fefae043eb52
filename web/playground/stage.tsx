import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import type { Range } from "../../src/explore/look.ts";
import { outlinePath } from "../../src/explore/outline.ts";
import { coverPath } from "../../src/explore/playground/cover.ts";
import { CENTER } from "../../src/types.ts";
import { CropPicture } from "../parts/crop-picture.tsx";
import { useStudy } from "../state.ts";
import type { Editing } from "./history.ts";
import { type Lying, lyingCells } from "./lying.ts";
import type { Shown } from "./trying.ts";

/** Widest that the picture is shown, px. */
const WIDEST = 420;

interface Props {
  readonly shown: Shown;
  readonly ranges: readonly Range[];
  readonly editing: Editing;
  readonly label: string;
  readonly marked: number | null;
  onMark(number: number | null): void;
}

/** The composite, large: the cell is dragged or moved by arrow keys, neighbors are erased by a click. */
export function Stage({ shown, ranges, editing, label, marked, onMark }: Props) {
  const { study } = useStudy();
  const { height, width } = study.about.crops;
  const zoom = Math.max(1, Math.min(8, Math.floor(WIDEST / width)));
  const { trial, tried } = shown;
  const cells = useMemo(() => lyingCells(shown, study.about.crops), [shown, study]);
  const moves = trial.scene === "neighbors" || trial.scene === "medium" || trial.scene === "nothing";
  const own = useMemo(
    () => ({
      cover: coverPath(tried.mask, CENTER, height, width),
      edge: outlinePath(tried.mask, CENTER, height, width),
    }),
    [tried, height, width],
  );
  const drag = useDrag(editing, width);
  const move = (dx: number, dy: number) => {
    const now = editing.trial;
    editing.change({ dx: within(now.dx + dx, width), dy: within(now.dy + dy, height) }, "place");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 5 : 1;
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (dx !== 0 || dy !== 0) move(step * dx, step * dy);
    else if ((event.key === "Delete" || event.key === "Backspace") && marked !== null)
      editing.change({ erased: toggled(editing.trial.erased, marked) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="stage"
      role="application"
      aria-roledescription="picture"
      aria-label={`${label}. Arrow keys move the cell by 1 px, with Shift by 5 px.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cell
      tabIndex={0}
      onKeyDown={onKeyDown}
      style={{ maxWidth: width * zoom }}
    >
      <CropPicture pixels={tried.crop} about={study.about} ranges={ranges} label={label} zoom={zoom} />
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" onPointerLeave={() => onMark(null)}>
        {cells.map((one) => (
          <LyingCell
            key={one.key}
            of={one}
            marked={one.kind === "neighbor" && one.number === marked}
            onMark={onMark}
            editing={editing}
            drag={drag}
          />
        ))}
        <path className="own edge" d={own.edge} />
        {moves ? (
          <path
            className="own cover"
            d={own.cover}
            {...drag(
              (dx, dy, start) =>
                editing.change(
                  { dx: within(start.dx + dx, width), dy: within(start.dy + dy, height) },
                  "place",
                ),
              () => editing.trial,
            )}
          />
        ) : null}
      </svg>
    </div>
  );
}

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export const within = (value: number, most: number) => Math.max(-most, Math.min(most, value));
export const toggled = (list: readonly number[], one: number) =>
  (list.includes(one) ? list.filter((n) => n !== one) : [...list, one]).sort((a, b) => a - b);

interface Place {
  readonly dx: number;
  readonly dy: number;
}
type Drag = (
  moved: (dx: number, dy: number, start: Place) => void,
  start: () => Place,
) => Record<
  "onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerCancel",
  (event: PointerEvent) => void
>;

/** Handlers of what is dragged: how far, px of the crop, from where it was. */
function useDrag(editing: Editing, width: number): Drag {
  const from = useRef<{ x: number; y: number; start: Place; scale: number } | null>(null);
  return (moved, start) => ({
    onPointerDown: (event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      const box = (event.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
      from.current = { x: event.clientX, y: event.clientY, start: start(), scale: width / box.width };
    },
    onPointerMove: (event) => {
      if (from.current === null) return;
      const { x, y, scale, start: at } = from.current;
      moved(Math.round((event.clientX - x) * scale), Math.round((event.clientY - y) * scale), at);
    },
    onPointerUp: () => {
      from.current = null;
      editing.rest();
    },
    onPointerCancel: () => {
      from.current = null;
      editing.rest();
    },
  });
}

function LyingCell({
  of,
  marked,
  onMark,
  editing,
  drag,
}: {
  of: Lying;
  marked: boolean;
  onMark(number: number | null): void;
  editing: Editing;
  drag: Drag;
}) {
  const [held, setHeld] = useState(false);
  if (of.kind === "added") {
    const { at, height, width } = of;
    const handlers = drag(
      (dx, dy, start) =>
        editing.change(
          {
            added: editing.trial.added.map((a, i) =>
              i === at ? { ...a, dx: within(start.dx + dx, width), dy: within(start.dy + dy, height) } : a,
            ),
          },
          `added ${at}`,
        ),
      () => editing.trial.added[at],
    );
    return (
      <g
        className={held ? "added held" : "added"}
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
      >
        <path className="edge" d={of.edge} />
        <path className="cover" d={of.cover} {...handlers} />
      </g>
    );
  }
  const { number, erased } = of;
  return (
    <g className={`neighbor${erased ? " erased" : ""}${marked ? " marked" : ""}`}>
      <path className="edge" d={of.edge} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the list of neighbors has the buttons */}
      <path
        className="cover"
        d={of.cover}
        onPointerEnter={() => onMark(number)}
        onClick={() => editing.change({ erased: toggled(editing.trial.erased, number) })}
      />
    </g>
  );
}
