import type { Groups } from "../core/groups.ts";
import { collectJudgments } from "../evidence/collect.ts";
import { type Contestant, type EncoderDifference, encoderDifferences } from "../evidence/encoders.ts";
import type { Grouping } from "../evidence/estimate.ts";
import type { Judgments } from "../evidence/judgments.ts";
import { type ClassEstimate, classEstimates } from "../evidence/per-class.ts";
import { available, type Stated, statedEstimates } from "../evidence/statements.ts";
import { EFFECTS } from "../evidence/tables.ts";
import type { SwapPlan } from "../types.ts";
import type { PlanIndex } from "./block.ts";
import { type BlockResult, unpackBits } from "./blocks.ts";
import type { Selection } from "./select.ts";

/** What a study knows of its cells when it judges encoders. */
export interface Judged {
  readonly plan: SwapPlan;
  readonly index: PlanIndex;
  readonly selection: Selection;
  readonly groups: Groups;
}

/** Everything that is stated of one encoder. */
export interface EncoderEvidence {
  readonly encoder: string;
  /** Every setting and effect, on average over the classes. */
  readonly stated: readonly Stated[];
  /** The effects, class by class. */
  readonly perClass: readonly (ClassEstimate & { readonly statement: string })[];
}

/** Out-of-fold judgments of one encoder from its blocks. */
export function judgmentsOf(
  { plan, index, selection, groups }: Judged,
  results: readonly BlockResult[],
): Judgments {
  const { classes, rows } = selection;
  const pairs = results.flatMap(({ setting, background, pairs }) =>
    pairs.map(({ class1, class2, cells, correct }) => ({
      setting,
      background: background === null ? -1 : classes.indexOf(background),
      first: classes.indexOf(class1),
      second: classes.indexOf(class2),
      correct: unpackBits(correct, cells ?? 0),
    })),
  );
  return collectJudgments({ classes, rows, cluster: groups.cluster }, pairs, (setting, background, own) => {
    const block = { setting, background: background < 0 ? null : classes[background] };
    const planRows = index.rows(block, classes[own], rows[own]);
    return planRows === null ? null : planRows.map((row) => plan.donor[row]);
  });
}

/** What can be stated of one encoder. */
export function evidenceOf(encoder: string, judgments: Judgments, groups: Grouping): EncoderEvidence {
  const effects = available(judgments).filter((s) => EFFECTS.some((e) => e.id === s.id));
  return {
    encoder,
    stated: statedEstimates(judgments, groups),
    perClass: effects.flatMap((statement) =>
      classEstimates(statement, judgments, groups).map((e) => ({ ...e, statement: statement.id })),
    ),
  };
}

/** Effects in which encoders are compared with each other. */
const COMPARED: readonly string[] = ["original", "neighbor", "medium", "total"];

/** Every pair of encoders in the accuracy of originals and in the effects. */
export function comparisons(
  contestants: readonly Contestant[],
  groups: Grouping,
  seed: number,
): (EncoderDifference & { readonly statement: string })[] {
  if (contestants.length < 2) return [];
  return available(contestants[0].judgments)
    .filter((s) => COMPARED.includes(s.id))
    .flatMap((statement) =>
      encoderDifferences(statement, contestants, groups, { seed }).map((d) => ({
        ...d,
        statement: statement.id,
      })),
    );
}
