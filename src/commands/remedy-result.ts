import { points } from "../core/format.ts";
import type { Estimate } from "../evidence/estimate.ts";
import { donorSentence } from "../remedy/donor-curve.ts";
import { wrap } from "../report/table-format.ts";
import type { StudyRun } from "../study.ts";
import { visible } from "../visible.ts";

/** What remedies leave and cost as text: a table per encoder, the recommendation, and what could not be had. */
export function remedyText({ remedies, report }: Pick<StudyRun, "remedies" | "report">, out: string): string {
  const of = ({ estimate, low, high }: Estimate) =>
    low === null || high === null
      ? points(estimate)
      : `${points(estimate)} [${points(low)}, ${points(high)}]`;
  const lines = remedies.flatMap(({ encoder, evidence, recommendation, refused }) => {
    const rows = [
      ["  remedy", "kept", "cost", "neighbor left", "medium left"],
      ...evidence.map(({ remedy, original, cost, neighbor, medium }) => [
        `${remedy === recommendation.remedy ? "*" : " "} ${remedy}`,
        original.estimate.toFixed(3),
        remedy === "none" ? "" : of(cost),
        of(neighbor),
        of(medium),
      ]),
    ];
    const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
    return [
      visible(encoder),
      ...rows.map((row) =>
        row
          .map((text, c) => text.padEnd(widths[c]))
          .join("  ")
          .trimEnd(),
      ),
      "",
      ...wrap(visible(recommendation.sentence)),
      ...evidence.flatMap(({ remedy, donors }) =>
        donors === undefined ? [] : wrap(donorSentence(remedy, donors)),
      ),
      ...refused.flatMap(({ remedy, why }) => wrap(visible(`note: ${remedy}: ${why}`))),
      "",
    ];
  });
  const { facts } = report;
  const counts = new Set(remedies.map(({ evidence }) => evidence.length - 1));
  const numbers = [...counts].filter((n) => n > 0).sort((a, b) => a - b);
  const atOnce =
    numbers.length === 0 ? "" : `, of remedies for all of an encoder's (${numbers.join(" or ")}) at once`;
  return [
    ...lines,
    ...wrap(
      `*: recommended. Kept: accuracy on original crops (0 to 1, chance 0.5); cost on it, neighbor effect left (cell-free − different) and medium effect left (self − cell-free) in points. 95 % intervals over ${facts.clusterName}s${atOnce}: ${facts.cellsPerClass} cells and ${facts.clusters} ${facts.clusterName}s per class, ${facts.groups} groups.`,
    ),
    "",
    `Table, with transfer and capture: ${out}/results/remedies.csv`,
    `Report: ${out}/report.html`,
  ].join("\n");
}

/** The same for machines. */
export function remedyJson({ remedies, report, composites }: StudyRun, out: string): string {
  const { facts, zone, flags } = report;
  return JSON.stringify({ out, composites, facts, zone, remedies, flags }, null, 2);
}
