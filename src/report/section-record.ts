import type { ReportData } from "./data.ts";
import { type Html, html } from "./escape.ts";
import { scrollTable } from "./section-results.ts";

const count = (value: number) => value.toLocaleString("en-US");

/** Which cells were used, which were left out and why, and how the swaps were planned. */
export function cellSection(data: ReportData): Html {
  const { total, used, leftOut } = data.cells;
  const reasons = Object.entries(leftOut).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const rows = [["used", used] as const, ...reasons].map(
    ([name, n]) =>
      html`<tr><th scope="row">${name}</th><td class="number">${count(n)}</td><td class="number">${total > 0 ? `${((100 * n) / total).toFixed(1)} %` : "–"}</td></tr>\n`,
  );
  const plan =
    data.plan !== null &&
    html`<p>The swap plan holds ${count(data.plan.rows)} composites${data.plan.seed !== null && `, drawn with seed ${data.plan.seed}`}. ${
      data.plan.sameFieldDonors === 0
        ? "Every donor comes from another field than the cell it surrounds."
        : `${count(data.plan.sameFieldDonors)} of them have a donor from the center cell's own field, where no other was to be had; there, neighbors and batch cannot be told apart.`
    }</p>`;
  return html`<section id="cells"><h2>Cells used and left out</h2>
<p class="read">Of ${count(total)} cells in the store. A cell that is left out for two reasons may be counted under both.</p>
${scrollTable(
  "Cells",
  html`<table><thead><tr><th scope="col">cells</th><th scope="col" class="number">number</th><th scope="col" class="number">share of all</th></tr></thead><tbody>
${rows}</tbody></table>`,
)}${plan}</section>\n`;
}

/** Versions, seeds and hashes. */
export function recordSection(data: ReportData): Html {
  const rows = data.provenance.map(
    ({ name, value }) => html`<tr><th scope="row">${name}</th><td class="value">${value}</td></tr>\n`,
  );
  return html`<section id="record"><h2>Record: versions, seeds, hashes</h2>
<p class="read">With the same input, choices and seed, the same version gives these numbers again, byte for byte, on one machine.</p>
<div class="scroll plain"><table><tbody>
<tr><th scope="row">preset</th><td class="value">${data.preset}</td></tr>
<tr><th scope="row">aggregation</th><td class="value">${data.aggregation}</td></tr>
<tr><th scope="row">classes</th><td class="value">${data.classes.join(", ")}</td></tr>
${rows}</tbody></table></div></section>\n`;
}
