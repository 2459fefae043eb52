import { resultTable } from "../evidence/tables.ts";
import { formatText, wrap } from "../report/table-format.ts";
import { verdict } from "../report/verdict.ts";
import type { StudyRun } from "../study.ts";

/** What a finished study shows on a terminal: the tables, one sentence per encoder, and where the report is. */
export function resultText({ report: data }: StudyRun, out: string): string {
  const table = resultTable(data.scores, data.aggregation);
  return [
    formatText(table),
    ...table.encoders.flatMap((e) => wrap(verdict(e).sentence)),
    "",
    `Report: ${out}/report.html`,
  ].join("\n");
}

/** The same for machines. */
export function resultJson({ report: data, composites }: StudyRun, out: string): string {
  const table = resultTable(data.scores, data.aggregation);
  const verdicts = table.encoders.map((e) => {
    const { encoder, level, sentence } = verdict(e);
    return { encoder, level, sentence };
  });
  return JSON.stringify({ out, composites, table, estimates: data.estimates, verdicts }, null, 2);
}
