import type { Change, Claim, ProteinClaim } from "../proportions/claim.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { changeFigure, shareFigure, shareLegend } from "./figures/changes.ts";
import { publishedProportions } from "./published-proportions.ts";
import { type Context, colorOf, distinct, plural, type Section, scrollTable } from "./section.ts";
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
        html`<p class="read">The share of every localization among the cells of a protein, estimated from crops as imaged and again where the cell's own surroundings are gone: masked, or recomposed (features averaged over the backgrounds of all classes). Total variation is half the sum of the absolute differences of the shares. Null hypothesis: the protein's cells are a mixture of the study's classes, each looking both ways as held-out cells of its class do; gray bars end at the 95 % point of such mixtures, dashed marks are 1.5 times what probes of other halves of the training cells differ by. A change is stated where the false discovery rate over proteins is at most 5 % and it exceeds the dashed mark, what pasting changes and what other donors change: filled marks. "Not shown" does not say that there is none. <b>Not certified for cells that are in several localizations at once</b>, which are no such mixture: in 14 to 22 % of simulated studies of such proteins a change was claimed where there was none, and intervals of shares held in 59 %.</p>
${claims.map((claim) => claimOf(claim, context))}`
      }${
        proportions.length > 0 &&
        html`<p class="read">For each protein the share of every localization is predicted twice, from original and from masked crops. The divergence (KL, in nats) is 0 where both agree. The surroundings raise it, and so does the noise of the two classifiers: without a divergence between repeated fits it cannot be told how much is due to which.</p>
${proportions.map((p) => publishedProportions(p, context))}`
      }`,
    };
  },
};

/** Proteins that the figure and the tables show. */
const SHOWN = 15;

function claimOf(claim: Claim, context: Context): Html {
  const { encoder, proteins } = claim;
  const { classes } = context.data;
  const svgs = (["masked", "recomposed"] as const).flatMap((to) => {
    const of = largest(claim, to);
    return of.length === 0 ? [] : [{ to, of, svg: changeFigure(encoder, to, of, colorOf(context, encoder)) }];
  });
  const first = svgs[0];
  const shares = first === undefined ? null : shareFigure(encoder, first.of.slice(0, 4), classes);
  return html`<figure class="card"><h3>${encoder}</h3>
<p>${(["masked", "recomposed"] as const).flatMap((to) => summary(claim, to) ?? []).join(" ")}</p>
<div class="wide">${svgs.map(({ svg }) => new Html(svg))}</div>
${shares !== null && html`${new Html(shares)}${legend(shareLegend(first.of))}`}
<figcaption>${proteins.length.toLocaleString("en-US")} ${proteins.length === 1 ? "protein" : "proteins"}; quantifier ${claim.method}, calibrated on held-out ${plural(claim.unit)} (${claim.folds} folds). ${distinct(proteins.flatMap((p) => p.changes.map((c) => (c.why === null ? null : `${p.protein}: ${c.why}.`)))).join(" ")}</figcaption>
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

/** Proteins in the order of how far their shares change, the farthest first. */
function largest({ proteins }: Claim, to: Change["to"]): { protein: ProteinClaim; change: Change }[] {
  return proteins
    .flatMap((protein) => {
      const change = protein.changes.find((c) => c.to === to);
      return change === undefined ? [] : [{ protein, change }];
    })
    .sort(
      (a, b) => b.change.variation - a.change.variation || (a.protein.protein < b.protein.protein ? -1 : 1),
    )
    .slice(0, SHOWN);
}

function summary({ proteins }: Claim, to: Change["to"]): string | null {
  const changes = proteins.flatMap((p) => p.changes.filter((c) => c.to === to));
  if (changes.length === 0) return null;
  const tested = changes.filter((c) => c.verdict !== "not tested");
  const found = tested.filter((c) => c.verdict === "changes").length;
  const rest = changes.length - tested.length;
  const claimed = `${found} of ${tested.length} ${tested.length === 1 ? "protein" : "proteins"} with shares that change beyond the null${found < tested.length ? "; of the others no change is shown" : ""}`;
  const parts = [...(tested.length > 0 ? [claimed] : []), ...(rest > 0 ? [`${rest} not tested`] : [])];
  return `Original to ${to}: ${parts.join("; ")}.`;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const points = (share: number | null) => (share === null ? "–" : (100 * share).toFixed(1));

function changeTable(claim: Claim, classes: readonly string[]): Html {
  const rows = (["masked", "recomposed"] as const).flatMap((to) => largest(claim, to));
  return scrollTable(
    `Changes of proportions, ${claim.encoder}`,
    html`<table><thead><tr><th scope="col">protein</th><th scope="col">original to</th><th scope="col">verdict</th><th scope="col" class="number">total variation, points</th><th scope="col" class="number">95 % point of the null</th><th scope="col" class="number">q</th><th scope="col">falls most</th><th scope="col">rises most</th><th scope="col" class="number">cells</th></tr></thead><tbody>
${rows.map(
  ({ protein, change }) =>
    html`<tr><th scope="row">${protein.protein}</th><td>${change.to}</td><td>${change.verdict}</td><td class="number">${points(change.variation)}${change.low !== null && html` <span class="error">(${points(change.low)} to ${points(change.high)})</span>`}</td><td class="number">${points(change.null?.limit ?? null)}</td><td class="number">${change.q === null ? "–" : change.q.toFixed(3)}</td><td>${classes[change.moved.loses]} ${percent(change.moved.lost)}</td><td>${classes[change.moved.gains]} ${percent(change.moved.gained)}</td><td class="number">${protein.cells}</td></tr>\n`,
)}</tbody></table>`,
  );
}

function shareRows({ proteins }: Claim, classes: readonly string[]): (string | number | null)[][] {
  return [
    ["protein", "representation", "cells", "fields", ...classes],
    ...proteins.flatMap(({ protein, cells, fields, seen }) =>
      seen.map((s) => [protein, s.representation, cells, fields, ...s.shares]),
    ),
  ];
}
