import { use } from "react";
import { type Context, makeContext } from "../../src/report/section.ts";
import type { ReportSummary } from "../../src/report/summary.ts";
import { useStudy } from "../state.ts";

const contexts = new WeakMap<ReportSummary, Context>();

/** The study's report with its tables. Suspends until it is there. */
export function useReport(): Context {
  const { study } = useStudy();
  const summary = use(study.report);
  let context = contexts.get(summary);
  if (context === undefined) {
    const { table, ...data } = summary;
    context = makeContext({ ...data, scores: [], gallery: [], flips: [] }, table);
    contexts.set(summary, context);
  }
  return context;
}
