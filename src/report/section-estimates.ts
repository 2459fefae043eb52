import { EFFECTS } from "../evidence/tables.ts";
import { SETTINGS } from "../settings.ts";
import type { Estimate } from "./data.ts";
import { csvLink, downloads } from "./download.ts";
import { type Html, html } from "./escape.ts";
import { formatNumber, formatRange, kindOf, nameOf, UNITS } from "./numbers.ts";
import { type Context, distinct, noteOf, type Section, sampleSize, scrollTable } from "./section.ts";
import { estimateRows } from "./stated.ts";

/** What must be known of single classes whose partners were drawn. */
const SCREEN =
  "Pairs of classes were drawn, and intervals, p and q of single classes are not certified then: the few partners of a class need not show those that are hardest to tell from it. Read them as a screen, and judge the classes that matter in a study of their own, with all pairs.";

/** What is estimated, in the order of settings, effects, shares. */
function subjects(estimates: readonly Estimate[]): string[] {
  const found = distinct(estimates.map((e) => e.of));
  const order: string[] = [...SETTINGS, ...EFFECTS.map((e) => e.id)];
  return [...order.filter((of) => found.includes(of)), ...found.filter((of) => !order.includes(of))];
}

function cell(estimate: Estimate | undefined, withQ: boolean): Html {
  if (estimate === undefined) return html`<td class="number">–</td>`;
  const range = formatRange(estimate);
  const q =
    withQ &&
    estimate.q !== null &&
    html` <span class="error">q ${estimate.q < 0.001 ? "< 0.001" : estimate.q.toFixed(3)}</span>`;
  return html`<td class="number">${formatNumber(estimate.value, estimate.kind)} <span class="error">${range === null ? "no interval" : `(${range})`}</span>${q}</td>`;
}

/** Methods, sample and reasons for gaps of these estimates. */
function footnotes(context: Context, estimates: readonly Estimate[]): Html {
  const sample = sampleSize(context.data, estimates);
  const methods = distinct(
    estimates.map((e) =>
      e.low === null ? null : `${Math.round(1000 * e.level) / 10} % intervals: ${e.method}`,
    ),
  );
  const gaps = distinct(
    estimates.map((e) => (e.low === null ? `no interval: ${e.why ?? "none was given"}` : null)),
  );
  return html`<p class="read">Sample: ${sample}. ${[...methods, ...gaps].map((m) => `${m}. `)}</p>`;
}

/** Every estimate over all classes: a row per estimate, a column per encoder; then per class, and encoders compared. */
export const estimateSection: Section = {
  id: "estimates",
  name: "Estimates",
  page: "appendix",
  render: (context) => {
    const { estimates, comparisons } = context.data;
    if (estimates.length === 0 && comparisons.length === 0) return null;
    const over = estimates.filter((e) => e.class === null);
    const single = estimates.filter((e) => e.class !== null);
    return {
      title: "Estimates and their intervals",
      body: html`<p class="read">Accuracies from 0 to 1, differences in percentage points (+: accuracy falls), shares in percent. An interval that includes zero does not show that an effect is absent; one that lies within the equivalence zone of ±${(100 * context.data.zone).toFixed(1)} points says that the effect is smaller than that.</p>
${over.length > 0 && html`${overall(context, over)}${footnotes(context, over)}`}
${single.length > 0 && perClass(context, single)}
${estimates.length > 0 && downloads("Estimates", [csvLink("cellswap-estimates", estimateRows(estimates))])}
${comparisons.length > 0 && compared(context)}`,
    };
  },
};

function overall(context: Context, estimates: readonly Estimate[]): Html {
  const encoders = context.encoders.filter((e) => estimates.some((own) => own.encoder === e));
  const body = subjects(estimates).map((of) => {
    const cells = encoders.map((encoder) =>
      cell(
        estimates.find((e) => e.of === of && e.encoder === encoder),
        true,
      ),
    );
    return html`<tr><th scope="row">${nameOf(of)}</th><td class="unit">${UNITS[kindOf(context, of)]}</td>${cells}</tr>\n`;
  });
  return scrollTable(
    "Estimates",
    html`<table><thead><tr><th scope="col">estimate of</th><th scope="col">unit</th>${encoders.map((e) => html`<th scope="col" class="number">${e}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
  );
}

function perClass(context: Context, estimates: readonly Estimate[]): Html {
  const tables = context.encoders.map((encoder) => {
    const own = estimates.filter((e) => e.encoder === encoder);
    if (own.length === 0) return null;
    const of = subjects(own);
    const body = distinct(own.map((e) => e.class)).map((name) => {
      const cells = of.map((what) =>
        cell(
          own.find((e) => e.of === what && e.class === name),
          true,
        ),
      );
      return html`<tr><th scope="row">${name}</th>${cells}</tr>\n`;
    });
    return html`<h3>${encoder}</h3>${scrollTable(
      `Estimates per class, ${encoder}`,
      html`<table class="plain"><thead><tr><th scope="col">class</th>${of.map((what) => html`<th scope="col" class="number">${nameOf(what)}<br><span class="unit">${UNITS[kindOf(context, what)]}</span></th>`)}</tr></thead><tbody>
${body}</tbody></table>`,
    )}`;
  });
  return html`<details><summary>Per class, as numbers</summary>${noteOf(context)}<p class="read">q: the share of false discoveries to expect, at most, if every class with a q up to this one is called different from zero (Benjamini-Hochberg). Intervals of single classes are not adjusted for their number.${estimates.some((e) => e.sampled !== undefined) && html` <b>${SCREEN}</b>`}</p>${tables}${footnotes(context, estimates)}</details>`;
}

function compared(context: Context): Html {
  const { comparisons } = context.data;
  const show = (of: string, value: number) =>
    kindOf(context, of) === "share"
      ? `${formatNumber(value, "difference")}`
      : formatNumber(value, "difference");
  const body = comparisons.map((c) => {
    const range =
      c.low === null || c.high === null ? "no interval" : `(${show(c.of, c.low)} to ${show(c.of, c.high)})`;
    return html`<tr><th scope="row">${c.first} − ${c.second}</th><td>${nameOf(c.of)}</td><td class="number">${show(c.of, c.value)} <span class="error">${range}</span></td></tr>\n`;
  });
  const rows = comparisons.map((c) => [c.first, c.second, c.of, c.value, c.low, c.high, c.method]);
  return html`<h3>Encoders compared</h3><p class="read">First minus second, in percentage points. ${distinct(comparisons.map((c) => c.method)).join("; ")}.</p>${scrollTable(
    "Encoders compared",
    html`<table><thead><tr><th scope="col">encoders</th><th scope="col">difference in</th><th scope="col" class="number">points</th></tr></thead><tbody>
${body}</tbody></table>`,
  )}${downloads("Encoders compared", [csvLink("cellswap-comparisons", [["first", "second", "of", "value", "low", "high", "method"], ...rows])])}`;
}
