import { useMemo } from "react";
import { points } from "../../../src/core/format.ts";
import type { ComparedKind, ComparedNumber, ComparedPair } from "../../../src/explore/compare.ts";
import { nameOf } from "../../../src/report/numbers.ts";
import { forestFigure } from "../../figures/forest.ts";
import { Choice } from "../../parts/choice.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Figure } from "../../parts/figure.tsx";
import { go, useView } from "../../state.ts";

/** What a statement is called: in its panel, and by itself. */
function named({ statement, kind }: ComparedNumber, alone = true): string {
  if (kind === "accuracy") return alone ? `accuracy in ${statement}` : statement;
  if (kind === "effect") return nameOf(statement);
  if (statement === "capture-neighbor") return alone ? "capture by neighbors alone" : "neighbors alone";
  const [what, setting] = statement.split("/");
  if (!alone && kind === "transfer") return setting;
  const names: Record<string, string> = {
    transfer: "transfer to",
    capture: "capture in",
    "capture-base": alone ? "base of the capture in" : "base,",
    "capture-effect": alone ? "capture effect in" : "effect,",
  };
  return `${names[what] ?? what} ${setting}`;
}

const PANELS: readonly { kind: ComparedKind; title: string; about: string }[] = [
  {
    kind: "effect",
    title: "Effects",
    about: "Accuracy lost from one setting to another, by probes of each setting.",
  },
  {
    kind: "accuracy",
    title: "Accuracies",
    about: "Share told right of every pair of classes, by probes of each setting.",
  },
  { kind: "transfer", title: "Transfer", about: "Share told right of all classes, by probes of originals." },
  {
    kind: "capture",
    title: "Capture",
    about:
      "Share that probes of originals call the background's class; base: the same cells without it; effect: capture minus base.",
  },
];

function forest(
  title: string,
  pair: ComparedPair,
  numbers: readonly ComparedNumber[],
  row: (n: ComparedNumber) => string,
) {
  const entries = numbers.map((n) => ({
    row: row(n),
    encoder: "first minus second",
    index: 0,
    number: { value: n.estimate, low: n.low, high: n.high },
  }));
  // The zone is one of effects.
  const zone = numbers.every((n) => n.kind === "effect") ? (pair.zone ?? 0) : 0;
  const figure = forestFigure(title, entries, zone);
  return {
    ...figure,
    description: figure.description.replace("points of accuracy", "first minus second, percentage points"),
    x: {
      ...figure.x,
      labelOffset: 38,
      label: "first minus second, points",
    },
  };
}

const rowsOf = (pair: ComparedPair, numbers: readonly ComparedNumber[]) => () => [
  [
    "first",
    "second",
    "statement",
    "class",
    "value_first",
    "value_second",
    "difference",
    "low",
    "high",
    "level",
    "p",
    "q",
    "cells_per_class",
    "clusters_per_class",
    "unit",
    "groups",
    "method",
    "no_interval",
  ],
  ...numbers.map((n) => [
    pair.first.encoder,
    pair.second.encoder,
    n.statement,
    n.class,
    n.first,
    n.second,
    n.estimate,
    n.low,
    n.high,
    n.level,
    n.p,
    n.q,
    n.cells,
    n.clusters,
    n.unit,
    n.groups,
    n.method,
    n.refused,
  ]),
];

const COLUMNS: Column<ComparedNumber>[] = [
  { name: "difference in", value: (n) => named(n) },
  { name: "class", value: (n) => n.class, show: (n) => n.class ?? "all" },
  { name: "first", unit: "%", value: (n) => n.first, show: (n) => points(n.first) },
  { name: "second", unit: "%", value: (n) => n.second, show: (n) => points(n.second) },
  { name: "difference", unit: "points", value: (n) => n.estimate, show: (n) => points(n.estimate) },
  {
    name: "interval",
    unit: "points",
    value: (n) => n.low,
    show: (n) =>
      n.low === null || n.high === null ? "no interval" : `${points(n.low)} to ${points(n.high)}`,
  },
  { name: "p", value: (n) => n.p, show: (n) => n.p?.toFixed(3) },
  { name: "q", value: (n) => n.q, show: (n) => n.q?.toFixed(3) },
  { name: "cells per class", value: (n) => n.cells },
  { name: "clusters per class", value: (n) => n.clusters },
  { name: "groups", value: (n) => n.groups },
  { name: "no interval because", value: (n) => n.refused },
  { name: "method", value: (n) => n.method },
];

