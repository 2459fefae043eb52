import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawPlot } from "./figures/draw.ts";
import { waterfallFigure, waterfallReach, waterfallRows } from "./figures/waterfall.ts";
import { hasStandardErrors } from "./numbers.ts";
import type { Context, Section } from "./section.ts";
import { FIRST_PAGE_ENCODERS } from "./section-summary.ts";

/** What each step from original to different costs, one small figure per encoder. */
export const waterfallSection: Section = {
  id: "steps",
  name: "Steps",
  page: "first",
  render: (context) =>
    waterfalls(context, "What each step costs", context.encoders.slice(0, FIRST_PAGE_ENCODERS)),
};

/** The same for the encoders that the first page has no room for. */
export const furtherWaterfallSection: Section = {
  id: "further-steps",
  name: "Steps of further encoders",
  page: "appendix",
  render: (context) =>
    waterfalls(
      context,
      "What each step costs, further encoders",
      context.encoders.slice(FIRST_PAGE_ENCODERS),
    ),
};

function waterfalls(context: Context, title: string, encoders: readonly string[]) {
  const all = context.encoders.map((encoder) => ({ encoder, rows: waterfallRows(context, encoder) }));
  const shown = all.filter(({ encoder, rows }) => encoders.includes(encoder) && rows.length > 1);
  if (shown.length === 0) return null;
  const reach = all.flatMap(({ rows }) => waterfallReach(rows));
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const pad = 0.05 * (high - low || 0.1);
  const figures = shown.map(({ encoder, rows }) => ({
    encoder,
    svg: drawPlot(waterfallFigure(context, encoder, rows, [low - pad, high + pad])),
  }));
  const table = [
    ["encoder", "setting", "accuracy", "step", "step_low", "step_high"],
    ...shown.flatMap(({ encoder, rows }) =>
      rows.map((r) => [
        encoder,
        r.setting,
        r.accuracy,
        r.effect?.value ?? null,
        r.effect?.low ?? null,
        r.effect?.high ?? null,
      ]),
    ),
  ];
  const ranges = hasStandardErrors(context) ? "± 3 standard errors over classes" : "the interval of the step";
  return {
    title,
    body: html`<div class="waterfalls">${figures.map(({ encoder, svg }) => html`<figure><h3>${encoder}</h3>${new Html(svg)}</figure>\n`)}</div>
<p class="read">Accuracy after each step (change in points); filled: a loss, hollow: a gain; whisker: ${ranges}, where there is one. The axis does not start at zero. self: cut out and pasted back; cell-free: another localization's medium without neighbors; different: with its neighbors.</p>
${downloads(title, [csvLink("cellswap-steps", table), ...figures.map(({ encoder, svg }) => svgLink(`cellswap-steps-${encoder}`, standAlone(`What each step costs, ${encoder}`, svg), encoder))])}`,
  };
}
