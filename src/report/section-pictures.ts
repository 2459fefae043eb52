import type { GalleryCell, ReportProportions } from "./data.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { divergenceFigure } from "./figures/divergence.ts";
import { type Context, type Section, scrollTable } from "./section.ts";

/** The same cells in every setting. */
export const gallerySection: Section = {
  id: "gallery",
  name: "Gallery",
  page: "appendix",
  render: ({ data }) =>
    data.gallery.length === 0
      ? null
      : {
          title: "Gallery: the same cells in every setting",
          body: html`<p class="read">The center cell stays; what surrounds it changes. Look for seams, leftovers of the donor's own center cell, and a cell that is brighter or dimmer than its new surroundings: an encoder sees them too. Gray values are stretched for display.</p>
${data.gallery.map(galleryCell)}`,
        },
};

function galleryCell(cell: GalleryCell): Html {
  const panels = Math.max(1, ...cell.images.map((i) => i.panels.length));
  const tiles = cell.images.map((image) => {
    const around =
      image.background === null ? image.setting : `${image.setting}, background ${image.background}`;
    const shots = image.panels.map(
      (p) =>
        html`<img src="${p.png}" width="96" height="96" alt="cell ${cell.cell} (${cell.class}), ${around}, channel ${p.channel}">`,
    );
    return html`<figure><div class="shots">${shots}</div><figcaption><b>${image.setting}</b>${
      image.background !== null && html`<br>background ${image.background}`
    }${image.donor !== null && html`<br>donor ${image.donor}`}</figcaption></figure>\n`;
  });
  const channels = cell.images[0]?.panels.map((p) => p.channel).join(", ") ?? "";
  return html`<div class="card"><h3>${cell.class}, cell ${cell.cell}</h3>
<p class="read">${panels > 1 ? "channels from left to right" : "channel"}: ${channels}</p>
<div class="gallery" style="--panels: ${panels}">${tiles}</div></div>\n`;
}

/** Figure 3A and the proteins that differ most, per encoder. */
export const proportionSection: Section = {
  id: "proportions",
  name: "Proportions",
  page: "appendix",
  render: (context) =>
    context.data.proportions.length === 0
      ? null
      : {
          title: "Proteins with several localizations",
          body: html`<p class="read">For each protein the share of every localization is predicted twice, from original and from masked crops. The divergence (KL, in nats) is 0 where both agree. The surroundings raise it, and so does the noise of the two classifiers: without a divergence between repeated fits it cannot be told how much is due to which.</p>
${context.data.proportions.map((p) => proportionsOf(p, context))}`,
        },
};

function proportionsOf(p: ReportProportions, { data, encoders }: Context): Html {
  const svg =
    p.proteins.length === 0
      ? null
      : divergenceFigure(
          p.proteins.map((q) => q.kl),
          Math.max(0, encoders.indexOf(p.encoder)),
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
