// The report, which brings a drawing library along: `cellswap/report`, for browser and Node.

export { parseReport, type ReportData, reportSchema } from "./report/data.ts";
export { renderReport } from "./report/html.ts";
