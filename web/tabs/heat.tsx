import { useMemo } from "react";
import { flipMap, flippedClasses } from "../../src/explore/confusion.ts";
import { HEATS } from "../../src/explore/url.ts";
import { heatAxes, heatFigure } from "../../src/report/figures/heat.ts";
import type { FigureOptions } from "../../src/report/figures/svg.ts";
import type { Context } from "../../src/report/section.ts";
import { formatPoints } from "../../src/report/table-format.ts";
import { SETTINGS } from "../../src/settings.ts";
import { useEverything, useFilter } from "../data/rows.ts";
import { MANY, squaresFigure } from "../figures/squares.ts";
import { Guarded } from "../parts/guarded.tsx";
import { Matrix, type Place } from "../parts/matrix.tsx";
import { go, useStudy, useView } from "../state.ts";

const NAMES = { lost: "accuracy lost", flipped: "composites that flipped" } as const;
/** The setting whose composites a square stands for. */
const SHOWN = "different";

/** Class against background: accuracy lost, or composites that flipped. A square filters. */
export function Heat({ context, encoder }: { context: Context; encoder: string }) {
  const { heat } = useView();
  const { study } = useStudy();
  const cells = useMemo(() => context.data.heat.filter((h) => h.encoder === encoder), [context, encoder]);
  const predicted = study.about.encoders.find((e) => e.name === encoder)?.predicted === true;
  const can = { lost: cells.length > 0, flipped: predicted && study.about.settings.includes(SHOWN) };
  const kind = can[heat] ? heat : HEATS.find((h) => can[h]);
  if (kind === undefined) return null;
  return (
    <section aria-labelledby="heat">
      <h2 id="heat">Which backgrounds cost what</h2>
      <fieldset className="switch">
        <legend className="unseen">The map shows</legend>
        {HEATS.filter((h) => can[h]).map((h) => (
          <label key={h}>
            <input type="radio" name="heat" checked={h === kind} onChange={() => go({ heat: h })} />{" "}
            {NAMES[h]}
          </label>
        ))}
      </fieldset>
      {kind === "lost" ? (
        <Lost context={context} encoder={encoder} cells={cells} />
      ) : (
        <Guarded what="flipped composites" again={`${encoder} ${study.base}`}>
          <Flipped encoder={encoder} />
        </Guarded>
      )}
      <Chosen predicted={predicted} />
    </section>
  );
}

const DOES = "filters to a class of cells on a background";

function usePick(rows: readonly string[], columns: readonly string[]) {
  const { class: own, background } = useView();
  const at: Place = [rows.indexOf(own ?? ""), columns.indexOf(background ?? "")];
  return {
    rowNames: rows,
    columnNames: columns,
    chosen: at[0] < 0 || at[1] < 0 ? null : at,
    does: DOES,
    pick: ([r, c]: Place) =>
      r === at[0] && c === at[1]
        ? go({ class: null, background: null, setting: null })
        : go({ class: rows[r], background: columns[c], setting: SHOWN }),
  };
}

/** The report's figure; where its numbers have no room, without them. */
function lostFigure(
  encoder: string,
  cells: Context["data"]["heat"],
  classes: readonly string[],
  { rows, columns }: ReturnType<typeof heatAxes>,
): FigureOptions {
  const figure = heatFigure(encoder, cells, classes);
  if (Math.max(rows.length, columns.length) <= MANY) return figure;
  return squaresFigure({
    title: figure.title,
    description: figure.description,
    rows,
    columns,
    rowLabel: "class of the cell",
    columnLabel: "background",
    squares: cells.map((h) => ({ row: h.class, column: h.background, value: h.value })),
    diverging: true,
  });
}

