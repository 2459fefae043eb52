import { useMemo } from "react";
import {
  baseShare,
  type Confusion,
  captureShare,
  confusedClasses,
  confusionOf,
  meanRight,
  shareAt,
} from "../../src/explore/confusion.ts";
import { formatRange, numberOf } from "../../src/report/numbers.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { useReport } from "../data/report.ts";
import { useEverything, useFilter } from "../data/rows.ts";
import { type Square, squaresFigure } from "../figures/squares.ts";
import { Choice } from "../parts/choice.tsx";
import { Figure } from "../parts/figure.tsx";
import { Guarded } from "../parts/guarded.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { go, useStudy, useView } from "../state.ts";
import { Confused, confusions, csvOf } from "./confused.tsx";
import "../style/effects.css";

const percent = (share: number) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)} %`);
const many = (n: number) => n.toLocaleString("en");

/** True against predicted class, on originals and in one other setting, by the probes trained on originals. */
export function ConfusionTab() {
  const { study, encoder } = useStudy();
  const { setting: asked } = useView();
  const others: readonly Setting[] = study.about.settings.filter((s) => s !== "original");
  if (study.about.encoders.find((e) => e.name === encoder)?.predicted !== true || others.length === 0)
    return (
      <p>
        The study has no predictions of {encoder}: they need probes that were trained on originals of other
        closed groups, which the published splits and studies without closed groups do not have.
      </p>
    );
  const setting =
    asked !== null && others.includes(asked) ? asked : others.includes("different") ? "different" : others[0];
  return (
    <div className="confusion">
      <div className="above">
        <Choice
          label="Setting beside the originals"
          value={setting}
          options={others.map((value) => ({ value }))}
          onChange={(value) => go({ setting: value as Setting })}
        />
      </div>
      <Confusions setting={setting} />
    </div>
  );
}

function Confusions({ setting }: { setting: Setting }) {
  const { study, encoder } = useStudy();
  const of = useEverything();
  const filter = useFilter();
  const { class: own, background, protein, field, quality, search } = filter;
  const { classes } = study.about;
  const k = classes.length;
  const { original, other, base } = useMemo(() => {
    const asked = { ...filter, class: own, background, protein, field, quality, search };
    const number = SETTINGS.indexOf(setting);
    return {
      original: confusionOf(of, asked, SETTINGS.indexOf("original")),
      other: confusionOf(of, asked, number),
      base: baseShare(of, asked, number, SETTINGS.indexOf("same")),
    };
    // Not "setting", "flipped" and "called": they do not narrow a matrix.
  }, [of, own, background, protein, field, quality, search, setting]);
  const { shown, columns, rows } = useMemo(() => {
    const shown = confusedClasses([original, other]);
    const present = shown.filter((c) => original.totals[c] > 0 || other.totals[c] > 0);
    return { shown, columns: shown.map((c) => classes[c]), rows: present.map((c) => classes[c]) };
  }, [classes, original, other]);
  const place = useMemo(() => new Map(classes.map((name, c) => [name, c])), [classes]);
  const cut =
    shown.length < k
      ? ` Of ${many(k)} classes, the ${shown.length} that are taken for others, or others for them, most often.`
      : "";
  const figures = useMemo(() => {
    const at = (name: string) => place.get(name) ?? -1;
    const squares = (
      value: (own: number, called: number) => number,
      more: (own: number, called: number) => Partial<Square> = () => ({}),
    ): Square[] =>
      rows.flatMap((row) =>
        columns.flatMap((column) => {
          const square = [at(row), at(column)] as const;
          const v = value(...square);
          return Number.isNaN(v) ? [] : [{ row, column, value: v, ...more(...square) }];
        }),
      );
    const common = { rows, columns, rowLabel: "class of the cell", columnLabel: "called" };
    const right = (of: Confusion) =>
      `${percent(meanRight(of))} right in the mean over ${shown.length < k ? `all ${many(k)} ` : ""}classes`;
    const called = background === null ? "" : `, backgrounds of ${background}`;
    return {
      original: squaresFigure({
        ...common,
        title: `Originals, ${encoder}`,
        description: `percent of each class's originals by what they are called; ${right(original)}`,
        squares: squares((...at) => shareAt(original, ...at)),
        diverging: false,
      }),
      other: squaresFigure({
        ...common,
        title: `In ${setting}, ${encoder}${called}`,
        description: `percent of each class's composites by what they are called; ${right(other)}`,
        squares: squares(
          (...at) => shareAt(other, ...at),
          (own, called) => ({
            bar:
              other.counts.at(own, called) === 0
                ? 0
                : other.captured.at(own, called) / other.counts.at(own, called),
            framed: background !== null && called === at(background) && own !== called,
          }),
        ),
        diverging: false,
      }),
      difference: squaresFigure({
        ...common,
        title: `In ${setting} minus originals, ${encoder}${called}`,
        description:
          "points by which a class is called more (orange) or less (purple) often than on originals",
        squares: squares((...at) => shareAt(other, ...at) - shareAt(original, ...at)),
        diverging: true,
      }),
    };
  }, [rows, columns, shown, place, k, original, other, encoder, setting, background]);
  const table = useMemo(
    () => confusions(classes, original, other, shown.length < k),
    [classes, original, other, shown, k],
  );
  if (rows.length === 0) return <p>No composite passes the filters.</p>;
  const say =
    (of: Confusion, where: string) =>
    ([r, c]: readonly [number, number]) => {
      const square = [place.get(rows[r]) ?? 0, shown[c]] as const;
      const total = of.totals[square[0]];
      if (total === 0) return `${rows[r]}: no composites ${where}`;
      const taken = of.captured.at(...square);
      const captured = taken === 0 ? "" : `; ${many(taken)} of them stand on ${columns[c]}`;
      return `${rows[r]} called ${columns[c]} ${where}: ${percent(shareAt(of, ...square))} (${many(of.counts.at(...square))} of ${many(total)} composites${captured})`;
    };
  const see =
    (to: Setting) =>
    ([r, c]: readonly [number, number]) =>
      go({ tab: "cells", setting: to, class: rows[r], called: columns[c], flipped: false });
  const csv = () => csvOf(table, encoder, setting);
  return (
    <>
      <h2 className="unseen">What cells are called</h2>
      <Captured setting={setting} found={captureShare(other)} base={base} />
      <div className="panels">
        <Matrix
          name="confusion-original"
          encoder={encoder}
          figure={figures.original}
          rowNames={rows}
          columnNames={columns}
          chosen={null}
          does="shows these cells"
          about={`Percent of each class's originals: rows sum to 100. No number: less than half a percent. n = ${many(sum(original.totals))}.${cut}`}
          say={say(original, "as imaged")}
          pick={see("original")}
          rows={csv}
        />
        <Matrix
          name={`confusion-${setting}`}
          encoder={encoder}
          figure={figures.other}
          rowNames={rows}
          columnNames={columns}
          chosen={null}
          does="shows these cells"
          about={`The same in ${setting}. n = ${many(sum(other.totals))} composites of ${many(other.cells)} cells.${sum(other.captured.rowSums()) > 0 ? " Orange bar: the part of a square's composites that stand on the background of the class they are called." : ""}${cut}`}
          say={say(other, `in ${setting}`)}
          pick={see(setting)}
          rows={csv}
        />
        <Figure
          name={`confusion-${setting}-minus-original`}
          encoder={encoder}
          stretch={false}
          figure={figures.difference}
          about="Points, the first matrix taken from the second; orange: called so more often among other surroundings."
          rows={csv}
        />
      </div>
      <Confused {...{ table, csv, encoder, setting }} many={shown.length < k} />
    </>
  );
}

