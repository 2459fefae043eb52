import { resultTable } from "../evidence/tables.ts";
import { formatText, wrap } from "../report/table-format.ts";
import type { StudyRun } from "../study.ts";

/** What a finished study shows on a terminal: the tables, the answer for every encoder, and where the report is. */
export function resultText({ report }: StudyRun, out: string): string {
  const { answers, flags } = report;
  // What holds for every encoder is said once.
  const common = (answers[0]?.caveats ?? []).filter((c) => answers.every((a) => a.caveats.includes(c)));
  const note = (text: string) => wrap(`note: ${text}`);
  return [
    formatText(resultTable(report.scores, report.aggregation)),
    ...answers.flatMap((a) => [
      ...wrap(a.sentence),
      ...(a.published === null ? [] : wrap(a.published)),
      ...a.caveats.filter((c) => !common.includes(c)).flatMap(note),
      "",
    ]),
    ...common.flatMap(note),
    ...flags.flatMap(({ severity, encoder, text }) =>
      wrap(`${severity}: ${encoder === null ? "" : `${encoder}: `}${text}`),
    ),
    `Report: ${out}/report.html`,
  ].join("\n");
}

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

/** The day, for the head of a report; SOURCE_DATE_EPOCH (seconds) stands in where bytes must not depend on it. */
export function today(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return Number.isNaN(date.getTime())
    ? new Date().toISOString().slice(0, 10)
    : date.toISOString().slice(0, 10);
}
