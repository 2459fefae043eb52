import type { StatedNumber } from "../evidence/further.ts";
import type { FurtherEvidence } from "./data.ts";
import { csvLink, downloads } from "./download.ts";
import { type Html, html } from "./escape.ts";
import { type Context, scrollTable } from "./section.ts";
import { footnotes, formatStated, NUMBER_UNITS, statedRows } from "./stated.ts";

/**
 * A table of the numbers over all classes, a row per statement and a column per encoder, with sample, methods and gaps
 * below, and all numbers as CSV under the name `file`.
 * @param names what statements are called; others are only in the CSV
 */
export function numberTable(
  { data }: Context,
  file: string,
  found: readonly FurtherEvidence[],
  names: Readonly<Record<string, string>>,
): Html {
  const numberOf = (e: FurtherEvidence, statement: string) =>
    e.numbers.find((n) => n.statement === statement && n.class === null);
  const shown = Object.keys(names).filter((s) => found.some((e) => numberOf(e, s) !== undefined));
  const rows = shown.map((statement) => {
    const kind = found.map((e) => numberOf(e, statement)).find((n) => n !== undefined)!.kind;
    return html`<tr><th scope="row">${names[statement]}</th><td>${NUMBER_UNITS[kind]}</td>${found.map((e) => cell(numberOf(e, statement)))}</tr>\n`;
  });
  const numbers = found.flatMap((e) => shown.flatMap((s) => numberOf(e, s) ?? []));
  return html`${scrollTable(
    "Numbers by encoder",
    html`<table class="plain numbers"><thead><tr><th scope="col">what</th><th scope="col">unit</th>${found.map((e) => html`<th scope="col" class="number">${e.encoder}</th>`)}</tr></thead><tbody>
${rows}</tbody></table>`,
  )}<p class="read">${footnotes(data, numbers)}</p>
${downloads("Numbers", [numberCsv(file, found)])}`;
}

function cell(number: StatedNumber | undefined): Html {
  if (number === undefined || number.estimate === null) return html`<td class="number">–</td>`;
  const { low, high, kind } = number;
  const range =
    low === null || high === null
      ? "no interval"
      : `(${formatStated(low, kind)} to ${formatStated(high, kind)})`;
  return html`<td class="number">${formatStated(number.estimate, kind)} <span class="error">${range}</span></td>`;
}

/** A link that saves all numbers as CSV. @param file name without ending */
export function numberCsv(file: string, found: readonly FurtherEvidence[]): Html {
  return csvLink(file, statedRows(found));
}
