import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { CsvRows } from "../../src/report/csv.ts";
import type { FigureOptions, LegendItem } from "../../src/report/figures/svg.ts";
import { Downloads } from "./downloads.tsx";
import { type Drawn, drawFigure } from "./drawing.ts";
import { Legend } from "./legend.tsx";
import "../style/figures.css";

export interface FigureProps {
  /** Of the figure in file names. */
  readonly name: string;
  readonly figure: FigureOptions;
  readonly legend?: readonly LegendItem[];
  /** Its numbers. */
  readonly rows: () => CsvRows;
  /** Encoder that it is of; null: several. */
  readonly encoder?: string | null;
  /** Whether it takes the width that is there, from about half to one and a half of its own. */
  readonly stretch?: boolean;
  /** How to read it. */
  readonly about?: ReactNode;
}

/** A plot with its title, how to read it, and what can be taken away. */
export function Figure({ figure, stretch = true, ...rest }: FigureProps) {
  const [width, setWidth] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 0));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const own = figure.width ?? 640;
  const wanted = stretch && width > 0 ? Math.round(Math.max(own / 1.8, Math.min(width, 1.5 * own))) : own;
  const shown = useMemo(() => ({ ...figure, width: wanted }), [figure, wanted]);
  return (
    <Frame figure={shown} basis={own} stretch={stretch} {...rest}>
      {/* What scrolls must be reached by keyboard. */}
      <div
        ref={box}
        className="drawing"
        {...(wanted > width && width > 0 ? { role: "group", tabIndex: 0, "aria-label": figure.title } : {})}
      >
        {width === 0 ? null : <Plotted figure={shown} />}
      </div>
    </Frame>
  );
}

/** A plot as it is drawn; `drawn` is given the drawing. */
export function Plotted({ figure, drawn }: { figure: FigureOptions; drawn?: (svg: Drawn | null) => void }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const svg = drawFigure(figure);
    place.current!.replaceChildren(svg);
    drawn?.(svg);
    return () => drawn?.(null);
  }, [figure, drawn]);
  return <div ref={place} />;
}

/** Room that words beside a small plot take, px. */
const LEAST = 330;

/** What stands around a plot. */
export function Frame({
  name,
  figure,
  legend = [],
  rows,
  encoder = null,
  about,
  basis,
  stretch = false,
  children,
}: FigureProps & { readonly basis?: number; readonly children: ReactNode }) {
  return (
    <figure
      className={stretch ? "figure stretch" : "figure"}
      style={{ flexBasis: Math.max(LEAST, basis ?? figure.width ?? 0) }}
    >
      <figcaption>
        <h3>{figure.title}</h3>
        {about === undefined ? null : <p className="read">{about}</p>}
      </figcaption>
      {legend.length === 0 ? null : <Legend items={legend} />}
      {children}
      <Downloads
        name={name}
        about={figure.title}
        encoder={encoder}
        figure={figure}
        legend={legend}
        rows={rows}
      />
    </figure>
  );
}
