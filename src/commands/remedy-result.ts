import type { Estimate } from "../evidence/estimate.ts";
import type { DonorCurve } from "../remedy/enough-donors.ts";
import { wrap } from "../report/table-format.ts";
import type { StudyRun } from "../study.ts";

/** What remedies leave and cost as text: a table per encoder, the recommendation, and what could not be had. */
export function remedyText({ remedies, report }: Pick<StudyRun, "remedies" | "report">, out: string): string {
  const points = (share: number) =>
    (100 * share)
      .toFixed(1)
      .replace("-", "−")
      .replace(/^−0\.0$/, "0.0");
  const of = ({ estimate, low, high }: Estimate, text: (v: number) => string) =>
    low === null || high === null ? text(estimate) : `${text(estimate)} [${text(low)}, ${text(high)}]`;
  const accuracy = (v: number) => v.toFixed(3);
  const lines = remedies.flatMap(({ encoder, evidence, recommendation, refused }) => {
    const rows = [
      [encoder, "original", "cost", "neighbor effect", "medium effect"],
      ...evidence.map(({ remedy, original, cost, neighbor, medium }) => [
        remedy,
        of(original, accuracy),
        remedy === "none" ? "" : of(cost, points),
        of(neighbor, points),
        of(medium, points),
      ]),
    ];
    const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
    return [
      ...rows.map((row) =>
        row
          .map((text, c) => text.padEnd(widths[c]))
          .join("  ")
          .trimEnd(),
      ),
      "",
      ...wrap(recommendation.sentence),
      ...evidence.flatMap(({ remedy, donors }) =>
        donors === undefined ? [] : wrap(donorSentence(remedy, donors)),
      ),
      ...refused.flatMap(({ remedy, why }) => wrap(`note: ${remedy}: ${why}`)),
      "",
    ];
  });
  const { facts } = report;
  const most = Math.max(0, ...remedies.map(({ evidence }) => evidence.length - 1));
  return [
    ...lines,
    ...wrap(
      `Accuracy on original crops (0 to 1, chance 0.5); cost on it, neighbor effect (cell-free − different) and medium effect (self − cell-free) in points. 95 % intervals over ${facts.clusterName}s, those of remedies for all of an encoder's remedies (${most}) at once: ${facts.cellsPerClass} cells and ${facts.clusters} ${facts.clusterName}s per class, ${facts.groups} groups.`,
    ),
    "",
    `Table: ${out}/results/remedies.csv`,
    `Report: ${out}/report.html`,
  ].join("\n");
}

/** How many donors there were, and why. */
function donorSentence(remedy: string, { donors, residual }: DonorCurve): string {
  const known = residual.flatMap((r) =>
    r.residual === null ? [] : [`${r.donors}: ${r.residual.toFixed(2)}`],
  );
  return known.length === 0
    ? `${remedy}: ${donors} donors; the features do not say how many are enough, as classes are no distance apart.`
    : `${remedy}: ${donors} donors. What a mean over donors still differs by, as a share of the distance between classes: ${known.join(", ")}.`;
}

/** The same for machines. */
export function remedyJson({ remedies, report, composites }: StudyRun, out: string): string {
  const { facts, zone, flags } = report;
  return JSON.stringify({ out, composites, facts, zone, remedies, flags }, null, 2);
}
