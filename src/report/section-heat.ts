import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawPlot } from "./figures/draw.ts";
import { heatAxes, heatFigure } from "./figures/heat.ts";
import { numberOf } from "./numbers.ts";
import { type Context, noteOf, type Section, scrollTable } from "./section.ts";
import { formatPoints } from "./table-format.ts";

const READ =
  "Points of accuracy that cells of a class (row) lose on backgrounds of another (column); minus: a gain; empty: not measured. Single squares are noisier than their mean.";

function of(context: Context, encoder: string) {
  const { data } = context;
  const cells = data.heat.filter((h) => h.encoder === encoder);
  return { encoder, cells, svg: drawPlot(heatFigure(encoder, cells, data.classes)) };
}

/** Encoders with a map, the largest neighbor effect first. */
function ranked(context: Context): string[] {
  const effect = (encoder: string) => numberOf(context, encoder, "neighbor")?.value ?? 0;
  return context.encoders
    .filter((e) => context.data.heat.some((h) => h.encoder === e))
    .sort((a, b) => effect(b) - effect(a));
}

function counts(cells: readonly { cells: number }[]): string {
  const n = cells.map((c) => c.cells);
  const [low, high] = [Math.min(...n), Math.max(...n)];
  return low === high ? `${low} cells each` : `${low} to ${high} cells each`;
}

function links(context: Context, maps: readonly { encoder: string; svg: string }[]): Html {
  const shown = new Set(maps.map((m) => m.encoder));
  const rows = context.data.heat
    .filter((h) => shown.has(h.encoder))
    .map((h) => [h.encoder, h.class, h.background, h.value, h.cells]);
  return downloads("Accuracy lost per class and background", [
    csvLink("cellswap-backgrounds", [["encoder", "class", "background", "accuracy_lost", "cells"], ...rows]),
    ...maps.map((m) =>
      svgLink(
        `cellswap-backgrounds-${m.encoder}`,
        standAlone(`Points of accuracy lost, ${m.encoder}`, m.svg),
        m.encoder,
      ),
    ),
  ]);
}

/** Class against background for the encoder with the largest neighbor effect. */
export const heatSection: Section = {
  id: "backgrounds",
  name: "Backgrounds",
  page: "first",
  render: (context) => {
    const encoders = ranked(context);
    if (encoders.length === 0) return null;
    const map = of(context, encoders[0]);
    const more = encoders.length > 1;
    const which =
      more && html`, with the largest neighbor effect (<a href="#all-backgrounds">all encoders</a>)`;
    return {
      title: "Which backgrounds cost accuracy",
      body: html`<figure>${new Html(map.svg)}<figcaption><b>${map.encoder}</b>${which}. ${READ} ${counts(map.cells)}.</figcaption></figure>${noteOf(context)}${links(context, [map])}`,
    };
  },
};

/** Class against background for every encoder, with the numbers as tables. */
export const allHeatSection: Section = {
  id: "all-backgrounds",
  name: "Backgrounds of all encoders",
  page: "appendix",
  render: (context) => {
    const encoders = context.encoders.filter((e) => context.data.heat.some((h) => h.encoder === e));
    if (encoders.length === 0) return null;
    const maps = encoders.map((e) => of(context, e));
    return {
      title: "Which backgrounds cost accuracy, every encoder",
      body: html`<p class="read">${READ}</p>${noteOf(context)}<div class="pair">${maps.map((m) => html`<figure class="card"><h3>${m.encoder}</h3>${new Html(m.svg)}<figcaption>${counts(m.cells)}.</figcaption>${asTable(context, m)}</figure>\n`)}</div>${links(context, maps)}`,
    };
  },
};

function asTable(context: Context, { encoder, cells }: ReturnType<typeof of>): Html {
  const { rows, columns } = heatAxes(cells, context.data.classes);
  const at = new Map(cells.map((c) => [JSON.stringify([c.class, c.background]), c.value]));
  const body = rows.map((row) => {
    const values = columns.map((column) => at.get(JSON.stringify([row, column])));
    return html`<tr><th scope="row">${row}</th>${values.map((v) => html`<td class="number">${v === undefined ? "–" : formatPoints(v)}</td>`)}</tr>\n`;
  });
  return html`<details><summary>As numbers (percentage points)<span class="unseen">, ${encoder}</span></summary>${scrollTable(
    `Accuracy lost per class and background, ${encoder}`,
    html`<table class="plain"><thead><tr><th scope="col">class</th>${columns.map((c) => html`<th scope="col" class="number">${c}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
  )}</details>`;
}
