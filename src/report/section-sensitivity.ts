import { AS_RUN, maskSentence, numberOf, type Sensitivity } from "../evidence/sensitivity.ts";
import { downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawPlot } from "./figures/draw.ts";
import { PANEL_EFFECTS, sensitivityFigure } from "./figures/sensitivity.ts";
import type { LegendItem } from "./figures/svg.ts";
import { numberCsv } from "./further.ts";
import { type Context, colorOf, distinct, type Section, scrollTable } from "./section.ts";
import { legend } from "./section-results.ts";
import { footnotes, formatStated, furtherOf } from "./stated.ts";

const EFFECTS = ["neighbor", "medium"] as const satisfies readonly (keyof typeof PANEL_EFFECTS)[];

/** Columns of the table; the CSV has every number. */
const COLUMNS = [
  ["sensitivity", "neighbor", "neighbor effect"],
  ["sensitivity-change", "neighbor", "change of it"],
  ["sensitivity", "medium", "medium effect"],
  ["sensitivity-change", "medium", "change of it"],
  ["sensitivity", "paste", "paste effect"],
  ["sensitivity", "total", "total drop"],
] as const;

/** What effects become when composites are made otherwise, and whether the answers hold. */
export const sensitivitySection: Section = {
  id: "sensitivity",
  name: "Sensitivity",
  page: "appendix",
  render: (context) => {
    const { data } = context;
    const found = furtherOf(data, "sensitivity");
    if (found.length === 0) return null;
    const variants = found.flatMap((f) => f.variants);
    const meanings = distinct(variants.map(({ variant, does }) => `${variant}: ${does}`));
    const masks = distinct(found.map((f) => maskSentence(f.variants))).filter((text) => text !== "");
    const shown = (what: string) =>
      found.flatMap((f) => f.numbers.filter((n) => n.statement.startsWith(`${what}/`)));
    return {
      title: "Does the answer hang on how composites are made?",
      body: html`<p class="read">The composites of ${found[0].backgrounds.join(", ")} were made again in other ways: the same cells on the same donors, encoded and judged anew. With wrong masks, what is measured by them (levels of fields, what is pasted, what is taken out of backgrounds, what an encoder is told of the cell) follows the wrong ones; pixels, cells and donors stay. u is a 32nd of the cells' diameter.</p>
${found.map((f) => card(context, f))}
<h3>What the intervals say</h3>
<p class="read">Effects have intervals each by itself, as the study's own. That an answer holds under all variants is a claim that all of these answers are right, which each at its own level allows; where it holds under some only, count those by intervals that hold at once. Changes are the variant minus the study's own way, on the same cells and donors; their intervals hold, effect by effect, for all variants of an encoder at once. ${footnotes(data, shown("sensitivity"))} ${footnotes(data, shown("sensitivity-change")).replace(/^Sample: [^.]*[.] /, "Changes: ")}</p>
<h3>The variants</h3>
<ul class="read">${meanings.map((text) => html`<li>${text}</li>`)}</ul>
${masks.length > 0 && html`<p class="read">${masks.join(" ")}</p>`}
${downloads("Sensitivity", [numberCsv("cellswap-sensitivity", found)])}`,
    };
  },
};

function items(color: string): LegendItem[] {
  const item = (label: string, of: Partial<LegendItem>): LegendItem => ({
    group: "variant",
    label,
    color,
    symbol: "circle",
    ...of,
  });
  return [
    item("as run", { symbol: "square" }),
    item("same answer", {}),
    item("another answer", { hollow: true }),
  ];
}

function card(context: Context, found: Sensitivity): Html {
  const { encoder, sentence, variants, refused } = found;
  const { zone } = context.data;
  const color = colorOf(context, encoder);
  const panels = EFFECTS.map((effect) => ({
    effect,
    svg: drawPlot(sensitivityFigure(found, effect, zone, color)),
  }));
  const gaps = refused.map(({ variant, why }) => `${variant === null ? "" : `${variant}: `}${why}.`);
  return html`<article class="card sensitivity"><h3>${encoder}</h3>
<p class="sentence">${sentence}</p>
${
  variants.length > 0 &&
  html`<figure>${legend(items(color))}<div class="panels">${panels.map(({ effect, svg }) => html`<div><h4>${PANEL_EFFECTS[effect]}</h4>${new Html(svg)}</div>`)}</div>
<figcaption>Dot and 95 % interval under every variant; shaded: the zone of ±${(100 * zone).toFixed(1)} points; dotted: as run.</figcaption></figure>
<details><summary>The numbers under every variant</summary>${table(found)}</details>
${downloads(
  `Sensitivity of ${encoder}`,
  panels.map(({ effect, svg }) =>
    svgLink(
      `cellswap-sensitivity-${encoder}-${effect}`,
      standAlone(
        `${PANEL_EFFECTS[effect]} when composites are made otherwise, ${encoder}`,
        svg,
        items(color),
      ),
      effect,
    ),
  ),
)}`
}${gaps.length > 0 && html`<p class="read">Could not be had: ${gaps.join(" ")}</p>`}</article>\n`;
}

function table(found: Sensitivity): Html {
  const rows = [{ variant: AS_RUN, badge: found.badge, badgeAtOnce: found.badge }, ...found.variants].map(
    ({ variant, badge, badgeAtOnce }) =>
      html`<tr><th scope="row">${variant}</th><td>${badge}${badge !== badgeAtOnce && html` <span class="error">at once: ${badgeAtOnce}</span>`}</td>${COLUMNS.map(([what, of]) => cell(found, what, of, variant))}</tr>\n`,
  );
  return scrollTable(
    `Sensitivity of ${found.encoder}`,
    html`<table class="plain"><thead><tr><th scope="col">variant</th><th scope="col">answer</th>${COLUMNS.map(([, , name]) => html`<th scope="col" class="number">${name}<br><span class="unit">points</span></th>`)}</tr></thead><tbody>
${rows}</tbody></table>`,
  );
}

function cell(found: Sensitivity, what: (typeof COLUMNS)[number][0], of: string, variant: string): Html {
  const n = numberOf(found, variant, of, what);
  if (n === undefined || n.estimate === null) return html`<td class="number">–</td>`;
  const { low, high, kind } = n;
  const range =
    low === null || high === null
      ? "no interval"
      : `(${formatStated(low, kind)} to ${formatStated(high, kind)})`;
  return html`<td class="number">${formatStated(n.estimate, kind)} <span class="error">${range}</span></td>`;
}