function Lost({
  context,
  encoder,
  cells,
}: {
  context: Context;
  encoder: string;
  cells: Context["data"]["heat"];
}) {
  const { rows, columns, figure } = useMemo(() => {
    const axes = heatAxes(cells, context.data.classes);
    return { ...axes, figure: lostFigure(encoder, cells, context.data.classes, axes) };
  }, [cells, context, encoder]);
  const pick = usePick(rows, columns);
  return (
    <Matrix
      {...pick}
      name="accuracy-lost-per-class-and-background"
      encoder={encoder}
      figure={figure}
      about="Points of accuracy that cells of a class (row) lose on backgrounds of another (column); minus: a gain; empty: not measured. Single squares are noisier than their mean, and have no intervals."
      say={([r, c]) => {
        const at = cells.find((h) => h.class === rows[r] && h.background === columns[c]);
        return at === undefined
          ? `${rows[r]} on ${columns[c]}: not measured`
          : `${rows[r]} on ${columns[c]}: ${formatPoints(at.value)} points (${at.cells} cells)`;
      }}
      rows={() => [
        ["encoder", "class", "background", "accuracy_lost", "cells"],
        ...cells.map((h) => [h.encoder, h.class, h.background, h.value, h.cells]),
      ]}
    />
  );
}

function Flipped({ encoder }: { encoder: string }) {
  const { study } = useStudy();
  const of = useEverything();
  const filter = useFilter();
  const { classes, backgrounds } = study.about;
  const { protein, field, quality, search } = filter;
  const map = useMemo(
    () => flipMap(of, { ...filter, protein, field, quality, search }, SETTINGS.indexOf(SHOWN)),
    // Only what narrows the map: a click changes class, background and setting.
    [of, protein, field, quality, search],
  );
  const shown = useMemo(
    () => backgrounds.filter((b) => classes.some((_, r) => map.composites.at(r, b) > 0)),
    [map, classes, backgrounds],
  );
  const columns = useMemo(() => shown.map((b) => classes[b]), [shown, classes]);
  const listed = useMemo(() => flippedClasses(map, classes.length), [map, classes]);
  const names = useMemo(() => listed.map((r) => classes[r]), [listed, classes]);
  const figure = useMemo(() => {
    const squares = listed.flatMap((r) =>
      shown.flatMap((b) => {
        const n = map.composites.at(r, b);
        return n === 0 ? [] : [{ row: classes[r], column: classes[b], value: map.flipped.at(r, b) / n }];
      }),
    );
    const worst = [...squares].sort((a, b) => b.value - a.value).slice(0, 3);
    return squaresFigure({
      title: `Composites that flipped per class and background, ${encoder}`,
      description: `percent of composites; most: ${worst.map((s) => `${s.row} on ${s.column} (${(100 * s.value).toFixed(0)} %)`).join(", ")}`,
      rows: names,
      columns,
      rowLabel: "class of the cell",
      columnLabel: "background",
      squares,
      diverging: false,
    });
  }, [map, classes, listed, names, shown, columns, encoder]);
  const pick = usePick(names, columns);
  return (
    <Matrix
      {...pick}
      name="flipped-per-class-and-background"
      encoder={encoder}
      figure={figure}
      about="Percent of composites in different that the probes trained on originals call otherwise than the cell's original, of those that pass the filters for protein, field, mask and cell id; no number: none, or less than half a percent; counts of these cells, without intervals. A flip can go either way, to a wrong class or to the right one. Of more than 60 classes, the 40 with the most flips."
      say={([r, c]) => {
        const square = [listed[r], shown[c]] as const;
        const [n, flipped] = [map.composites.at(...square), map.flipped.at(...square)];
        return n === 0
          ? `${names[r]} on ${columns[c]}: no composites`
          : `${names[r]} on ${columns[c]}: ${flipped} of ${n} composites flipped (${((100 * flipped) / n).toFixed(1)} %)`;
      }}
      rows={() => [
        ["encoder", "class", "background", "composites", "flipped"],
        ...classes.flatMap((name, r) =>
          columns.map((column, c) => [
            encoder,
            name,
            column,
            map.composites.at(r, shown[c]),
            map.flipped.at(r, shown[c]),
          ]),
        ),
      ]}
    />
  );
}

/** What the chosen square leaves, and the way to see it. */
function Chosen({ predicted }: { predicted: boolean }) {
  const { class: own, background, setting } = useView();
  if (own === null || background === null || setting === null) return null;
  return (
    <p className="above">
      Filtered to {own} on {background} in {setting}.{" "}
      <button type="button" onClick={() => go({ tab: "cells" })}>
        See these cells
      </button>{" "}
      {predicted ? (
        <button type="button" onClick={() => go({ tab: "cells", flipped: true })}>
          See those that flipped
        </button>
      ) : null}{" "}
      <button type="button" onClick={() => go({ class: null, background: null, setting: null })}>
        Show all
      </button>
    </p>
  );
}
