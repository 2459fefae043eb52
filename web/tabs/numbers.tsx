import { use } from "react";
import type { Estimate, FurtherEvidence } from "../../src/report/data.ts";
import { formatNumber, formatRange, nameOf, UNITS } from "../../src/report/numbers.ts";
import type { Context } from "../../src/report/section.ts";
import { estimateRows, footnotes, formatStated, NUMBER_UNITS, statedRows } from "../../src/report/stated.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Guarded } from "../parts/guarded.tsx";
import { useStudy } from "../state.ts";

const COLUMNS: Column<Estimate>[] = [
  { name: "encoder", value: (e) => e.encoder },
  { name: "estimate of", value: (e) => nameOf(e.of) },
  { name: "class", value: (e) => e.class, show: (e) => e.class ?? "all" },
  { name: "value", value: (e) => e.value, show: (e) => formatNumber(e.value, e.kind) },
  { name: "low", value: (e) => e.low, show: (e) => (e.low === null ? null : formatNumber(e.low, e.kind)) },
  {
    name: "high",
    value: (e) => e.high,
    show: (e) => (e.high === null ? null : formatNumber(e.high, e.kind)),
  },
  { name: "unit", value: (e) => UNITS[e.kind] },
  { name: "level", unit: "%", value: (e) => 100 * e.level, show: (e) => Math.round(1000 * e.level) / 10 },
  { name: "q", value: (e) => e.q, show: (e) => e.q?.toFixed(3) },
  { name: "cells per class", value: (e) => e.cells },
  { name: "clusters per class", value: (e) => e.clusters },
  { name: "groups", value: (e) => e.groups },
  { name: "no interval because", value: (e) => (e.low === null ? e.why : null) },
  { name: "method", value: (e) => e.method },
];

/** Every estimate with its interval, sizes and method. */
export function Numbers({ context }: { context: Context }) {
  const { estimates, comparisons } = context.data;
  if (estimates.length === 0) return null;
  return (
    <section aria-labelledby="numbers">
      <h2 id="numbers">Estimates and their intervals</h2>
      <p className="read">
        Accuracies from 0 to 1, differences in percentage points (+: accuracy falls), shares in percent; the
        CSV has shares and differences as fractions of 1. An interval that includes zero does not show that an
        effect is absent. q: the share of false discoveries to expect, at most, if every class with a q up to
        this one is called different from zero.
      </p>
      <details>
        <summary>{estimates.length.toLocaleString("en")} estimates</summary>
        <DataTable
          label="Estimates"
          name="estimates"
          columns={COLUMNS}
          rows={estimates}
          rowKey={(e) => `${e.encoder} ${e.of} ${e.class}`}
          csv={() => estimateRows(estimates)}
        />
      </details>
      {comparisons.length === 0 ? null : (
        <details>
          <summary>Encoders compared: first minus second, in percentage points</summary>
          <DataTable
            label="Encoders compared"
            name="comparisons"
            columns={[
              { name: "first", value: (c) => c.first },
              { name: "second", value: (c) => c.second },
              { name: "difference in", value: (c) => nameOf(c.of) },
              {
                name: "difference",
                unit: "points",
                value: (c) => c.value,
                show: (c) => formatNumber(c.value, "difference"),
              },
              {
                name: "interval",
                value: (c) => c.low,
                show: (c) => formatRange({ ...c, kind: "difference" }) ?? "no interval",
              },
              { name: "method", value: (c) => c.method },
            ]}
            rows={comparisons}
            rowKey={(c) => `${c.first} ${c.second} ${c.of}`}
            csv={() => [
              ["first", "second", "of", "value", "low", "high", "method"],
              ...comparisons.map((c) => [c.first, c.second, c.of, c.value, c.low, c.high, c.method]),
            ]}
          />
        </details>
      )}
    </section>
  );
}

const KINDS: Record<FurtherEvidence["id"], string> = {
  batch: "Batch: is it the class of the neighbors, or their batch?",
  natural: "Natural neighbors: cells as they stand among others",
  paste: "Paste: what cutting out and pasting alone does",
  sensitivity: "Sensitivity: whether the answer depends on choices",
  shares: "Shares: who owns what varies in the features",
};

type Stated = FurtherEvidence["numbers"][number];

const STATED: Column<Stated>[] = [
  { name: "statement", value: (n) => n.statement },
  { name: "class", value: (n) => n.class, show: (n) => n.class ?? "all" },
  {
    name: "estimate",
    value: (n) => n.estimate,
    show: (n) => (n.estimate === null ? null : formatStated(n.estimate, n.kind)),
  },
  {
    name: "interval",
    value: (n) => n.low,
    show: (n) =>
      n.low === null || n.high === null
        ? "no interval"
        : `${formatStated(n.low, n.kind)} to ${formatStated(n.high, n.kind)}`,
  },
  { name: "unit", value: (n) => NUMBER_UNITS[n.kind] },
  { name: "cells per class", value: (n) => n.cells },
  { name: "clusters per class", value: (n) => n.clusters },
  { name: "groups", value: (n) => n.groups },
];

/** Evidence beside the ladder, of the encoder that is looked at. */
export function FurtherNumbers({ context, encoder }: { context: Context; encoder: string }) {
  const found = context.data.further.filter((e) => e.encoder === encoder);
  if (found.length === 0) return null;
  return (
    <section aria-labelledby="beside">
      <h2 id="beside">Evidence beside the ladder, {encoder}</h2>
      {found.map((e) => (
        <details key={e.id}>
          <summary>{KINDS[e.id]}</summary>
          <DataTable
            label={KINDS[e.id]}
            name={e.id}
            encoder={encoder}
            columns={STATED}
            rows={e.numbers.filter((n) => n.class === null)}
            rowKey={(n) => n.statement}
            csv={() => statedRows([e])}
          >
            <p className="read">
              {footnotes(
                context.data,
                e.numbers.filter((n) => n.class === null),
              )}{" "}
              The CSV has single classes, p, q and methods.
            </p>
          </DataTable>
        </details>
      ))}
    </section>
  );
}

/** The tables that the study itself wrote. */
export function StudyFiles() {
  const { study } = useStudy();
  return (
    <Guarded what="the study's files" again={study.base}>
      <Files />
    </Guarded>
  );
}

function Files() {
  const { study } = useStudy();
  const files = use(study.results);
  if (files.length === 0) return null;
  return (
    <section aria-labelledby="files">
      <h2 id="files">Tables of the study</h2>
      <p className="read">As the study wrote them; docs/study.md says what their columns are.</p>
      <ul className="downloads">
        {files.map((name) => (
          <li key={name}>
            <a
              href={`${study.base}${name.split("/").map(encodeURIComponent).join("/")}`}
              download={name.split("/").join("-")}
            >
              {name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
