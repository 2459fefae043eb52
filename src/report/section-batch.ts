import type { ReportData } from "./data.ts";
import { downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { captureFigure } from "./figures/captures.ts";
import { drawPlot } from "./figures/draw.ts";
import { encoderSymbol, type LegendItem } from "./figures/svg.ts";
import { numberTable } from "./further.ts";
import { type Context, colorOf, distinct, type Section } from "./section.ts";
import { legend } from "./section-results.ts";
import { furtherOf } from "./stated.ts";

type Found = Extract<ReportData["further"][number], { id: "batch" }>;

/** What surroundings give away of field, batch and class, and what a foreign background brings along. */
export const batchSection: Section = {
  id: "batch",
  name: "Batch",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "batch");
    if (found.length === 0) return null;
    const { column, chance, otherBatch } = found[0];
    const batch = column ?? "batch";
    const told = (statement: string, what: string) => [
      statement,
      `${what}${chance[statement] === undefined ? "" : ` (by chance ${(100 * chance[statement]).toFixed(1)} %)`}`,
    ];
    const captures = captureRows(batch);
    const names: Record<string, string> = Object.fromEntries([
      told("background-class/background-only", "class told from the surroundings alone"),
      told("background-class/cell-free", "class of the medium told in cell-free"),
      told("background-batch", `${batch} told from the surroundings alone, within a class`),
      told("background-field", "field told from the surroundings alone, within a class"),
      ...captures.map(({ statement, name }) => [statement, `called the donor's, above the base: ${name}`]),
      ["medium-own-batch", `lost on a foreign medium of the cell's own ${batch}`],
      ["medium-other-batch", `lost on a foreign medium of another ${batch}`],
      ["medium-batch", `what of it comes with another ${batch}`],
    ]);
    // The table has the transfer probes' capture of the class as well.
    const shown = found.map((e) => ({ ...e, numbers: [...e.numbers, ...e.beside] }));
    const others =
      otherBatch === null
        ? ""
        : ` ${(100 * otherBatch).toFixed(0)} % of the donors in cell-free are of another ${batch} than their cell.`;
    const split = shown.some(({ numbers }) => numbers.some((n) => n.statement === "medium-batch"))
      ? html` <b>Lost</b>: accuracy from self to cell-free, by probes trained on originals.`
      : "";
    return {
      title: "What the surroundings give away: field, batch, class",
      body: html`<p class="read"><b>Told</b>: share of crops without their cell that a probe names rightly. <b>Called the donor's</b>: how much more often composites are called the donor's field${column === null ? "" : ` (or ${column})`}, of those of its class, or its class than the same cells without it (the base), by probes trained on originals.${split}${others} ${distinct(found.flatMap(({ notes }) => notes)).join(" ")}</p>
${figure(context, captures, shown)}${numberTable(context, "cellswap-batch", shown, names)}`,
    };
  },
};

function captureRows(batch: string) {
  return [
    ...["cell-free", "different"].flatMap((setting) => [
      { statement: `capture-field-effect/${setting}`, name: `${setting}: field` },
      { statement: `capture-batch-effect/${setting}`, name: `${setting}: ${batch}` },
      { statement: `capture-effect/${setting}`, name: `${setting}: class` },
    ]),
    { statement: "capture-neighbor", name: "by neighbors: class" },
  ];
}

function figure(context: Context, rows: ReturnType<typeof captureRows>, found: readonly Found[]): Html {
  const figure = captureFigure(context, rows, found);
  const svg = figure === null ? null : drawPlot(figure);
  if (svg === null) return html``;
  const items = found.map(
    ({ encoder }): LegendItem => ({
      group: "encoder",
      label: encoder,
      color: colorOf(context, encoder),
      symbol: encoderSymbol(context.encoders.indexOf(encoder)),
    }),
  );
  return html`<figure class="card"><h3>What a foreign background is called</h3>${legend(items)}
${new Html(svg)}
<figcaption>How much more often cells are called their donor's field, batch or class than without it: on their own background (field, batch), among their own class (class). Lines are 95 % intervals. A medium brings its field and batch along in cell-free; from cell-free to different only neighbors are added, whose pixels carry their batch too: where classes have batches of their own, that step is not their class alone.</figcaption>${downloads("Captures", [svgLink("cellswap-captures", standAlone("What a foreign background is called", svg, items))])}</figure>\n`;
}
