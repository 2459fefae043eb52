import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { givenHeight, type Place, placeOf, scrolled } from "../../../src/explore/tall.ts";
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
  const { tile, beside } = useView();
  const narrow = useNarrow();
  const wall = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [chosen, setChosen] = useState({ rows, at: 0 });
  const at = chosen.rows === rows ? chosen.at : 0;
  const focus = useRef(false);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => setWidth(wall.current?.clientWidth ?? 0));
    watch.observe(wall.current!);
    return () => watch.disconnect();
  }, []);
  const wide = (beside ? 2 : 1) * tile + FRAME;
  const across = Math.max(1, Math.floor(width / wide));
  const count = Math.ceil(rows.length / across);
  const high = tile + FRAME + CAPTION;
  const { lines, base, given, show } = useLines(wall, count, high);

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
        {lines.getVirtualItems().map((line) => (
          // biome-ignore lint/a11y/useSemanticElements: see above
          // biome-ignore lint/a11y/useFocusableInteractive: its tiles are
          <div
            key={line.key}
            className="line"
            role="row"
            aria-rowindex={line.index + 1}
            style={{ transform: `translateY(${line.start - base}px)` }}
          >
            {Array.from(rows.subarray(line.index * across, (line.index + 1) * across), (row, i) => {
              const position = line.index * across + i;
              return (
                <Tile
                  key={row}
                  row={row}
                  of={of}
                  current={position === at}
                  takeFocus={position === at && focus.current}
                  onFocus={() => {
                    focus.current = false;
                    if (position !== at) setChosen({ rows, at: position });
                  }}
                  onOpen={(change) => {
                    setChosen({ rows, at: position });
                    go(change);
                    // In one column the cell stands below the wall.
                    if (narrow) document.querySelector(".right")?.scrollIntoView();
                  }}
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
  const heights = () => ({ total, screen: wall.current?.clientHeight ?? 0 });
  const put = (next: Place) => {
    place.current = next;
    if (wall.current !== null && wall.current.scrollTop !== next.at) wall.current.scrollTop = next.at;
  };
  const lines = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count,
    getScrollElement: () => wall.current,
    estimateSize: () => high,
    overscan: 2,
    observeElementOffset: (instance, tell) => {
      const element = instance.scrollElement;
      if (element === null) return;
      let rest: ReturnType<typeof setTimeout> | undefined;
      const onScroll = () => {
        const total = instance.options.count * instance.options.estimateSize(0);
        const next = scrolled(place.current, element.scrollTop, { total, screen: element.clientHeight });
        put(next);
        tell(next.offset, true);
        clearTimeout(rest);
        rest = setTimeout(() => tell(place.current.offset, false), 150);
      };
      tell(place.current.offset, false);
      element.addEventListener("scroll", onScroll, { passive: true });
      return () => {
        clearTimeout(rest);
        element.removeEventListener("scroll", onScroll);
      };
    },
    scrollToFn: (offset, _options, instance) => {
      put(placeOf(offset, heights()));
      instance.scrollOffset = place.current.offset;
    },
  });
  useLayoutEffect(() => lines.measure(), [lines, high]);
  /** Brings a line on the screen. The virtualizer's own way ends where the browser's height does. */
  const show = (line: number) => {
    const { screen } = heights();
    const { offset } = place.current;
    const to = Math.min(line * high, Math.max(offset, (line + 1) * high - screen));
    if (to === offset) return;
    put(placeOf(to, heights()));
    wall.current?.dispatchEvent(new Event("scroll"));
  };
  return { show, lines, base: place.current.offset - place.current.at, given: givenHeight({ total }) };
}
