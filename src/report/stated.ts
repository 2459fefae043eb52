import type { StatedNumber } from "../evidence/further.ts";
import type { CsvRows } from "./csv.ts";
import type { Estimate, FurtherEvidence, ReportData } from "./data.ts";
import { distinct } from "./section.ts";
import { formatPoints } from "./table-format.ts";

/** Evidence of one kind, encoder after encoder. */
export function furtherOf<Id extends FurtherEvidence["id"]>(
  data: ReportData,
  id: Id,
): Extract<FurtherEvidence, { id: Id }>[] {
  return data.further.filter((e): e is Extract<FurtherEvidence, { id: Id }> => e.id === id);
}

/** Units of the kinds of numbers, for table heads and axes. */
export const NUMBER_UNITS: Readonly<Record<StatedNumber["kind"], string>> = {
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

/** All numbers as a table to be taken away, a row per number. */
export function statedRows(found: readonly FurtherEvidence[]): CsvRows {
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

/** Every estimate with all digits, to be taken away. */
export function estimateRows(estimates: readonly Estimate[]): CsvRows {
  const columns = [
    ...["encoder", "of", "kind", "class", "value", "low", "high", "level"],
    ...["cells_per_class", "clusters_per_class", "groups", "method", "no_interval", "q"],
  ];
  const drawn = estimates.some((e) => e.sampled !== undefined);
  const rows = estimates.map((e) => [
    ...[e.encoder, e.of, e.kind, e.class, e.value, e.low, e.high, e.level],
    ...[e.cells, e.clusters, e.groups, e.method, e.why, e.q],
    ...(drawn ? [e.sampled?.pairs ?? null, e.sampled?.of ?? null, e.sampled?.se ?? null] : []),
  ]);
  return [[...columns, ...(drawn ? ["pairs", "pairs_of", "pairs_se"] : [])], ...rows];
}
