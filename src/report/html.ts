import { resultTable } from "../evidence/tables.ts";
import { CSS } from "./css.ts";
import type { ReportData } from "./data.ts";
import { Html, html } from "./escape.ts";
import { gallerySection, intervalSection, proportionSection, transferSection } from "./section-evidence.ts";
import { cellSection, recordSection } from "./section-record.ts";
import { dropSection, figureSection, tableSection, verdictSection } from "./section-results.ts";

/** Nothing is fetched, and no script runs: the page shows what is in it, wherever it is opened. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const many = (count: number, one: string, more = `${one}s`) =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : more}`;

/**
 * The report as one HTML file that needs nothing else: no network, no script. Equal data give equal bytes.
 * Every text of the data is escaped.
 */
export function renderReport(data: ReportData): string {
  const table = resultTable(data.scores, data.aggregation);
  const sections: readonly [id: string, name: string, section: Html | null][] = [
    ["verdict", "Verdict", verdictSection(data, table)],
    ["table", "Table 1", tableSection(table)],
    ["drops", "Drops", dropSection(table)],
    ["intervals", "How sure", intervalSection(data)],
    ["figures", "Figures", figureSection(table)],
    ["transfer", "Transfer", transferSection(data)],
    ["gallery", "Gallery", gallerySection(data)],
    ["proportions", "Proportions", proportionSection(data)],
    ["cells", "Cells", cellSection(data)],
    ["record", "Record", recordSection(data)],
  ];
  const shown = sections.filter(([, , section]) => section !== null);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${data.createdBy}">
<title>${data.title}</title>
<style>${new Html(CSS)}</style>
</head>
<body>
<header>
<h1>${data.title}</h1>
<p class="lead">Does the encoder look at the cell, or at the cells around it? ${many(data.encoders.length, "encoder")}, ${many(data.classes.length, "class", "classes")}, ${many(data.cells.used, "cell")}; preset ${data.preset}, ${data.aggregation} aggregation.</p>
<nav aria-label="Sections"><ul>${shown.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main>
${shown.map(([, , section]) => section)}</main>
<footer><p>Made by ${data.createdBy}. The numbers of this page are also in the study folder, under results.</p></footer>
</body>
</html>
`;
  return page.text;
}
