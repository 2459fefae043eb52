import type { Estimate } from "../../evidence/estimate.ts";
import type { ReportInput } from "../../report/data.ts";
import type { RemedyOutcomes } from "./outcome.ts";
import type { EncoderRemedies } from "./table.ts";

type Reported = NonNullable<ReportInput["remedies"]>[number];
type Reading = Reported["measured"][number]["numbers"][number];

/** What the report shows of remedies. @param stated from `remedyStatements` of the outcomes */
export function reportedRemedies(
  { none }: Pick<RemedyOutcomes, "none">,
  stated: readonly EncoderRemedies[],
): Reported[] {
  return stated.map(({ encoder, evidence, recommendation, refused }): Reported => {
    const own = none.find((n) => n.encoder === encoder);
    const shown = own?.results.map(({ background }) => background) ?? [];
    return {
      encoder,
      backgrounds: [...new Set(shown.filter((b) => b !== null))],
      level: evidence[0].original.level,
      recommended: recommendation.remedy,
      sentence: recommendation.sentence,
      measured: evidence.map(({ remedy, original, cost, neighbor, medium, transfer, donors }) => ({
        remedy,
        ...(donors === undefined
          ? {}
          : { donors: { donors: donors.donors, residual: donors.residual.map((r) => ({ ...r })) } }),
        numbers: [
          reading("original", "accuracy", original),
          ...(remedy === "none" ? [] : [reading("cost", "difference", cost)]),
          reading("neighbor", "difference", neighbor),
          reading("medium", "difference", medium),
          ...transfer.map((t) =>
            reading(t.statement, t.kind === "capture-effect" ? "difference" : "share", t),
          ),
        ],
      })),
      refused: refused.map(({ remedy, why }) => ({ remedy, why })),
    };
  });
}

function reading(of: string, kind: Reading["kind"], e: Estimate): Reading {
  const { low, high, cells, clusters, groups, method } = e;
  return {
    of,
    kind,
    value: e.estimate,
    low,
    high,
    cells,
    clusters,
    groups,
    method,
    why: low === null || high === null ? (e.refused ?? "none was given") : null,
  };
}
