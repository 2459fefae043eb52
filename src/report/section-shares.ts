import type { StatedNumber } from "../evidence/further.ts";
import type { Shares } from "../evidence/shares.ts";
import { standAlone, svgLink } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawPlot } from "./figures/draw.ts";
import { shareFigure } from "./figures/shares.ts";
import { encoderSymbol } from "./figures/svg.ts";
import { numberTable } from "./further.ts";
import { colorOf, type Section } from "./section.ts";
import { legend } from "./section-results.ts";
import { formatStated, furtherOf } from "./stated.ts";

/** Parts of what varies between composites of one class, in the order of the figure. */
const PARTS = {
  "variance/own": "with the cell, in all",
  "variance/own-cluster": "its own cluster",
  "variance/own-batch": "its own batch",
  "variance/own-protein": "its own protein",
  "variance/own-field": "its own field",
  "variance/cell": "the cell itself",
  "variance/background": "with the background, in all",
  "variance/background-class": "the background's class",
  "variance/donor-cluster": "the donor's cluster",
  "variance/donor-batch": "the donor's batch",
  "variance/donor-protein": "the donor's protein",
  "variance/donor-field": "the donor's field",
  "variance/donor": "the donor's crop",
  "variance/residual": "with neither alone",
};

const ALL = {
  ...PARTS,
  "variance/own-class": "beside it: between classes of cells",
  "variance/paste": "beside it: cutting and pasting alone",
};

/** Who owns the variance of the features. */
export const shareSection: Section = {
  id: "shares",
  name: "Variance",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "shares");
    if (found.length === 0) return null;
    const title = "Who owns what varies in the features?";
    const items = context.encoders
      .map((label, i) => ({
        group: "encoder" as const,
        label,
        color: colorOf(context, label),
        symbol: encoderSymbol(i),
      }))
      .filter(({ label }) => found.some((e) => e.encoder === label));
    const drawn = found.some((e) => e.numbers.some((n) => n.estimate !== null));
    const svg = drawn ? drawPlot(shareFigure(context, found, PARTS)) : "";
    const said = found.flatMap((e) => sentence(e) ?? []);
    return {
      title,
      body: html`<p class="read">Cells of one class, pasted among cells of other classes: how much of what differs between their features comes with the cell, how much with the background, and how much with neither alone (what both do together, and chance). Every feature weighs the same. What the background owns is what a probe could lean on; whether ours do is what the steps from self to different say. A share below zero is none: cells of one field are no more alike than others. Beside it: how far classes of cells are apart, and what pasting alone does, both as ratios to the same whole.</p>
${said.length > 0 && html`<ul>${said.map((s) => html`<li>${s}</li>\n`)}</ul>`}
${
  drawn &&
  html`${legend(items)}<figure class="card">${new Html(svg)}</figure>
<p class="downloads">download: ${svgLink("cellswap-variance", standAlone(title, svg, items))}</p>`
}
${numberTable(context, "cellswap-variance", found, ALL)}`,
    };
  },
};

/** What one encoder's numbers say, in words; null where it has none. */
function sentence({ encoder, numbers }: Shares): string | null {
  const of = (name: string) => {
    const number = numbers.find((n) => n.statement === `variance/${name}`);
    return number === undefined || number.estimate === null ? null : words(number);
  };
  const [own, background] = [of("own"), of("background")];
  if (own === null || background === null) return null;
  const inside = [
    ["its class", of("background-class")],
    ["the donor's field", of("donor-field")],
    ["the donor's crop", of("donor")],
  ].flatMap(([what, share]) => (share === null ? [] : [`${what} ${share}`]));
  const parts = inside.length > 0 ? ` (${inside.join(", ")})` : "";
  return `${encoder}: of what varies between pasted cells of one class, ${own} comes with the cell and ${background} with the background${parts}.`;
}

function words({ estimate, low, high, kind }: StatedNumber): string {
  const range =
    low === null || high === null ? "" : ` [${formatStated(low, kind)}, ${formatStated(high, kind)}]`;
  return `${formatStated(estimate!, kind)} %${range}`;
}
