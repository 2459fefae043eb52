import { relative } from "node:path";
import { points } from "../core/format.ts";
import { commandLine } from "../encode/command/program.ts";
import { EFFECTS, resultTable } from "../evidence/tables.ts";
import type { ReportData } from "../report/data.ts";
import { gatherFlags } from "../report/section-flags.ts";
import { formatText, wrap } from "../report/table-format.ts";
import type { StudyRun } from "../study.ts";

/** What a finished study shows on a terminal: the tables, the answer for every encoder, and where the report is. */
export function resultText({ report }: StudyRun, out: string): string {
  const { answers, flags } = report;
  // What holds for every encoder is said once.
  const common = (answers[0]?.caveats ?? []).filter((c) => answers.every((a) => a.caveats.includes(c)));
  const note = (text: string) => wrap(`note: ${text}`);
  return [
    report.aggregation === "published"
      ? formatText(resultTable(report.scores, report.aggregation))
      : estimateText(report),
    ...answers.flatMap((a) => [
      ...wrap(a.sentence),
      ...(a.published === null ? [] : wrap(a.published)),
      ...a.caveats.filter((c) => !common.includes(c)).flatMap(note),
      "",
    ]),
    ...common.flatMap(note),
    ...gatherFlags(flags).flatMap(({ severity, encoders, text }) =>
      wrap(`${severity}: ${encoders.length === 0 ? "" : `${encoders.join(", ")}: `}${text}`),
    ),
    `Report: ${out}/report.html`,
    `See it: cellswap view ${commandLine([relative(process.cwd(), out) || "."])}`,
  ].join("\n");
}

/** Accuracies and effects with their intervals, an encoder a column, as many columns side by side as fit. */
function estimateText({ estimates, answers, facts }: ReportData): string {
  const shown = estimates.filter((e) => e.class === null && e.kind !== "share");
  const statements = [...new Set(shown.map((e) => e.of))];
  const cell = (encoder: string, of: string) => {
    const e = shown.find((own) => own.encoder === encoder && own.of === of);
    if (e === undefined) return "";
    const text = (v: number) => (e.kind === "accuracy" ? v.toFixed(3) : points(v));
    return e.low === null || e.high === null
      ? text(e.value)
      : `${text(e.value)} [${text(e.low)}, ${text(e.high)}]`;
  };
  const first = ["", ...statements.map((of) => EFFECTS.find((e) => e.id === of)?.name ?? of)];
  const columns = answers.map(({ encoder }) => [encoder, ...statements.map((of) => cell(encoder, of))]);
  const width = (column: readonly string[]) => Math.max(...column.map((text) => text.length));
  const lines: string[] = [];
  for (let from = 0; from < columns.length; ) {
    let used = width(first);
    let to = from;
    while (to < columns.length && (to === from || used + 2 + width(columns[to]) <= TERMINAL))
      used += 2 + width(columns[to++]);
    const block = [first, ...columns.slice(from, to)];
    first.forEach((_, row) => {
      lines.push(
        block
          .map((column) => column[row].padEnd(width(column)))
          .join("  ")
          .trimEnd(),
      );
    });
    lines.push("");
    from = to;
  }
  const size = `${facts.cellsPerClass} cells and ${facts.clusters} ${facts.clusterName}s per class, ${facts.groups} groups${pairsDrawn(shown)}`;
  lines.push(
    ...wrap(
      `Accuracies (0 to 1, chance 0.5) and effects (points; + means that accuracy falls) with 95 % intervals over ${facts.clusterName}s: ${size}.`,
    ),
    "",
  );
  return lines.join("\n");
}

/** Of how many pairs of classes the averages are, where they were drawn. */
function pairsDrawn(shown: ReportData["estimates"]): string {
  const most = shown.reduce<ReportData["estimates"][number]["sampled"]>(
    (found, { sampled }) => (sampled !== undefined && sampled.pairs > (found?.pairs ?? 0) ? sampled : found),
    undefined,
  );
  if (most === undefined) return "";
  const number = (n: number) => n.toLocaleString("en-US");
  return `; ${number(most.pairs)} of ${number(most.of)} pairs of classes drawn, whose sampling error the intervals hold`;
}

/** Characters of a line. */
const TERMINAL = 100;

/** The same for machines. */
export function resultJson({ report, composites }: StudyRun, out: string): string {
  const { answers, estimates, comparisons, flags, facts, zone } = report;
  const table = resultTable(report.scores, report.aggregation);
  return JSON.stringify(
    { out, composites, facts, zone, answers, flags, estimates, comparisons, table },
    null,
    2,
  );
}
