// The report, which brings a drawing library along: `cellswap/report`, for browser and Node.

export type { StatedNumber } from "./evidence/further.ts";
export type { Claim } from "./proportions/claim.ts";
export { type FurtherEvidence, parseReport, type ReportData, reportSchema } from "./report/data.ts";
export { renderReport } from "./report/html.ts";
