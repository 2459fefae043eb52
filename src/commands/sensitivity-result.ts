import { points } from "../core/format.ts";
import type { StatedNumber } from "../evidence/further.ts";
import { AS_RUN, maskSentence, numberOf, type Sensitivity } from "../evidence/sensitivity.ts";
import { wrap } from "../report/table-format.ts";
import type { StudyRun } from "../study.ts";
import { visible } from "../visible.ts";

/** What effects become when composites are made otherwise, as text: a table per encoder and whether the answer holds. */
export function sensitivityText(
  { sensitivity, report }: Pick<StudyRun, "sensitivity" | "report">,
  out: string,
): string {
  const of = (n: StatedNumber | undefined) => {
    if (n === undefined || n.estimate === null) return "–";
    const { low, high } = n;
    return low === null || high === null
      ? points(n.estimate)
      : `${points(n.estimate)} [${points(low)}, ${points(high)}]`;
  };
  const lines = sensitivity.flatMap((found) => {
    const { encoder, sentence, variants, refused } = found;
    const row = (name: string, badge: Sensitivity["badge"]) => [
      `  ${name}`,
      badge,
      of(numberOf(found, name, "neighbor")),
      name === AS_RUN ? "" : of(numberOf(found, name, "neighbor", "sensitivity-change")),
      of(numberOf(found, name, "medium")),
      name === AS_RUN ? "" : of(numberOf(found, name, "medium", "sensitivity-change")),
    ];
    const rows = [
      ["  variant", "answer", "neighbor", "change", "medium", "change"],
      row(AS_RUN, found.badge),
      ...variants.map((v) => row(v.variant, v.badge)),
    ];
    const widths = rows[0].map((_, c) => Math.max(...rows.map((r) => r[c].length)));
    return [
      visible(encoder),
      ...(variants.length === 0 ? [] : rows).map((r) =>
        r
          .map((text, c) => text.padEnd(widths[c]))
          .join("  ")
          .trimEnd(),
      ),
      "",
      ...wrap(visible(sentence)),
      ...refused.flatMap(({ variant, why }) =>
        wrap(visible(`note: ${variant === null ? "" : `${variant}: `}${why}`)),
      ),
      "",
    ];
  });
  const { facts } = report;
  const masks = sensitivity.find(({ variants }) => variants.length > 0);
  const wrong = maskSentence(masks?.variants ?? []);
  return [
    ...lines,
    ...wrap(
      `Neighbor effect (cell-free − different) and medium effect (self − cell-free) in points, with 95 % intervals over ${facts.clusterName}s, each by itself; change: variant minus as-run of the same cells and donors, intervals for all variants at once. ${facts.cellsPerClass} cells and ${facts.clusters} ${facts.clusterName}s per class, ${facts.groups} groups; backgrounds: ${masks?.backgrounds.join(", ") ?? "none"}.`,
    ),
    ...(wrong === "" ? [] : wrap(visible(wrong))),
    "",
    `Table: ${out}/results/sensitivity.csv`,
    `Report: ${out}/report.html`,
  ].join("\n");
}

/** The same for machines. */
export function sensitivityJson({ sensitivity, report, composites }: StudyRun, out: string): string {
  const { facts, zone, flags } = report;
  return JSON.stringify({ out, composites, facts, zone, sensitivity, flags }, null, 2);
}
