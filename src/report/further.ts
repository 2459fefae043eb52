import type { StatedNumber } from "../evidence/further.ts";
import type { FurtherEvidence, ReportData } from "./data.ts";
import { csvLink, downloads } from "./download.ts";
import { type Html, html } from "./escape.ts";
import { type Context, distinct, scrollTable } from "./section.ts";
import { formatPoints } from "./table-format.ts";

/** Evidence of one kind, encoder after encoder. */
export function furtherOf<Id extends FurtherEvidence["id"]>(
  data: ReportData,
  id: Id,
): Extract<FurtherEvidence, { id: Id }>[] {
  return data.further.filter((e): e is Extract<FurtherEvidence, { id: Id }> => e.id === id);
}

/** Units of the kinds of numbers, for table heads and axes. */
const NUMBER_UNITS: Readonly<Record<StatedNumber["kind"], string>> = {
  accuracy: "accuracy, 0 to 1",
  share: "%",
  difference: "points",
  slope: "points per unit",
  "log-odds": "log odds per unit",
  ratio: "ratio",
};

/** A number in the unit of its kind, without the unit; a true minus, no negative zero. */
export function formatStated(value: number, kind: StatedNumber["kind"]): string {
  if (kind === "difference" || kind === "slope") return formatPoints(value);
  const text = kind === "share" ? (100 * value).toFixed(1) : value.toFixed(3);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

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

/** Sample, methods and reasons for gaps of these numbers. */
export function footnotes({ facts }: ReportData, numbers: readonly StatedNumber[]): string {
  const span = (values: readonly number[], noun: string) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return `${low.toLocaleString("en-US")}${low === high ? "" : ` to ${high.toLocaleString("en-US")}`} ${noun}s`;
  };
  const sample =
    numbers.length === 0
      ? []
      : [
          `Sample: ${span(
            numbers.map((n) => n.cells),
            "cell",
          )} and ${span(
            numbers.map((n) => n.clusters),
            facts.clusterName,
          )} per class, ${span(
            numbers.map((n) => n.groups),
            "group",
          )}`,
        ];
  const methods = [...new Set(numbers.filter((n) => n.low !== null).map((n) => n.level))].map((level) => {
    const texts = distinct(numbers.map((n) => (n.low === null || n.level !== level ? null : n.method)));
    return `${Math.round(1000 * level) / 10} % intervals: ${texts.map((text) => shortened(text, texts)).join(" | ")}`;
  });
  const gaps = distinct(
    numbers.map((n) => (n.low === null ? `no interval: ${n.refused ?? "none was given"}` : null)),
  );
  return [...sample, ...methods, ...gaps].map((s) => `${s}.`).join(" ");
}

/** A method that ends or begins with the one that stands first says so instead of repeating it. */
function shortened(method: string, [first]: readonly string[]): string {
  if (method.endsWith(`; ${first}`)) return `${method.slice(0, -first.length)}else as the first`;
  return method.startsWith(`${first}; `) ? `as the first, ${method.slice(first.length + 2)}` : method;
}

/** A link that saves all numbers as CSV. @param file name without ending */
export function numberCsv(file: string, found: readonly FurtherEvidence[]): Html {
  return csvLink(file, csv(found));
}

function csv(found: readonly FurtherEvidence[]): (string | number | null)[][] {
  const columns = [
    "statement",
    "kind",
    "class",
    "estimate",
    "low",
    "high",
    "level",
    "se",
    "df",
    "p",
    "q",
    "cells",
    "clusters",
    "unit",
    "groups",
    "classes",
    "method",
    "refused",
  ] as const satisfies readonly (keyof StatedNumber)[];
  return [
    ["encoder", ...columns],
    ...found.flatMap((e) => e.numbers.map((n) => [e.encoder, ...columns.map((c) => n[c])])),
  ];
}
