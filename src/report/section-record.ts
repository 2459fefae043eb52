import { csvLink, downloads } from "./download.ts";
import { html } from "./escape.ts";
import { type Section, scrollTable } from "./section.ts";

const count = (value: number) => value.toLocaleString("en-US");

/** Which cells were used, which were left out and why, and how the swaps were planned. */
export const cellSection: Section = {
  id: "cells",
  name: "Cells",
  page: "appendix",
  render: ({ data }) => {
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
    return {
      title: "Cells used and left out",
      body: html`<p class="read">Of ${count(total)} cells in the store. A cell that is left out for two reasons may be counted under both.</p>
${scrollTable(
  "Cells",
  html`<table><thead><tr><th scope="col">cells</th><th scope="col" class="number">number</th><th scope="col" class="number">share of all</th></tr></thead><tbody>
${rows}</tbody></table>`,
)}${plan}${downloads("Cells", [csvLink("cellswap-cells", [["cells", "number"], ["total", total], ["used", used], ...reasons])])}`,
    };
  },
};

/** Characters of one value at most: names of thousands of classes fill pages. */
const LONGEST = 2000;

function cut(value: string): string {
  return value.length <= LONGEST ? value : `${value.slice(0, LONGEST)} ... (all of it: report.json)`;
}

/** Versions, seeds and hashes. */
export const recordSection: Section = {
  id: "record",
  name: "Record",
  page: "appendix",
  render: ({ data }) => {
    const { date, command, dataset } = data.facts;
    const record = [
      { name: "dataset", value: dataset },
      { name: "date", value: date ?? "not recorded" },
      { name: "command", value: command ?? "not recorded" },
      { name: "preset", value: data.preset },
      { name: "aggregation", value: data.aggregation },
      { name: "classes", value: data.classes.join(", ") },
      ...data.provenance,
    ];
    const rows = record.map(
      ({ name, value }) => html`<tr><th scope="row">${name}</th><td class="value">${cut(value)}</td></tr>\n`,
    );
    return {
      title: "Record: versions, seeds, hashes",
      body: html`<p class="read">With the same input, choices and seed, the same version gives these numbers again, byte for byte, on one machine.</p>
${scrollTable(
  "Record",
  html`<table class="plain"><thead><tr><th scope="col">what</th><th scope="col">value</th></tr></thead><tbody>
${rows}</tbody></table>`,
)}${downloads("Record", [csvLink("cellswap-record", [["name", "value"], ...record.map((r) => [r.name, r.value])])])}`,
    };
  },
};
