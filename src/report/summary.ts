import { type ResultTable, resultTable } from "../evidence/tables.ts";
import type { ReportData } from "./data.ts";
import { shownClasses } from "./many-classes.ts";

/** What the explorer shows of a report, which is little beside the scores of every pair and the pictures. */
export interface ReportSummary extends Omit<ReportData, "scores" | "gallery" | "flips"> {
  /** Table 1 and the drops, which the scores are for. */
  readonly table: ResultTable;
}

/** The report without what the explorer makes itself; of many classes those that lose most. */
export function summaryOf({ scores, gallery: _g, flips: _f, ...rest }: ReportData): ReportSummary {
  const { data, table } = shownClasses(rest, resultTable(scores, rest.aggregation));
  return { ...data, table };
}
