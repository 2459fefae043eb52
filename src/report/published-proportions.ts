import type { ReportProportions } from "./data.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { divergenceFigure } from "./figures/divergence.ts";
import { drawPlot } from "./figures/draw.ts";
import { type Context, scrollTable } from "./section.ts";

/** Figure 3A and the proteins that differ most, of one encoder. */
export function publishedProportions(p: ReportProportions, { data, encoders }: Context): Html {
  const svg =
    p.proteins.length === 0
      ? null
      : drawPlot(
          divergenceFigure(
            p.proteins.map((q) => q.kl),
            Math.max(0, encoders.indexOf(p.encoder)),
          ),
        );
  const csv = [
    ["protein", "kl_nats", "cells", ...data.classes.flatMap((c) => [`original ${c}`, `masked ${c}`])],
    ...p.proteins.map((q) => [
      q.protein,
      q.kl,
      q.cells,
      ...data.classes.flatMap((_, c) => [q.original[c] ?? null, q.masked[c] ?? null]),
    ]),
  ];
  const { mean, sd, min, q1, median, q3, max } = p.summary;
  const f = (value: number) => value.toFixed(3);
  const top = (shares: readonly number[]) => {
    const most = shares.reduce((best, v, i) => (v > shares[best] ? i : best), 0);
    return `${data.classes[most] ?? "–"} ${(100 * (shares[most] ?? 0)).toFixed(0)} %`;
  };
  const largest = [...p.proteins]
    .sort((a, b) => b.kl - a.kl || (a.protein < b.protein ? -1 : 1))
    .slice(0, 10);
  const rows = largest.map(
    (q) =>
      html`<tr><th scope="row">${q.protein}</th><td class="number">${f(q.kl)}</td><td>${top(q.original)}</td><td>${top(q.masked)}</td><td class="number">${q.cells}</td></tr>\n`,
  );
  return html`<figure class="card"><h3>${p.encoder}</h3>
${svg !== null && new Html(svg)}
<figcaption>${p.proteins.length} proteins; divergence mean ${f(mean)}, SD ${f(sd)}, minimum ${f(min)}, quartiles ${f(q1)} / ${f(median)} / ${f(q3)}, maximum ${f(max)} nats.</figcaption>
<details><summary>The proteins that differ most</summary>${scrollTable(
    `Proteins that differ most, ${p.encoder}`,
    html`<table><thead><tr><th scope="col">protein</th><th scope="col" class="number">KL (nats)</th><th scope="col">largest share, original</th><th scope="col">largest share, masked</th><th scope="col" class="number">cells</th></tr></thead><tbody>
${rows}</tbody></table>`,
  )}</details>${downloads(`Proportions, ${p.encoder}`, [csvLink(`cellswap-proportions-${p.encoder}`, csv), ...(svg === null ? [] : [svgLink(`cellswap-divergence-${p.encoder}`, standAlone(`Divergence of proportions, ${p.encoder}`, svg))])])}</figure>\n`;
}
