import { useLayoutEffect, useRef } from "react";
import { type LegendItem, markerPlot } from "../../src/report/figures/svg.ts";
import { draw } from "./drawing.ts";

/** A marker as it stands in figures. */
export function Marker({ item }: { item: Omit<LegendItem, "label" | "group"> }) {
  const place = useRef<HTMLSpanElement>(null);
  const { color, symbol, hollow = false } = item;
  useLayoutEffect(() => {
    place.current!.replaceChildren(draw(markerPlot({ color, symbol, hollow, label: "", group: "encoder" })));
  }, [color, symbol, hollow]);
  return <span ref={place} className="marker" aria-hidden="true" />;
}

/** What the markers of a figure tell apart. */
export function Legend({ items }: { items: readonly LegendItem[] }) {
  return (
    <ul className="legend">
      {items.map((item) => (
        <li key={`${item.group} ${item.label}`}>
          <Marker item={item} /> {item.label}
        </li>
      ))}
    </ul>
  );
}
