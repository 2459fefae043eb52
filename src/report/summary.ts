import type { ReportData } from "./data.ts";

/** What the explorer shows of a report, which is little beside the scores of every pair and the pictures. */
export type ReportSummary = Omit<ReportData, "scores" | "gallery" | "flips">;

/** The report without what the explorer makes itself. */
export function summaryOf({ scores: _s, gallery: _g, flips: _f, ...rest }: ReportData): ReportSummary {
  return rest;
}
