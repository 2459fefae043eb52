import type { StatedNumber } from "../evidence/further.ts";
import type { Natural } from "../evidence/natural.ts";
import { csvLink, downloads, standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { doseResponseFigure, doseResponseReach } from "./figures/dose-response.ts";
import { drawPlot } from "./figures/draw.ts";
import { numberTable } from "./further.ts";
import type { Section } from "./section.ts";
import { formatStated, furtherOf } from "./stated.ts";

/** How cells as imaged are judged among more or fewer, nearer or brighter neighbors. */
export const naturalSection: Section = {
  id: "natural",
  name: "Real neighbors",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "natural");
    if (found.length === 0) return null;
    const curves = found.flatMap((e) => {
      const curve = e.curves.find((c) => c.dose === "natural/area");
      return curve === undefined ? [] : [{ encoder: e.encoder, curve }];
    });
    const domain = doseResponseReach(curves.map(({ curve }) => curve));
    const figures = curves.map(({ encoder, curve }) => ({
      encoder,
      svg: drawPlot(
        doseResponseFigure(
          {
            encoder,
            index: Math.max(0, context.encoders.indexOf(encoder)),
            curve,
            label: "crop covered by neighbors, %",
            factor: 10,
          },
          domain,
        ),
      ),
    }));
    const rows = found.flatMap((e) =>
      e.curves.flatMap(({ dose, points }) =>
        points.map((p) => [e.encoder, dose, p.dose, p.outcome, p.low, p.high, p.cells]),
      ),
    );
    return {
      title: "Real neighbors, without pasting",
      body: html`<p class="read">Cells as imaged, compared within their field (and class and protein): does a probe of other groups' cells find the own class more often where more neighbors are around? Own area and brightness of the cell are held fixed. <b>An association; not by itself the encoder's leaning:</b> crowded cells can differ in themselves, and neighbors throw light into them. <b>Hidden</b> is the same slope where the cell's own neighbors are not shown: it finds what else goes with them. <b>Seen</b> is what cells as imaged have beyond that. <b>Swaps</b>: what neighbors of the donor add, over the tenths of the crop that they cover. p and q of slopes over real neighbors are from shuffles of the neighbors among the cells of a field; where parts of a field differ in themselves they are too small, and the interval counts.</p>
<ul>${found.map((e) => html`<li>${sentence(e)}</li>`)}</ul>
${curvePart(figures, rows)}
${numberTable(context, "cellswap-natural", found, names(found[0]))}`,
    };
  },
};

/** The curves, one per encoder, where there are any. */
function curvePart(
  figures: readonly { readonly encoder: string; readonly svg: string }[],
  rows: readonly (readonly (string | number | null)[])[],
): Html | null {
  if (figures.length === 0) return null;
  return html`<div class="waterfalls">${figures.map(({ encoder, svg }) => html`<figure><h3>${encoder}</h3>${new Html(svg)}</figure>\n`)}</div>
<p class="read">Fifths of the cells by what neighbors cover; both axes less what field, own area and brightness say. Bands: 95 % of each fifth by itself, over clusters; a picture, not certified.</p>
${downloads("Dose-response curves", [csvLink("cellswap-dose-response", [["encoder", "dose", "value", "own_probability", "low", "high", "cells"], ...rows]), ...figures.map(({ encoder, svg }) => svgLink(`cellswap-dose-response-${encoder}`, standAlone(`Own-class probability against neighbors, ${encoder}`, svg), encoder))])}`;
}

/** What the numbers are called; those that are left out stand in the CSV. */
function names({ diameter, numbers }: Natural): Record<string, string> {
  const channels = numbers.flatMap(({ statement, class: name }) => {
    const channel = /^natural\/brightness\/(.+?)(?:\/log-odds|\/errors)?$/.exec(statement)?.[1];
    return channel === undefined || name !== null ? [] : [channel];
  });
  return {
    "natural/area": "probability, per tenth of the crop",
    "natural/area/log-odds": "margin, per tenth of the crop",
    "natural/area/errors": "errors, per tenth of the crop",
    "natural/area/hidden": "probability, hidden",
    "natural/area/seen": "probability, seen",
    "natural/swap-own": "swaps, donors of the own class, per tenth",
    "natural/swap-other": "swaps, donors of other classes, per tenth",
    "natural/area/ratio": "probability over swaps, own class",
    "natural/area/seen/ratio": "seen over swaps, own class",
    "natural/number": "probability, per neighbor",
    "natural/nearest": `probability, per ${(diameter / 10).toFixed(1)} px to the nearest`,
    "natural/own-class": "probability, per tenth of the own class",
    "natural/other-class": "probability, per tenth of other classes",
    "natural/class": "probability, own class in place of others, per tenth",
    ...Object.fromEntries(
      channels.map((channel) => [
        `natural/brightness/${channel}`,
        `probability, twice as bright, ${channel}`,
      ]),
    ),
  };
}

/** What one encoder's real neighbors say, beside what swaps say. */
function sentence({ encoder, numbers }: Natural): string {
  const of = (statement: string) => numbers.find((n) => n.statement === statement && n.class === null);
  const area = of("natural/area");
  if (area === undefined || area.estimate === null)
    return `${encoder}: no number; ${area?.refused ?? "there are no cells"}.`;
  const seen = of("natural/area/seen");
  const swap = of("natural/swap-own");
  const place = of("natural/class");
  return [
    `${encoder}: ${points(area)} per tenth of the crop that real neighbors cover (p = ${area.p!.toFixed(3)} by shuffles within fields)`,
    ...(seen === undefined || seen.estimate === null ? [] : [`${points(seen)} where they are seen`]),
    ...(swap === undefined || swap.estimate === null
      ? []
      : [`neighbors of swapped donors of the own class: ${points(swap)}, ${agreement(area, swap)}`]),
    ...(place === undefined || place.estimate === null
      ? []
      : [`real neighbors of the own class in the place of others: ${points(place)}`]),
  ]
    .join("; ")
    .concat(".");
}

function points({ estimate, low, high }: StatedNumber): string {
  const text = (v: number) => formatStated(v, "slope");
  return `${text(estimate!)} points${low === null || high === null ? "" : ` [${text(low)}, ${text(high)}]`}`;
}

/** Whether two slopes point the same way, as far as their intervals tell. */
function agreement(natural: StatedNumber, swap: StatedNumber): string {
  const told = [natural, swap].every((n) => n.low !== null && n.high !== null && (n.low > 0 || n.high < 0));
  const same =
    Math.sign(natural.estimate!) === Math.sign(swap.estimate!) ? "the same sign" : "the other sign";
  return told ? same : `${same}, but not both are told from 0`;
}
