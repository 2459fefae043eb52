import { type ClassMean, EFFECTS, type ResultTable } from "../evidence/tables.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { classDropFigure, shownEffect } from "./figures/class-drops.ts";
import { drawMarker, drawPlot } from "./figures/draw.ts";
import { ladderFigure } from "./figures/ladder.ts";
import { localizationFigure, localizationSvg } from "./figures/localizations.ts";
import { encoderSymbol, type LegendItem } from "./figures/svg.ts";
import { describeGaps, describeRanges, formatNumber, formatSpread, numberOf, type Shown } from "./numbers.ts";
import { type Context, colorOf, noteOf, type Section, sampleSize, scrollTable } from "./section.ts";
import { formatTidyCsv } from "./table-format.ts";

/** The legend of a figure. */
export function legend(items: readonly LegendItem[]): Html {
  const mixed = items.some((i) => i.group !== items[0].group);
  return html`<ul class="legend">${items.map((item, i) => {
    const first = mixed && item.group !== items[i - 1]?.group;
    return html`${first && html`<li class="soft">${item.group}</li>`}<li>${new Html(drawMarker(item))} ${item.label}</li>`;
  })}</ul>`;
}

/** Legend of the encoders; `symbolOf` where markers tell them apart, not only colors. */
function encoderItems(context: Context, symbolOf: (index: number) => LegendItem["symbol"]): LegendItem[] {
  return context.table.encoders.map(({ encoder }) => ({
    group: "encoder",
    label: encoder,
    color: colorOf(context, encoder),
    symbol: symbolOf(context.encoders.indexOf(encoder)),
  }));
}

/** A number as a table cell: `± 0.029` with the published aggregation, else `(0.951 to 0.969)`, else alone. */
function numberCell(context: Context, number: Shown | null): Html {
  if (number === null) return html`<td class="number">–</td>`;
  const spread = formatSpread(context, number);
  const error = spread === null || spread.startsWith("±") ? spread : `(${spread})`;
  return html`<td class="number">${formatNumber(number.value, number.kind)}${error !== null && html` <span class="error">${error}</span>`}</td>`;
}

/** What stands under a table of numbers: ranges, sample, gaps. */
function under(
  context: Context,
  about: string,
  numbers: readonly { of: string; number: Shown | null }[],
): Html {
  const sample = sampleSize(
    context.data,
    numbers.flatMap((n) => n.number?.estimate ?? []),
  );
  const ranges = describeRanges(
    context,
    numbers.map((n) => n.number),
  );
  const gaps = describeGaps(numbers).map((gap) => ` ${gap}.`);
  return html`<p class="read">${about} ${ranges} Sample: ${sample}.${gaps}</p>`;
}

