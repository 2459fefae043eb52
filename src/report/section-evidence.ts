import { SETTINGS } from "../settings.ts";
import type { GalleryCell, ReportData, ReportProportions } from "./data.ts";
import { Html, html } from "./escape.ts";
import { divergenceFigure } from "./figures/divergence.ts";
import { scrollTable } from "./section-results.ts";
import { formatPoints } from "./table-format.ts";
import { statementName } from "./verdict.ts";

/** Encoder names in order of first appearance. */
const names = (entries: readonly { encoder: string }[]) => [...new Set(entries.map((e) => e.encoder))];

/** Intervals, where the study has them: one row per statement, one column per encoder. */
export function intervalSection(data: ReportData): Html | null {
  if (data.intervals.length === 0) return null;
  const encoders = names(data.intervals);
  const levels = [...new Set(data.intervals.map((i) => `${Math.round(100 * i.level)} %`))].join(" and ");
  const statements = [...new Set(data.intervals.map((i) => i.statement))];
  const rows = statements.map((statement) => {
    // A setting has an accuracy; everything else is a difference.
    const accuracy = SETTINGS.some((s) => s === statement);
    const show = accuracy ? (value: number) => value.toFixed(3) : formatPoints;
    const cells = encoders.map((encoder) => {
      const i = data.intervals.find((own) => own.statement === statement && own.encoder === encoder);
      if (i === undefined) return html`<td class="number">–</td>`;
      return html`<td class="number">${show(i.estimate)} <span class="error">(${show(i.low)} to ${show(i.high)})</span></td>`;
    });
    return html`<tr><th scope="row">${statementName(statement)}</th><td>${accuracy ? "accuracy" : "points"}</td>${cells}</tr>\n`;
  });
  return html`<section id="intervals"><h2>How sure</h2>
<p class="read">Estimates with ${levels} intervals: accuracies from 0 to 1, drops in percentage points. A drop whose interval includes zero cannot be told from nothing with these data.</p>
${scrollTable(
  "Intervals",
  html`<table><thead><tr><th scope="col">estimate of</th><th scope="col">unit</th>${encoders.map((e) => html`<th scope="col" class="number">${e}</th>`)}</tr></thead><tbody>
${rows}</tbody></table>`,
)}</section>\n`;
}

/** Trained on original crops, tested on swapped ones: one row per setting, accuracy and capture rate per encoder. */
export function transferSection(data: ReportData): Html | null {
  if (data.transfer.length === 0) return null;
  const encoders = names(data.transfer);
  const settings = SETTINGS.filter((s) => data.transfer.some((t) => t.setting === s));
  const percent = (share: number | null | undefined) =>
    share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
  const rows = settings.map((setting) => {
    const cells = encoders.map((encoder) => {
      const t = data.transfer.find((own) => own.setting === setting && own.encoder === encoder);
      return html`<td class="number">${percent(t?.accuracy)}</td><td class="number">${percent(t?.capture)}</td>`;
    });
    return html`<tr><th scope="row">${setting}</th>${cells}</tr>\n`;
  });
  return html`<section id="transfer"><h2>Trained on original crops, tested on swapped ones</h2>
<p class="read">A classifier learns the ${data.classes.length} classes from original crops and is then shown cells in every setting. “Right” is the share of cells that it calls by their own class, “captured” the share that it calls by their background's class (capture rate); guessing would give about ${(100 / Math.max(1, data.classes.length)).toFixed(1)} %.</p>
${scrollTable(
  "Transfer",
  html`<table><thead><tr><th scope="col" rowspan="2">tested on</th>${encoders.map((e) => html`<th scope="colgroup" colspan="2" class="number">${e}</th>`)}</tr>
<tr>${encoders.map(() => html`<th scope="col" class="number unit">right</th><th scope="col" class="number unit">captured</th>`)}</tr></thead><tbody>
${rows}</tbody></table>`,
)}</section>\n`;
}

/** The same cells in every setting. */
export function gallerySection(data: ReportData): Html | null {
  if (data.gallery.length === 0) return null;
  return html`<section id="gallery"><h2>Gallery: the same cells in every setting</h2>
<p class="read">The center cell stays; what surrounds it changes. Look for seams, leftovers of the donor's own center cell, and a cell that is brighter or dimmer than its new surroundings: an encoder sees them too. Gray values are stretched for display.</p>
${data.gallery.map(galleryCell)}</section>\n`;
}

function galleryCell(cell: GalleryCell): Html {
  const panels = Math.max(1, ...cell.images.map((i) => i.panels.length));
  const tiles = cell.images.map((image) => {
    const around =
      image.background === null ? image.setting : `${image.setting}, background ${image.background}`;
    const shots = image.panels.map(
      (p) =>
        html`<img src="${p.png}" width="96" height="96" alt="cell ${cell.cell} (${cell.class}), ${around}, channel ${p.channel}" title="${p.channel}">`,
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
export function proportionSection(data: ReportData): Html | null {
  if (data.proportions.length === 0) return null;
  return html`<section id="proportions"><h2>Proteins with several localizations</h2>
<p class="read">For each protein the share of every localization is predicted twice, from original and from masked crops. The divergence (KL, in nats) is 0 where both agree; a long tail to the right means that for those proteins the surroundings decide what is reported.</p>
${data.proportions.map((p) => proportionsOf(p, data))}</section>\n`;
}

function proportionsOf(p: ReportProportions, data: ReportData): Html {
  const index = Math.max(
    0,
    data.encoders.findIndex((e) => e.name === p.encoder),
  );
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
${
  p.proteins.length > 0 &&
  new Html(
    divergenceFigure(
      p.proteins.map((q) => q.kl),
      index,
    ),
  )
}
<figcaption>${p.proteins.length} proteins; divergence mean ${f(mean)}, SD ${f(sd)}, minimum ${f(min)}, quartiles ${f(q1)} / ${f(median)} / ${f(q3)}, maximum ${f(max)} nats.</figcaption>
<details><summary>The proteins that differ most</summary>${scrollTable(
    `Proteins that differ most, ${p.encoder}`,
    html`<table><thead><tr><th scope="col">protein</th><th scope="col" class="number">KL (nats)</th><th scope="col">largest share, original</th><th scope="col">largest share, masked</th><th scope="col" class="number">cells</th></tr></thead><tbody>
${rows}</tbody></table>`,
  )}</details></figure>\n`;
}