/** Forests of paired differences, one statement class by class, and all of it as a table. */
export function Differences({ pair }: { pair: ComparedPair }) {
  const { effect } = useView();
  const { numbers, zone } = pair;
  const average = useMemo(() => numbers.filter((n) => n.class === null), [numbers]);
  const panels = useMemo(
    () =>
      PANELS.map((panel) => ({ ...panel, of: average.filter((n) => n.kind === panel.kind) })).filter(
        ({ of }) => of.length > 0,
      ),
    [average],
  );
  const single = useMemo(
    () => [...new Set(numbers.flatMap((n) => (n.class === null ? [] : [n.statement])))],
    [numbers],
  );
  const statement = single.find((s) => s === effect) ?? single.find((s) => s === "neighbor") ?? single[0];
  const classes = useMemo(
    () =>
      numbers
        .filter((n) => n.class !== null && n.statement === statement)
        .sort((a, b) => b.estimate - a.estimate),
    [numbers, statement],
  );
  const sample = average[0];
  const lacking = average.filter((n) => n.low === null);
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">Differences, first minus second</h2>
      <p className="read">
        Both encoders saw the same composites, so that differences are paired, cluster by cluster.
        {sample === undefined
          ? ""
          : ` ${100 * sample.level} % intervals${pair.atOnce > 1 ? ` that hold for all ${pair.atOnce} pairs of encoders at once, statement by statement` : ", every statement by itself"}; ${sample.cells} cells and ${sample.clusters} ${sample.unit}s in the class with fewest, ${sample.groups} closed groups.`}{" "}
        {zone === null
          ? "The studies have different zones of equivalence, so that none is drawn."
          : `Band: ±${points(zone)} points, the zone of equivalence of effects; a difference of effects whose interval lies within it is smaller than that.`}{" "}
        An interval that includes zero does not show that the encoders are alike.
        {lacking.length === 0
          ? ""
          : ` Without an interval: ${lacking.map((n) => named(n)).join(", ")}; the table says why.`}
      </p>
      <div className="panels">
        {panels.map(({ kind, title, about, of }) => (
          <Figure
            key={kind}
            name={`compare-${kind}`}
            figure={forest(`${title}: ${pair.first.encoder} minus ${pair.second.encoder}`, pair, of, (n) =>
              named(n, false),
            )}
            rows={rowsOf(pair, of)}
            about={about}
          />
        ))}
        {statement === undefined ? null : (
          <div className="wide">
            <Choice
              label="Class by class"
              value={statement}
              options={single.map((value) => ({
                value,
                text: named(numbers.find((n) => n.statement === value)!),
              }))}
              onChange={(value) => go({ effect: value })}
            />
            <Figure
              name={`compare-${statement.replace("/", "-")}-per-class`}
              figure={forest(`${named(classes[0])}, class by class`, pair, classes, (n) => n.class!)}
              rows={rowsOf(pair, classes)}
              about="Largest difference first. Intervals are of single classes and pairs, not adjusted for their number; q in the table is over the classes."
            />
          </div>
        )}
      </div>
      <details>
        <summary>{numbers.length.toLocaleString("en")} differences with their intervals</summary>
        <DataTable
          label="Differences of the encoders"
          name="compare"
          columns={COLUMNS}
          rows={numbers}
          rowKey={(n) => `${n.statement} ${n.class}`}
          csv={rowsOf(pair, numbers)}
        />
      </details>
    </section>
  );
}