/** How often composites are called their background's class, here and in the study's estimates. */
function Captured({
  setting,
  found,
  base,
}: {
  setting: Setting;
  found: ReturnType<typeof captureShare>;
  base: number;
}) {
  if (found.composites === 0)
    return (
      <p className="read">
        No composite in {setting} stands on the background of another class: nothing can be captured.
      </p>
    );
  return (
    <div>
      <p>
        <strong>Capture</strong> in {setting}: {percent(found.share)} of composites are called their
        background's class (mean over {found.classes} {found.classes === 1 ? "class" : "classes"}, n ={" "}
        {many(found.composites)}
        {Number.isNaN(base)
          ? ""
          : `; base: ${percent(base)} of the same cells are called that class in same, among neighbors of their own class`}
        ).
      </p>
      {setting === "different" ? (
        <Guarded what="the study's estimate">
          <Stated />
        </Guarded>
      ) : null}
    </div>
  );
}

function Stated() {
  const context = useReport();
  const { encoder } = useStudy();
  const { background, class: own, protein, field, quality, search } = useFilter();
  const capture = numberOf(context, encoder, "capture");
  if (capture === null) return null;
  const narrowed =
    [background, own, protein, field].some((f) => f !== null) || quality !== "" || search !== "";
  const base = numberOf(context, encoder, "capture-base");
  const range = formatRange(capture);
  return (
    <p className="read">
      The study's estimate{narrowed ? ", without these filters" : ""}: {percent(capture.value)}{" "}
      {range === null
        ? `(no interval: ${capture.why})`
        : `(${Math.round(1000 * (capture.estimate?.level ?? 0)) / 10} % interval ${range} %)`}
      {base === null
        ? ""
        : `, base ${percent(base.value)} (${formatRange(base) === null ? `no interval: ${base.why}` : `${formatRange(base)} %`})`}
      {capture.estimate === null
        ? ""
        : `; ${many(capture.estimate.cells)} cells and ${many(capture.estimate.clusters)} ${context.data.facts.clusterName}s per class, ${capture.estimate.groups} groups`}
      .
    </p>
  );
}

function sum(values: Int32Array): number {
  return values.reduce((a, b) => a + b, 0);
}
