import { type ClassMean, EFFECTS, type ResultTable } from "../evidence/tables.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import type { ReportData } from "./data.ts";
import { Html, html } from "./escape.ts";
import { classDropFigure, shownEffect } from "./figures/class-drops.ts";
import { ladderFigure } from "./figures/ladder.ts";
import { localizationFigure } from "./figures/localizations.ts";
import { drawMarker, encoderColor, type LegendItem } from "./figures/svg.ts";
import { formatPoints, tableCaption } from "./table-format.ts";
import { verdict } from "./verdict.ts";

/** A value and its error, the error quieter. */
function withError(value: string, error: string | null): Html {
  return html`${value}${error !== null && html` <span class="error">± ${error}</span>`}`;
}

/** A table that scrolls sideways on a narrow screen, by keyboard too. */
export function scrollTable(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

/** The legend of a figure. */
function legend(items: readonly LegendItem[]): Html {
  const mixed = items.some((i) => i.group !== items[0].group);
  return html`<ul class="legend">${items.map((item, i) => {
    const first = mixed && item.group !== items[i - 1]?.group;
    return html`${first && html`<li class="soft">${item.group}</li>`}<li>${new Html(drawMarker(item))} ${item.label}</li>`;
  })}</ul>`;
}

const encoderLegend = (table: ResultTable) =>
  legend(
    table.encoders.map((e, i) => ({
      group: "encoder" as const,
      label: e.encoder,
      color: encoderColor(i),
      symbol: "circle" as const,
    })),
  );

/** One card per encoder: the verdict, what to know with it, warnings. */
export function verdictSection(data: ReportData, table: ResultTable): Html {
  const cards = table.encoders.map((own, i) => {
    const { sentence, caveats } = verdict(own, data.intervals, data.transfer);
    const about = data.encoders.find((e) => e.name === own.encoder);
    return html`<article class="verdict" style="--encoder: ${encoderColor(i)}">
<p class="sentence">${sentence}</p>
${caveats.length > 0 && html`<ul>${caveats.map((c) => html`<li>${c}</li>`)}</ul>`}
${about?.warnings.map((w) => html`<p class="warning">${w}</p>`)}
${about !== undefined && html`<p class="about">${about.description !== "" && html`${about.description}, `}${about.dimension} features</p>`}
</article>\n`;
  });
  const none = html`<p>There are no scores yet, so there is no verdict.</p>`;
  return html`<section id="verdict"><h2>Verdict</h2>${cards.length > 0 ? cards : none}
${data.warnings.map((w) => html`<p class="warning">${w}</p>`)}</section>\n`;
}

/** Table 1. */
export function tableSection(table: ResultTable): Html {
  const rows = SETTINGS.filter((s) =>
    table.encoders.some((e) => e.settings.some((own) => own.setting === s)),
  );
  const body = rows.map((setting) => {
    const cells = table.encoders.map((e) => {
      const s = e.settings.find((own) => own.setting === setting);
      if (s === undefined) return html`<td class="number">–</td>`;
      return html`<td class="number">${withError(s.mean.toFixed(3), s.error?.toFixed(3) ?? null)}</td>`;
    });
    return html`<tr><th scope="row">${setting}<small>${traitsOf(setting).meaning}</small></th>${cells}</tr>\n`;
  });
  return html`<section id="table"><h2>Table 1: accuracy in every setting</h2>
<p class="read">Each pair of classes gets a probe (linear classifier on the encoder's features) that is trained and tested on cells of one setting. If only the cell itself counted, all rows would be equal; what changes from row to row is what lies around the cell.</p>
${scrollTable(
  "Table 1",
  html`<table><thead><tr><th scope="col">setting</th>${table.encoders.map((e) => html`<th scope="col" class="number">${e.encoder}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
)}<p class="read">${tableCaption(table).settings}</p></section>\n`;
}

/** The drops, effect by effect. */
export function dropSection(table: ResultTable): Html | null {
  const effects = EFFECTS.filter((f) => table.encoders.some((e) => e.drops.some((d) => d.effect === f.id)));
  if (effects.length === 0) return null;
  const body = effects.map((effect) => {
    const cells = table.encoders.map((e) => {
      const d = e.drops.find((own) => own.effect === effect.id);
      if (d === undefined) return html`<td class="number">–</td>`;
      const error = d.error === null ? null : (100 * d.error).toFixed(1);
      return html`<td class="number">${withError(formatPoints(d.mean), error)}</td>`;
    });
    return html`<tr><th scope="row">${effect.name}<small>${effect.from} − ${effect.to}: ${effect.meaning}</small></th>${cells}</tr>\n`;
  });
  return html`<section id="drops"><h2>Drops: what each step costs</h2>
<p class="read">Each row compares two settings class by class. A plus means that accuracy falls from the first to the second; an error larger than the drop means that the drop may be nothing.</p>
${scrollTable(
  "Drops",
  html`<table><thead><tr><th scope="col">effect</th>${table.encoders.map((e) => html`<th scope="col" class="number">${e.encoder}<br><span class="unit">points</span></th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
)}<p class="read">${tableCaption(table).drops}</p></section>\n`;
}

/** Ladder, Figure 2, drops per class, and their numbers. */
export function figureSection(table: ResultTable): Html | null {
  if (table.encoders.every((e) => e.settings.length === 0)) return null;
  const { panels, legend: items } = localizationFigure(table);
  const drops = classDropFigure(table);
  const effect = shownEffect(table);
  const ladder = html`<figure class="card"><h3>Ladder</h3>${encoderLegend(table)}
${new Html(ladderFigure(table))}
<figcaption>Read from the top: each step changes one thing around the same cells. A fall from original to self is the paste, from self to cell-free the medium, from cell-free to different the neighbors. The bars show how much the localizations differ from each other, not how sure a step is: for that see the drops, which compare localization by localization.</figcaption></figure>\n`;
  const localizations = html`<figure class="card"><h3>Localizations, original against modified background</h3>${legend(items)}
<div class="panels">${panels.map((p) => html`<div><h4>${p.heading}</h4>${new Html(p.svg)}</div>`)}</div>
<figcaption>One marker per localization and setting: mean accuracy (0 to 1) of its pairs. On the diagonal the swap changes nothing; below it the localization loses, above it the modified background helps. Markers name themselves under the pointer.</figcaption></figure>\n`;
  const perClass =
    drops !== null &&
    effect !== null &&
    html`<figure class="card"><h3>Drop per localization: ${effect.name}</h3>${encoderLegend(table)}
${new Html(drops)}
<figcaption>Accuracy in ${effect.from} minus accuracy in ${effect.to}, in percentage points, for every localization; the largest mean drop over the encoders stands on top. Right of the line at zero, accuracy falls.</figcaption></figure>\n`;
  return html`<section id="figures"><h2>Figures</h2><div class="pair">${ladder}${perClass}</div>${panels.length > 0 && localizations}${classTables(table)}</section>\n`;
}

/** The numbers behind the figures, folded away. */
function classTables(table: ResultTable): Html {
  const one = (e: ResultTable["encoders"][number]) => {
    const names = [...new Set(e.settings.flatMap((s) => s.classes.map((c: ClassMean) => c.class)))];
    const rows = names.map((name) => {
      const cells = e.settings.map(
        (s) => s.classes.find((c) => c.class === name)?.accuracy.toFixed(3) ?? "–",
      );
      return html`<tr><th scope="row">${name}</th>${cells.map((c) => html`<td class="number">${c}</td>`)}</tr>\n`;
    });
    return html`<h3>${e.encoder}</h3>${scrollTable(
      `Accuracy per class, ${e.encoder}`,
      html`<table><thead><tr><th scope="col">class</th>${e.settings.map((s) => html`<th scope="col" class="number">${s.setting}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
    )}`;
  };
  return html`<details><summary>Accuracy of every class in every setting, as numbers (0 to 1)</summary>${table.encoders.map(one)}</details>`;
}
