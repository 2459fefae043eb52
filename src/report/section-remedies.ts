import { donorSentence } from "../remedy/donor-curve.ts";
import type { EncoderRemedies, RemedyNumber } from "./data.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawPlot } from "./figures/draw.ts";
import { LEFT_EFFECTS, remedyFigure, remedyLegend } from "./figures/remedies.ts";
import { formatNumber, formatRange } from "./numbers.ts";
import {
  aboutRemedies,
  placeOfEffect,
  REMEDY_COLUMNS,
  remedyColumns,
  remedyGaps,
  remedyRows,
  remedyUnit,
} from "./remedy-words.ts";
import { type Context, colorOf, type Section, scrollTable } from "./section.ts";
import { legend } from "./section-results.ts";

const EFFECTS = ["neighbor", "medium"] as const satisfies readonly (keyof typeof LEFT_EFFECTS)[];

/** What remedies leave of neighbors and medium, what they cost, and which is recommended, per encoder. */
export const remedySection: Section = {
  id: "remedies",
  name: "Remedies",
  page: "appendix",
  render: (context) => {
    const { remedies } = context.data;
    if (remedies.length === 0) return null;
    const { rule, backgrounds, notes } = aboutRemedies(context.data);
    return {
      title: "Remedies: what they leave, what they cost",
      body: html`<p class="read">${new Html(rule)} ${backgrounds}.</p>
${remedies.map((encoder) => card(context, encoder))}
<h3>What the intervals say</h3>
${notes.map((note, i) => html`${i > 0 && "\n"}<p class="read">${note}</p>`)}${notes.length < 3 && "\n"}
${downloads("Remedies", [csvLink("cellswap-remedies", remedyRows(remedies))])}`,
    };
  },
};

function card(context: Context, encoder: EncoderRemedies): Html {
  const color = colorOf(context, encoder.encoder);
  const { zone } = context.data;
  const panels = EFFECTS.map((effect) => ({
    effect,
    svg: drawPlot(remedyFigure(encoder, effect, zone, color)),
  }));
  const items = remedyLegend(color);
  const name = encoder.encoder;
  return html`<article class="card remedies"><h3>${name}</h3>
<p class="sentence">${encoder.sentence}</p>
<figure>${legend(items)}<div class="panels">${panels.map(({ effect, svg }) => html`<div><h4>Accuracy kept against ${LEFT_EFFECTS[effect]}</h4>${new Html(svg)}</div>`)}</div>
<figcaption>Best is high, within the shaded zone of ±${(100 * zone).toFixed(1)} points. Bars: intervals in both directions, where there are any.</figcaption></figure>
${table(context, encoder)}
${encoder.measured.map(({ remedy, donors }) => donors !== null && html`<p class="read">${donorSentence(remedy, donors)}</p>`)}
${encoder.refused.length > 0 && html`<p class="read">Could not be had:</p><ul class="read">${encoder.refused.map(({ remedy, why }) => html`<li>${remedy}: ${why}</li>`)}</ul>`}
${downloads(
  `Remedies of ${name}`,
  panels.map(({ effect, svg }) =>
    svgLink(
      `cellswap-remedies-${name}-${effect}`,
      standAlone(`Accuracy kept against ${LEFT_EFFECTS[effect]}, ${name}`, svg, items),
      effect,
    ),
  ),
)}</article>\n`;
}

function table({ data }: Context, { encoder, measured, recommended }: EncoderRemedies): Html {
  const shown = remedyColumns(measured);
  const body = measured.map(({ remedy, numbers }) => {
    const cells = shown.map((of) => cell(numbers.find((n) => n.of === of)));
    const neighbor = numbers.find((n) => n.of === "neighbor");
    return html`<tr><th scope="row">${remedy}${remedy === recommended && html` <span class="pick">recommended</span>`}</th><td>${placeOfEffect(neighbor, data.zone)}</td>${cells}</tr>\n`;
  });
  const gaps = remedyGaps(measured, shown);
  return html`${scrollTable(
    `Remedies of ${encoder}`,
    html`<table class="plain"><thead><tr><th scope="col">remedy</th><th scope="col">within the zone</th>${shown.map((of) => html`<th scope="col" class="number">${REMEDY_COLUMNS[of]}<br><span class="unit">${remedyUnit(measured, of)}</span></th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
  )}${gaps.length > 0 && html`<p class="read">${gaps.map((gap) => `${gap} `)}</p>`}`;
}

function cell(number: RemedyNumber | undefined): Html {
  if (number === undefined) return html`<td class="number">–</td>`;
  const range = formatRange(number);
  return html`<td class="number">${formatNumber(number.value, number.kind)} <span class="error">${range === null ? "no interval" : `(${range})`}</span></td>`;
}
