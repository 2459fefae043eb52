import type { Change, Claim, ProteinClaim } from "../proportions/claim.ts";
import type { CsvRows } from "./csv.ts";
import { distinct, plural } from "./section.ts";

/** What stands above claims about proportions: what is estimated, and, to be read first, what is not certified and why. */
export const ABOUT_CLAIMS = {
  what: "The share of every localization among the cells of a protein, estimated from crops as imaged and again where the cell's own surroundings are gone: masked, or recomposed (features averaged over the backgrounds of all classes). Total variation is half the sum of the absolute differences of the shares. Null hypothesis: the protein's cells are a mixture of the study's classes, each looking both ways as held-out cells of its class do; gray bars end at the 95 % point of such mixtures, dashed marks are 1.5 times what probes of other halves of the training cells differ by. A change is stated where the false discovery rate over proteins is at most 5 % and it exceeds the dashed mark, what pasting changes and what other donors change: filled marks. \"Not shown\" does not say that there is none.",
  limit: "Not certified for cells that are in several localizations at once",
  why: ", which are no such mixture: in 14 to 22 % of simulated studies of such proteins a change was claimed where there was none, and intervals of shares held in 59 %.",
} as const;

/** What stands above proportions as published. */
export const ABOUT_PUBLISHED =
  "For each protein the share of every localization is predicted twice, from original and from masked crops. The divergence (KL, in nats) is 0 where both agree. The surroundings raise it, and so does the noise of the two classifiers: without a divergence between repeated fits it cannot be told how much is due to which.";

/** Proteins that the figure and the tables show. */
const SHOWN = 15;

/** Proteins in the order of how far their shares change, the farthest first. */
export function largestChanges(
  { proteins }: Claim,
  to: Change["to"],
): { protein: ProteinClaim; change: Change }[] {
  return proteins
    .flatMap((protein) => {
      const change = protein.changes.find((c) => c.to === to);
      return change === undefined ? [] : [{ protein, change }];
    })
    .sort(
      (a, b) => b.change.variation - a.change.variation || (a.protein.protein < b.protein.protein ? -1 : 1),
    )
    .slice(0, SHOWN);
}

/** How many proteins change beyond the null; null where none was looked at. */
export function claimSummary({ proteins }: Claim, to: Change["to"]): string | null {
  const changes = proteins.flatMap((p) => p.changes.filter((c) => c.to === to));
  if (changes.length === 0) return null;
  const tested = changes.filter((c) => c.verdict !== "not tested");
  const found = tested.filter((c) => c.verdict === "changes").length;
  const rest = changes.length - tested.length;
  const claimed = `${found} of ${tested.length} ${tested.length === 1 ? "protein" : "proteins"} with shares that change beyond the null${found < tested.length ? "; of the others no change is shown" : ""}`;
  const parts = [...(tested.length > 0 ? [claimed] : []), ...(rest > 0 ? [`${rest} not tested`] : [])];
  return `Original to ${to}: ${parts.join("; ")}.`;
}

/** What was looked at, how, and why single proteins were not tested or not called changed. */
export function claimNote(claim: Claim): string {
  const { proteins } = claim;
  return `${proteins.length.toLocaleString("en-US")} ${proteins.length === 1 ? "protein" : "proteins"}; quantifier ${claim.method}, calibrated on held-out ${plural(claim.unit)} (${claim.folds} folds). ${distinct(proteins.flatMap((p) => p.changes.map((c) => (c.why === null ? null : `${p.protein}: ${c.why}.`)))).join(" ")}`;
}

/** Shares of every protein in every way to see it, to be taken away. */
export function shareRows({ proteins }: Claim, classes: readonly string[]): CsvRows {
  return [
    ["protein", "representation", "cells", "fields", ...classes],
    ...proteins.flatMap(({ protein, cells, fields, seen }) =>
      seen.map((s) => [protein, s.representation, cells, fields, ...s.shares]),
    ),
  ];
}
