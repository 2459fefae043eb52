import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { curveFigure, curveSubjects } from "./figures/curve.ts";
import { drawPlot } from "./figures/draw.ts";
import { encoderSymbol } from "./figures/svg.ts";
import { nameOf } from "./numbers.ts";
import { colorOf, type Section } from "./section.ts";
import { legend } from "./section-results.ts";

/** What the numbers would be with fewer cells. */
export const curveSection: Section = {
  id: "curve",
  name: "Learning curve",
  page: "appendix",
  render: (context) => {
    const { curve } = context.data;
    if (curve.length === 0) return null;
    const figures = curveSubjects(curve).map((of) => ({ of, svg: drawPlot(curveFigure(context, of)) }));
    const items = context.encoders
      .map((label, i) => ({
        group: "encoder" as const,
        label,
        color: colorOf(context, label),
        symbol: encoderSymbol(i),
      }))
      .filter(({ label }) => curve.some((p) => p.encoder === label));
    const rows = curve.map((p) => [p.encoder, p.of, p.cells, p.value, p.low, p.high]);
    return {
      title: "Learning curve: more or fewer cells",
      body: html`<p class="read">Accuracies and effects belong to a number of cells per class: where a curve still climbs or falls at its right end, a larger study may find other values. Bars: intervals, where there are any.</p>${legend(items)}
<div class="pair">${figures.map(({ of, svg }) => html`<figure class="card"><h3>${nameOf(of)}</h3>${new Html(svg)}</figure>\n`)}</div>
${downloads("Learning curve", [csvLink("cellswap-curve", [["encoder", "of", "cells_per_class", "value", "low", "high"], ...rows]), ...figures.map(({ of, svg }) => svgLink(`cellswap-curve-${of}`, standAlone(`Learning curve, ${nameOf(of)}`, svg, items), nameOf(of)))])}`,
    };
  },
};
