import { points } from "../core/format.ts";
import { type Estimate, estimate, type Grouping } from "./estimate.ts";
import { difference, type Judgments } from "./judgments.ts";
import type { TransferStated } from "./transfer.ts";

/** What a remedy makes of one encoder, as far as its pairwise probes say. */
export interface RemedyEvidence {
  readonly remedy: string;
  /** Accuracy on original crops. */
  readonly original: Estimate;
  /** Accuracy on original crops that the remedy costs: as it is minus remedied; negative where it gains. */
  readonly cost: Estimate;
  /** Neighbor effect that is left: cell-free minus different. */
  readonly neighbor: Estimate;
  /** Medium effect that is left: self minus cell-free. */
  readonly medium: Estimate;
}

/** Judgments of an encoder under one remedy, of the same cells in the same groups as without it. */
export interface Remedied {
  readonly remedy: string;
  readonly judgments: Judgments;
}

/**
 * What each remedy leaves and costs. Intervals hold for all `remedied` at once (Bonferroni), statement by statement:
 * each has the level 1 - (1 - level) / number of remedies, and is shown as `level`.
 * @param asItIs judgments without any remedy; its own numbers come first, under the name `none`, with plain intervals
 */
export function remedyEvidence(
  asItIs: Judgments,
  remedied: readonly Remedied[],
  grouping: Grouping,
  level = 0.95,
): RemedyEvidence[] {
  const each = levelOfEach(level, remedied.length);
  const of = (remedy: string, judgments: Judgments, at: number): RemedyEvidence => {
    const number = (terms: Parameters<typeof estimate>[0]) =>
      atOnce(estimate(terms, grouping, { level: at }), level, remedied.length);
    const original = { of: judgments, setting: "original", weight: 1 } as const;
    return {
      remedy,
      original: number([original]),
      cost: number([
        { of: asItIs, setting: "original", weight: 1 },
        { ...original, weight: -1 },
      ]),
      neighbor: number(difference(judgments, "cell-free", "different")),
      medium: number(difference(judgments, "self", "cell-free")),
    };
  };
  return [of("none", asItIs, level), ...remedied.map((r) => of(r.remedy, r.judgments, each))];
}

/** An estimate of the level of one of `number` statements as one that holds for all of them at `level`. */
export function atOnce<E extends Estimate>(each: E, level: number, number: number, what = "remedies"): E {
  if (each.level === level) return each;
  return { ...each, level, method: `${each.method}; bonferroni over ${number} ${what}` };
}

/** Level of each of `number` intervals that are to hold at once at `level` (Bonferroni). */
export function levelOfEach(level: number, number: number): number {
  return 1 - (1 - level) / Math.max(1, number);
}

/** What is recommended of an encoder's remedies, and why. */
export interface Recommendation {
  /** Null where none is shown to bring the neighbor effect within the zone. */
  readonly remedy: string | null;
  readonly sentence: string;
}

/**
 * The rule: among the remedies whose neighbor effect's interval lies within plus and minus `zone`, the one that costs
 * least on original crops. None is needed where the encoder as it is is among them.
 * @param zone half width of the zone of equivalence, a share
 */
export function recommend(evidence: readonly RemedyEvidence[], zone: number): Recommendation {
  const [none, ...remedied] = evidence;
  const within = (e: RemedyEvidence) =>
    e.neighbor.low !== null && e.neighbor.high !== null && e.neighbor.low >= -zone && e.neighbor.high <= zone;
  const limit = `${points(zone)} points`;
  const range = ({ estimate: value, low, high }: Estimate) =>
    `${points(value)} points ${low === null || high === null ? "(no interval)" : `[${points(low)}, ${points(high)}]`}`;
  if (within(none))
    return {
      remedy: "none",
      sentence: `No remedy is needed against neighbors: foreign neighbors change less than ${limit} as it is (${range(none.neighbor)}).`,
    };
  if (remedied.length === 0) return { remedy: null, sentence: "No remedy was measured." };
  const able = remedied.filter(within).sort((a, b) => a.cost.estimate - b.cost.estimate);
  const unknown = remedied.filter((e) => e.neighbor.low === null || e.neighbor.high === null).length;
  const asked = `${remedied.length} ${remedied.length === 1 ? "remedy" : "remedies"}${unknown === 0 ? "" : ` (${unknown} without an interval)`}`;
  if (able.length === 0)
    return {
      remedy: null,
      sentence: `Of ${asked} none is shown to bring the neighbor effect within ${limit}; more cells or fields make the intervals narrower.`,
    };
  const [best] = able;
  const cost = best.cost.estimate < 0 ? `gains ${range(negated(best.cost))}` : `costs ${range(best.cost)}`;
  const others =
    able.length === 1
      ? `of ${asked} it alone is shown to be within`
      : `${able.length} of ${asked} are shown to be within, and it is estimated to cost least of them`;
  return {
    remedy: best.remedy,
    sentence: `${best.remedy}: the neighbor effect left is ${range(best.neighbor)}, within ${limit}, and it ${cost} on original crops; ${others}.`,
  };
}

/**
 * What one probe of all classes makes of original crops and of crops among foreign neighbors: pairs, whose probes are
 * trained and tested in one setting, do not show that features move with the medium. Empty where nothing was fitted.
 * @param transfer numbers of {@link transferEstimates}
 * @param trained what it was trained on
 */
export function transferSentence(transfer: readonly TransferStated[], trained: string): string {
  const [original, different] = ["transfer/original", "transfer/different"].map((id) =>
    transfer.find((t) => t.statement === id && t.class === null),
  );
  if (original === undefined || different === undefined) return "";
  const share = ({ estimate: value, low, high }: Estimate) =>
    `${value.toFixed(3)}${low === null || high === null ? "" : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`}`;
  return `A probe of all ${original.classes} classes, trained on ${trained}, is right for ${share(original)} of original crops and for ${share(different)} of crops among foreign neighbors.`;
}

function negated(e: Estimate): Estimate {
  return {
    ...e,
    estimate: -e.estimate,
    low: e.high === null ? null : -e.high,
    high: e.low === null ? null : -e.low,
  };
}
