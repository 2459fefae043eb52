import type { CsvRows } from "./csv.ts";
import type { EncoderRemedies, RemedyNumber, ReportData } from "./data.ts";
import { isWithin } from "./figures/remedies.ts";
import { UNITS } from "./numbers.ts";
import { distinct, sampleSize } from "./section.ts";

/** Columns of the table, in their order; the CSV has every number. */
export const REMEDY_COLUMNS = {
  original: "accuracy, original",
  cost: "cost on original",
  neighbor: "neighbor effect left",
  medium: "medium effect left",
  "transfer/different": "transfer, different",
  "capture/different": "capture, different",
  "capture-neighbor": "capture by neighbors",
} as const;
type RemedyColumn = keyof typeof REMEDY_COLUMNS;
type Measured = EncoderRemedies["measured"];

/** Columns that any remedy has a number for. */
export function remedyColumns(measured: Measured): RemedyColumn[] {
  return (Object.keys(REMEDY_COLUMNS) as RemedyColumn[]).filter((of) =>
    measured.some((m) => m.numbers.some((n) => n.of === of)),
  );
}

/** Unit of a column of {@link remedyColumns}. */
export function remedyUnit(measured: Measured, of: RemedyColumn): string {
  if (of === "capture-neighbor") return "points, of cells";
  return UNITS[measured.flatMap((m) => m.numbers).find((n) => n.of === of)!.kind];
}

/** Where a neighbor effect is shown to lie. @param zone half width of the zone of equivalence, a share */
export function placeOfEffect(neighbor: RemedyNumber | undefined, zone: number): string {
  if (neighbor === undefined || neighbor.low === null || neighbor.high === null) return "no interval";
  if (isWithin(neighbor, zone)) return "yes";
  return neighbor.low > zone || neighbor.high < -zone ? "no" : "not shown";
}

/** Why numbers of these columns have no interval, one sentence per reason. */
export function remedyGaps(measured: Measured, shown: readonly RemedyColumn[]): string[] {
  const all = measured.flatMap((m) => m.numbers);
  return distinct(all.map((n) => (shown.some((of) => of === n.of) ? n.why : null))).map((why) => {
    const where = shown.flatMap((of) => {
      const without = measured.filter((m) => m.numbers.some((n) => n.of === of && n.why === why));
      return without.length === 0
        ? []
        : [`${REMEDY_COLUMNS[of]} of ${without.map((m) => m.remedy).join(", ")}`];
    });
    return `no interval: ${why} (${where.join("; ")}).`;
  });
}

/** The rule by which one is recommended (HTML as it stands, `backgrounds` behind it), and what the intervals cover and do not. */
export function aboutRemedies(data: ReportData): {
  rule: string;
  backgrounds: string;
  notes: string[];
} {
  const { remedies, zone } = data;
  const limit = `±${(100 * zone).toFixed(1)} points`;
  const numbers = remedies.flatMap(({ measured }) => measured.flatMap((m) => m.numbers));
  const levels = distinct(remedies.map(({ level }) => `${Math.round(1000 * level) / 10} %`)).join(" and ");
  const methods = distinct(
    numbers.map((n) => (n.low === null ? null : n.method.replace(/; bonferroni.*$/, ""))),
  );
  const backgrounds = distinct(remedies.flatMap((r) => r.backgrounds));
  const names = remedies.flatMap(({ measured }) => measured.map(({ remedy }) => remedy));
  const swapped = ["augmented", "dfr"].filter((kind) =>
    names.some((name) => name === kind || name.endsWith(`+${kind}`)),
  );
  return {
    rule: `The rule: of the remedies whose neighbor effect's interval lies within ${limit}, the one that costs least on original crops; none where the encoder needs none. Cost: accuracy on original crops without the remedy minus with it. Neighbor effect left: accuracy in cell-free minus different; medium effect left: self minus cell-free; with the remedy in training and test, on backgrounds of`,
    backgrounds: backgrounds.join(", "),
    notes: [
      `Sample: ${sampleSize(data, numbers)}. ${levels} intervals (${methods.join("; ")}). Those of remedies hold, column by column, for all remedies of an encoder at once (Bonferroni); those of none each by itself.`,
      "The remedy is picked on the data that it is judged by. The intervals of a column hold whichever is picked, but the least of several estimated costs tends to be too low, and that it is lower than the next is not tested. For recompose, clear, masked and the remedies that are fitted to features, intervals of costs and effects left are certified on simulated studies of known truth (docs/validity.md has their coverage, and where it falls short); for pool, for retrained encoders and combinations with them, and for transfer and capture with a remedy, they are of the same form and not certified by themselves.",
      ...(swapped.length === 0
        ? []
        : [
            `The probes of ${swapped.join(" and ")} are trained among foreign neighbors: an effect near zero can be two that cancel, what neighbors cost and what having been trained among them gives.`,
          ]),
    ],
  };
}

/** Every number of every remedy, to be taken away. */
export function remedyRows(remedies: readonly EncoderRemedies[]): CsvRows {
  const columns = [
    "encoder",
    "remedy",
    "recommended",
    "of",
    "kind",
    "value",
    "low",
    "high",
    "level",
    "cells_per_class",
    "clusters_per_class",
    "groups",
    "method",
    "no_interval",
  ];
  const rows = remedies.flatMap(({ encoder, recommended, level, measured }) =>
    measured.flatMap(({ remedy, numbers }) =>
      numbers.map((n) => [
        encoder,
        remedy,
        remedy === recommended ? 1 : 0,
        n.of,
        n.kind,
        n.value,
        n.low,
        n.high,
        level,
        n.cells,
        n.clusters,
        n.groups,
        n.method,
        n.why,
      ]),
    ),
  );
  return [columns, ...rows];
}