/** Table 1. */
export const tableSection: Section = {
  id: "table",
  name: "Table 1",
  page: "appendix",
  render: (context) => {
    const { table } = context;
    if (table.encoders.length === 0) return null;
    const rows = SETTINGS.filter((s) =>
      table.encoders.some((e) => e.settings.some((own) => own.setting === s)),
    );
    const numbers = rows.flatMap((of) =>
      table.encoders.map((e) => ({ of, number: numberOf(context, e.encoder, of) })),
    );
    const body = rows.map((setting) => {
      const cells = table.encoders.map((e) => numberCell(context, numberOf(context, e.encoder, setting)));
      return html`<tr><th scope="row">${setting}<small>${traitsOf(setting).meaning}</small></th>${cells}</tr>\n`;
    });
    const notes = table.encoders.flatMap((e) =>
      e.notes.map((n) => html`<p class="read">${e.encoder}: ${n}.</p>`),
    );
    return {
      title: "Table 1: accuracy in every setting",
      body: html`<p class="read">Each pair of classes gets a probe (linear classifier on the encoder's features) that is trained and tested on cells of one setting. For an encoder that sees nothing but the cell, the rows that show the cell differ only by chance and by what pasting and masking leave behind.</p>
${scrollTable(
  "Table 1",
  html`<table><thead><tr><th scope="col">setting</th>${table.encoders.map((e) => html`<th scope="col" class="number">${e.encoder}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
)}${under(context, `Accuracy of the pairwise probes (0 to 1, chance 0.5), mean over classes; ${table.aggregation} aggregation.`, numbers)}${notes}${downloads("Table 1 and drops", [csvLink("cellswap-table", formatTidyCsv(table))])}`,
    };
  },
};

/** The drops, effect by effect. */
export const dropSection: Section = {
  id: "drops",
  name: "Drops",
  page: "appendix",
  render: (context) => {
    const { table } = context;
    const effects = EFFECTS.filter((f) => table.encoders.some((e) => e.drops.some((d) => d.effect === f.id)));
    if (effects.length === 0) return null;
    const numbers = effects.flatMap(({ id }) =>
      table.encoders.map((e) => ({ of: id, number: numberOf(context, e.encoder, id) })),
    );
    const body = effects.map((effect) => {
      const cells = table.encoders.map((e) => numberCell(context, numberOf(context, e.encoder, effect.id)));
      return html`<tr><th scope="row">${effect.name}<small>${effect.from} − ${effect.to}: ${effect.meaning}</small></th>${cells}</tr>\n`;
    });
    return {
      title: "Drops: what each step costs",
      body: html`<p class="read">Each row compares two settings class by class. A plus means that accuracy falls from the first to the second.</p>
${scrollTable(
  "Drops",
  html`<table><thead><tr><th scope="col">effect</th>${table.encoders.map((e) => html`<th scope="col" class="number">${e.encoder}<br><span class="unit">points</span></th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
)}${under(context, "Percentage points of accuracy, mean over the classes that both settings have.", numbers)}`,
    };
  },
};

/** Ladder, Figure 2, drops per class, and their numbers. */
export const figureSection: Section = {
  id: "figures",
  name: "Figures",
  page: "appendix",
  render: (context) => {
    const { table } = context;
    if (table.encoders.every((e) => e.settings.length === 0)) return null;
    const { panels, legend: items } = localizationFigure(table);
    const whole = localizationSvg(table);
    const dropFigure = classDropFigure(context);
    const drops = dropFigure === null ? null : drawPlot(dropFigure);
    const effect = shownEffect(table);
    const ladderSvg = drawPlot(ladderFigure(context));
    const byColor = encoderItems(context, () => "circle");
    const byMarker = encoderItems(context, encoderSymbol);
    const ladder = html`<figure class="card"><h3>Ladder</h3>${legend(byColor)}
${new Html(ladderSvg)}
<figcaption>Read from the top: each step changes one thing around the same cells; within a row the encoders lie from top to bottom as in the legend. A fall from original to self is the paste, from self to cell-free the medium, from cell-free to different the neighbors. The bars belong to the accuracies, not to the steps between them: for those see the drops, which compare class by class.</figcaption>${downloads("Ladder", [svgLink("cellswap-ladder", standAlone("Ladder of settings", ladderSvg, byColor))])}</figure>\n`;
    const localizations =
      panels.length > 0 &&
      html`<figure class="card"><h3>Localizations, original against modified background</h3>${legend(items)}
<div class="panels">${panels.map((p) => html`<div><h4>${p.heading}</h4>${new Html(p.svg)}</div>`)}</div>
<figcaption>One marker per localization and setting: mean accuracy (0 to 1) of its pairs. On the diagonal the swap changes nothing; below it the localization loses, above it gains. The numbers stand in the table below.</figcaption>${whole !== null && downloads("Localizations", [svgLink("cellswap-localizations", whole)])}</figure>\n`;
    const perClass =
      drops !== null &&
      effect !== null &&
      html`<figure class="card"><h3>Drop per localization: ${effect.name}</h3>${legend(byMarker)}
${new Html(drops)}
<figcaption>Accuracy in ${effect.from} minus accuracy in ${effect.to}, in percentage points, for every localization; the largest mean drop over the encoders stands on top. Right of the line at zero, accuracy falls. Bars: intervals, where there are any.</figcaption>${downloads("Drop per localization", [svgLink("cellswap-drops", standAlone(`Drop per localization, ${effect.name}`, drops, byMarker))])}</figure>\n`;
    return {
      title: "Figures",
      body: html`${noteOf(context)}<div class="pair">${ladder}${perClass}</div>${localizations}${classTables(table)}`,
    };
  },
};

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
      html`<table class="plain"><thead><tr><th scope="col">class</th>${e.settings.map((s) => html`<th scope="col" class="number">${s.setting}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
    )}`;
  };
  return html`<details><summary>Accuracy of every class in every setting, as numbers (0 to 1)</summary>${table.encoders.map(one)}</details>`;
}
