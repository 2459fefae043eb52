import { useCallback, useLayoutEffect, useRef, useState } from "react";
import { givenHeight, linesOn, type Place, placeOf, scrolled } from "../../../src/explore/tall.ts";
import type { ViewState } from "../../../src/explore/url.ts";
import type { Everything } from "../../data/rows.ts";
import { useNarrow } from "../../parts/narrow.ts";
import { go, useView } from "../../state.ts";
import { Tile } from "./tile.tsx";

/** What a tile is wider and higher than its picture, px. */
const FRAME = 8;
const CAPTION = 68;

interface Props {
  readonly rows: Int32Array;
  readonly of: Everything;
}

/** Composites side by side in lines, of which those on the screen are drawn. Arrow keys go from one to the next. */
export function Wall({ rows, of }: Props) {
  const { cell, on, tile, beside } = useView();
  const narrow = useNarrow();
  const wall = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [chosen, setChosen] = useState({ rows, at: 0 });
  const at = chosen.rows === rows ? chosen.at : 0;
  const focus = useRef(false);
  useLayoutEffect(() => {
    const measure = () => setWidth(wall.current?.clientWidth ?? 0);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(wall.current!);
    return () => watch.disconnect();
  }, []);
  const wide = (beside ? 2 : 1) * tile + FRAME;
  const across = Math.max(1, Math.floor(width / wide));
  const count = width === 0 ? 0 : Math.ceil(rows.length / across);
  const high = tile + FRAME + CAPTION;
  const { first, last, base, given, show } = useLines(wall, count, high);
  const onFocus = useCallback(
    (position: number) => {
      focus.current = false;
      setChosen((c) => (c.rows === rows && c.at === position ? c : { rows, at: position }));
    },
    [rows],
  );
  const onOpen = useCallback(
    (position: number, change: Partial<ViewState>) => {
      setChosen({ rows, at: position });
      go(change);
      // In one column the cell stands below the wall.
      if (narrow) document.querySelector(".right")?.scrollIntoView();
    },
    [rows, narrow],
  );

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    focus.current = true;
    setChosen({ rows, at: next });
    show(Math.floor(next / across));
  };
  const onKeyDown = (e: React.KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const page = across * Math.max(1, Math.floor((wall.current?.clientHeight ?? 0) / high));
    const to: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + across,
      ArrowUp: at - across,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    if (!(e.key in to)) return;
    e.preventDefault();
    move(to[e.key]);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: lines are placed one by one, which tables do not allow
    <div
      ref={wall}
      className="wall"
      role="grid"
      aria-label="Composites"
      aria-rowcount={count}
      aria-colcount={across}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div className="lines" style={{ height: given }} role="presentation">
        {Array.from({ length: last - first }, (_, n) => first + n).map((line) => (
          // biome-ignore lint/a11y/useSemanticElements: see above
          // biome-ignore lint/a11y/useFocusableInteractive: its tiles are
          <div
            key={line}
            className="line"
            role="row"
            aria-rowindex={line + 1}
            style={{ transform: `translateY(${line * high - base}px)` }}
          >
            {Array.from(rows.subarray(line * across, (line + 1) * across), (row, i) => {
              const position = line * across + i;
              return (
                <Tile
                  key={row}
                  {...{ row, of, position, side: tile, beside, onFocus, onOpen }}
                  current={position === at}
                  takeFocus={position === at && focus.current}
                  chosen={of.cells.id[of.composites.cell[row]] === cell ? on : false}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Lines on the screen of a wall that may be taller than browsers allow; `base`: what lies above the browser's top. */
function useLines(wall: React.RefObject<HTMLDivElement | null>, count: number, high: number) {
  const place = useRef<Place>({ at: 0, offset: 0 });
  const total = count * high;
  const [shown, setShown] = useState({ first: 0, last: 0, base: 0 });
  const heights = useCallback(() => ({ total, screen: wall.current?.clientHeight ?? 0 }), [wall, total]);
  const put = useCallback(
    (next: Place) => {
      place.current = next;
      if (wall.current !== null && wall.current.scrollTop !== next.at) wall.current.scrollTop = next.at;
      const lines = { ...linesOn(next, heights(), high), base: next.offset - next.at };
      setShown((s) =>
        s.first === lines.first && s.last === lines.last && s.base === lines.base ? s : lines,
      );
    },
    [wall, heights, high],
  );
  useLayoutEffect(() => {
    const element = wall.current!;
    const onScroll = () => put(scrolled(place.current, element.scrollTop, heights()));
    element.addEventListener("scroll", onScroll, { passive: true });
    const watch = new ResizeObserver(() => put(place.current));
    watch.observe(element);
    // Another wall: it is shown from the same height on, as far as it goes.
    put(placeOf(place.current.offset, heights()));
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, [wall, heights, put]);
  /** Brings a line on the screen. */
  const show = (line: number) => {
    const { offset } = place.current;
    const to = Math.min(line * high, Math.max(offset, (line + 1) * high - heights().screen));
    if (to !== offset) put(placeOf(to, heights()));
  };
  // What was on the screen of a longer wall ends with this one.
  const last = Math.min(shown.last, count);
  return { show, ...shown, first: Math.min(shown.first, last), last, given: givenHeight({ total }) };
}
