import type { Claim } from "../proportions/claim.ts";
import {
  ABOUT_CLAIMS,
  ABOUT_PUBLISHED,
  claimNote,
  claimSummary,
  largestChanges,
  shareRows,
} from "./claim-words.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { changeFigure, shareFigure, shareLegend } from "./figures/changes.ts";
import { drawPlot } from "./figures/draw.ts";
import { publishedProportions } from "./published-proportions.ts";
import { type Context, colorOf, type Section, scrollTable } from "./section.ts";
import { legend } from "./section-results.ts";

/** Proteins with several localizations: whether their shares change with the surroundings; as published, Figure 3A. */
export const proportionSection: Section = {
  id: "proportions",
  name: "Proportions",
  page: "appendix",
  render: (context) => {
    const { claims, proportions } = context.data;
    if (claims.length === 0 && proportions.length === 0) return null;
    return {
      title: "Proteins with several localizations",
      body: html`${
        claims.length > 0 &&
        html`<p class="read">${new Html(ABOUT_CLAIMS.what)} <b>${ABOUT_CLAIMS.limit}</b>${ABOUT_CLAIMS.why}</p>
${claims.map((claim) => claimOf(claim, context))}`
      }${
        proportions.length > 0 &&
        html`<p class="read">${ABOUT_PUBLISHED}</p>
${proportions.map((p) => publishedProportions(p, context))}`
      }`,
    };
  },
};

function claimOf(claim: Claim, context: Context): Html {
  const { encoder } = claim;
  const { classes } = context.data;
  const svgs = (["masked", "recomposed"] as const).flatMap((to) => {
    const of = largestChanges(claim, to);
    return of.length === 0
      ? []
      : [{ to, of, svg: drawPlot(changeFigure(encoder, to, of, colorOf(context, encoder))) }];
  });
  const first = svgs[0];
  const shares = first === undefined ? null : drawPlot(shareFigure(encoder, first.of.slice(0, 4), classes));
  return html`<figure class="card"><h3>${encoder}</h3>
<p>${(["masked", "recomposed"] as const).flatMap((to) => claimSummary(claim, to) ?? []).join(" ")}</p>
<div class="wide">${svgs.map(({ svg }) => new Html(svg))}</div>
${shares !== null && html`${new Html(shares)}${legend(shareLegend(first.of))}`}
<figcaption>${claimNote(claim)}</figcaption>
<details><summary>What changes from what to what</summary>${changeTable(claim, classes)}</details>
${downloads(`Proportions, ${encoder}`, [
  csvLink(`cellswap-proportions-${encoder}`, shareRows(claim, classes)),
  ...svgs.map(({ to, svg }) =>
    svgLink(
      `cellswap-proportions-${to}-${encoder}`,
      standAlone(`Proportions, original to ${to}, ${encoder}`, svg),
      to,
    ),
  ),
])}</figure>\n`;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const points = (share: number | null) => (share === null ? "–" : (100 * share).toFixed(1));

function changeTable(claim: Claim, classes: readonly string[]): Html {
  const rows = (["masked", "recomposed"] as const).flatMap((to) => largestChanges(claim, to));
  return scrollTable(
    `Changes of proportions, ${claim.encoder}`,
    html`<table><thead><tr><th scope="col">protein</th><th scope="col">original to</th><th scope="col">verdict</th><th scope="col" class="number">total variation, points</th><th scope="col" class="number">95 % point of the null</th><th scope="col" class="number">q</th><th scope="col">falls most</th><th scope="col">rises most</th><th scope="col" class="number">cells</th></tr></thead><tbody>
${rows.map(
  ({ protein, change }) =>
    html`<tr><th scope="row">${protein.protein}</th><td>${change.to}</td><td>${change.verdict}</td><td class="number">${points(change.variation)}${change.low !== null && html` <span class="error">(${points(change.low)} to ${points(change.high)})</span>`}</td><td class="number">${points(change.null?.limit ?? null)}</td><td class="number">${change.q === null ? "–" : change.q.toFixed(3)}</td><td>${classes[change.moved.loses]} ${percent(change.moved.lost)}</td><td>${classes[change.moved.gains]} ${percent(change.moved.gained)}</td><td class="number">${protein.cells}</td></tr>\n`,
)}</tbody></table>`,
  );
}
