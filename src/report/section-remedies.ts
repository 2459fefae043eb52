import { donorSentence } from "../remedy/donor-curve.ts";
import type { EncoderRemedies, RemedyNumber } from "./data.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { isWithin, LEFT_EFFECTS, remedyFigure, remedyLegend } from "./figures/remedies.ts";
import { formatNumber, formatRange, UNITS } from "./numbers.ts";
import { type Context, colorOf, distinct, type Section, sampleSize, scrollTable } from "./section.ts";
import { legend } from "./section-results.ts";

/** Columns of the table, in their order; the CSV has every number. */
const COLUMNS = {
  original: "accuracy, original",
  cost: "cost on original",
  neighbor: "neighbor effect left",
  medium: "medium effect left",
  "transfer/different": "transfer, different",
  "capture/different": "capture, different",
  "capture-neighbor": "capture by neighbors",
} as const;

const EFFECTS = ["neighbor", "medium"] as const satisfies readonly (keyof typeof LEFT_EFFECTS)[];

/** What remedies leave of neighbors and medium, what they cost, and which is recommended, per encoder. */
export const remedySection: Section = {
  id: "remedies",
  name: "Remedies",
  page: "appendix",
  render: (context) => {
    const { remedies } = context.data;
    if (remedies.length === 0) return null;
    const rows = remedies.flatMap(({ encoder, recommended, level, measured }) =>
      measured.flatMap(({ remedy, numbers }) =>
        numbers.map((n) => [
          encoder,
          remedy,
          remedy === recommended ? 1 : 0,
          n.of,
          n.kind,
          n.value,
          n.low,
          n.high,
          level,
          n.cells,
          n.clusters,
          n.groups,
          n.method,
          n.why,
        ]),
      ),
    );
    const columns = [
      "encoder",
      "remedy",
      "recommended",
      "of",
      "kind",
      "value",
      "low",
      "high",
      "level",
      "cells_per_class",
      "clusters_per_class",
      "groups",
      "method",
      "no_interval",
    ];
    const { before, after } = about(context);
    return {
      title: "Remedies: what they leave, what they cost",
      body: html`${before}
${remedies.map((encoder) => card(context, encoder))}
${after}
${downloads("Remedies", [csvLink("cellswap-remedies", [columns, ...rows])])}`,
    };
  },
};

/** The rule, and what the intervals cover and do not. */
function about({ data }: Context): { before: Html; after: Html } {
  const { remedies, zone } = data;
  const limit = `±${(100 * zone).toFixed(1)} points`;
  const numbers = remedies.flatMap(({ measured }) => measured.flatMap((m) => m.numbers));
  const levels = distinct(remedies.map(({ level }) => `${Math.round(1000 * level) / 10} %`)).join(" and ");
  const methods = distinct(
    numbers.map((n) => (n.low === null ? null : n.method.replace(/; bonferroni.*$/, ""))),
  );
  const backgrounds = distinct(remedies.flatMap((r) => r.backgrounds));
  const names = remedies.flatMap(({ measured }) => measured.map(({ remedy }) => remedy));
  const swapped = ["augmented", "dfr"].filter((kind) =>
    names.some((name) => name === kind || name.endsWith(`+${kind}`)),
  );
  return {
    before: html`<p class="read">The rule: of the remedies whose neighbor effect's interval lies within ${limit}, the one that costs least on original crops; none where the encoder needs none. Cost: accuracy on original crops without the remedy minus with it. Neighbor effect left: accuracy in cell-free minus different; medium effect left: self minus cell-free; with the remedy in training and test, on backgrounds of ${backgrounds.join(", ")}.</p>`,
    after: html`<h3>What the intervals say</h3>
<p class="read">Sample: ${sampleSize(data, numbers)}. ${levels} intervals (${methods.join("; ")}). Those of remedies hold, column by column, for all remedies of an encoder at once (Bonferroni); those of none each by itself.</p>
<p class="read">The remedy is picked on the data that it is judged by. The intervals of a column hold whichever is picked, but the least of several estimated costs tends to be too low, and that it is lower than the next is not tested. For recompose, clear, masked and the remedies that are fitted to features, intervals of costs and effects left are certified on simulated studies of known truth (docs/validity.md has their coverage, and where it falls short); for pool, for retrained encoders and combinations with them, and for transfer and capture with a remedy, they are of the same form and not certified by themselves.</p>
${swapped.length > 0 && html`<p class="read">The probes of ${swapped.join(" and ")} are trained among foreign neighbors: an effect near zero can be two that cancel, what neighbors cost and what having been trained among them gives.</p>`}`,
  };
}

function card(context: Context, encoder: EncoderRemedies): Html {
  const color = colorOf(context, encoder.encoder);
  const { zone } = context.data;
  const panels = EFFECTS.map((effect) => ({ effect, svg: remedyFigure(encoder, effect, zone, color) }));
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
  const all = measured.flatMap((m) => m.numbers);
  const shown = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).filter((of) =>
    all.some((n) => n.of === of),
  );
  const unit = (of: string) =>
    of === "capture-neighbor" ? "points, of cells" : UNITS[all.find((n) => n.of === of)!.kind];
  const body = measured.map(({ remedy, numbers }) => {
    const cells = shown.map((of) => cell(numbers.find((n) => n.of === of)));
    const neighbor = numbers.find((n) => n.of === "neighbor");
    return html`<tr><th scope="row">${remedy}${remedy === recommended && html` <span class="pick">recommended</span>`}</th><td>${place(neighbor, data.zone)}</td>${cells}</tr>\n`;
  });
  const gaps = distinct(all.map((n) => (shown.some((of) => of === n.of) ? n.why : null))).map((why) => {
    const where = shown.flatMap((of) => {
      const without = measured.filter((m) => m.numbers.some((n) => n.of === of && n.why === why));
      return without.length === 0 ? [] : [`${COLUMNS[of]} of ${without.map((m) => m.remedy).join(", ")}`];
    });
    return `no interval: ${why} (${where.join("; ")}). `;
  });
  return html`${scrollTable(
    `Remedies of ${encoder}`,
    html`<table class="plain"><thead><tr><th scope="col">remedy</th><th scope="col">within the zone</th>${shown.map((of) => html`<th scope="col" class="number">${COLUMNS[of]}<br><span class="unit">${unit(of)}</span></th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
  )}${gaps.length > 0 && html`<p class="read">${gaps}</p>`}`;
}

/** Where a neighbor effect is shown to lie. */
function place(neighbor: RemedyNumber | undefined, zone: number): string {
  if (neighbor === undefined || neighbor.low === null || neighbor.high === null) return "no interval";
  if (isWithin(neighbor, zone)) return "yes";
  return neighbor.low > zone || neighbor.high < -zone ? "no" : "not shown";
}

function cell(number: RemedyNumber | undefined): Html {
  if (number === undefined) return html`<td class="number">–</td>`;
  const range = formatRange(number);
  return html`<td class="number">${formatNumber(number.value, number.kind)} <span class="error">${range === null ? "no interval" : `(${range})`}</span></td>`;
}
