import { CSS } from "./css.ts";
import type { ReportData } from "./data.ts";
import { Html, html } from "./escape.ts";
import { type Context, makeContext, plural, type Section } from "./section.ts";
import { answerSection } from "./section-answers.ts";
import { batchSection } from "./section-batch.ts";
import { citeSection } from "./section-cite.ts";
import { curveSection } from "./section-curve.ts";
import { estimateSection } from "./section-estimates.ts";
import { allFlagSection, flagSection } from "./section-flags.ts";
import { allFlipSection, flipSection } from "./section-flips.ts";
import { allHeatSection, heatSection } from "./section-heat.ts";
import { naturalSection } from "./section-natural.ts";
import { pasteSection } from "./section-paste.ts";
import { gallerySection } from "./section-pictures.ts";
import { proportionSection } from "./section-proportions.ts";
import { cellSection, recordSection } from "./section-record.ts";
import { remedySection } from "./section-remedies.ts";
import { dropSection, figureSection, tableSection } from "./section-results.ts";
import { sensitivitySection } from "./section-sensitivity.ts";
import { shareSection } from "./section-shares.ts";
import { furtherSection, summarySection } from "./section-summary.ts";
import { furtherWaterfallSection, waterfallSection } from "./section-waterfall.ts";

/** Every section, in the order of the page; those of the first page fill one sheet of A4. */
const SECTIONS: readonly Section[] = [
  summarySection,
  waterfallSection,
  heatSection,
  flipSection,
  flagSection,
  answerSection,
  allFlagSection,
  furtherSection,
  furtherWaterfallSection,
  remedySection,
  estimateSection,
  curveSection,
  batchSection,
  naturalSection,
  pasteSection,
  sensitivitySection,
  shareSection,
  allHeatSection,
  allFlipSection,
  tableSection,
  dropSection,
  figureSection,
  gallerySection,
  proportionSection,
  cellSection,
  recordSection,
  citeSection,
];

/** Nothing is fetched, and no script runs: the page shows what is in it, wherever it is opened. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const many = (count: number, one: string, more = plural(one)) =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : more}`;

/**
 * The report as one HTML file that needs nothing else: no network, no script. Equal data give equal bytes.
 * Every text of the data is escaped.
 */
export function renderReport(data: ReportData): string {
  const context = makeContext(data);
  const shown = SECTIONS.flatMap((section) => {
    const content = section.render(context);
    return content === null ? [] : [{ ...section, ...content }];
  });
  const part = (page: Section["page"]) =>
    shown
      .filter((s) => s.page === page)
      .map(
        (
          s,
        ) => html`<section id="${s.id}" aria-labelledby="${s.id}-title"><h2 id="${s.id}-title">${s.title}</h2>
${s.body}</section>\n`,
      );
  const links = (page: Section["page"]) =>
    shown.filter((s) => s.page === page).map((s) => html`<li><a href="#${s.id}">${s.name}</a></li>`);
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
<a class="skip" href="#results">Skip to the results</a>
${header(context)}
<nav aria-label="Sections"><ul>${links("first")}<li class="soft">Appendix:</li>${links("appendix")}</ul></nav>
<main id="results" tabindex="-1">
<div class="first">${part("first")}</div>
<div class="appendix" role="region" aria-label="Appendix"><p class="part" aria-hidden="true">Appendix</p>
${part("appendix")}</div>
</main>
<footer><p>Made by ${data.createdBy}. The numbers of this page are also in the study folder, under results.</p></footer>
</body>
</html>
`;
  return page.text;
}

/** Title, and in a few lines what was studied, when and how. */
function header({ data, encoders }: Context): Html {
  const { facts, cells } = data;
  const perClass = `${many(facts.cellsPerClass, "cell")} and ${many(facts.clusters, facts.clusterName)} per class`;
  const lines: [name: string, value: Html][] = [
    ["Date", html`${facts.date ?? "not recorded"}`],
    ["Data", html`${facts.dataset}`],
    [
      "Counts",
      html`${many(encoders.length, "encoder")}; ${many(data.classes.length, "class")}; ${many(cells.used, "cell")} of ${cells.total.toLocaleString("en-US")} used, ${perClass}; ${many(facts.groups, "group")} (folds)`,
    ],
    ["Command", facts.command === null ? html`not recorded` : html`<code>${facts.command}</code>`],
    ["Version", html`${data.createdBy}; preset ${data.preset}, ${data.aggregation} aggregation`],
  ];
  return html`<header>
<h1>${data.title}</h1>
<p class="lead">Does the encoder look at the cell, or at the cells around it?</p>
<dl class="facts">${lines.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>`;
}
