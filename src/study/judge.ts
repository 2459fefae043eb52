import type { Groups } from "../core/groups.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { answer } from "../evidence/answer.ts";
import { backgroundLosses } from "../evidence/backgrounds.ts";
import { collectJudgments } from "../evidence/collect.ts";
import { type Contestant, encoderDifferences } from "../evidence/encoders.ts";
import type { Estimate, Grouping } from "../evidence/estimate.ts";
import type { Judgments } from "../evidence/judgments.ts";
import { type ClassEstimate, classEstimates } from "../evidence/per-class.ts";
import { available, type Stated, statedEstimates } from "../evidence/statements.ts";
import { EFFECTS } from "../evidence/tables.ts";
import type { FeatureSet } from "../features/features.ts";
import type { ReportInput } from "../report/data.ts";
import type { Flag, SwapPlan } from "../types.ts";
import type { PlanIndex } from "./block.ts";
import { type BlockResult, unpackBits } from "./blocks.ts";
import type { Study } from "./schema.ts";
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
    // Two clusters a class allow averages only.
    perClass: (groups.reach === "averages" ? [] : effects).flatMap((statement) =>
      classEstimates(statement, judgments, groups).map((e) => ({ ...e, statement: statement.id })),
    ),
  };
}

/** Statements in which encoders are compared with each other. */
const COMPARED: readonly string[] = ["original", "neighbor", "medium", "total"];

/** Every pair of encoders in the accuracy of originals and in the effects. */
function comparisons(
  contestants: readonly Contestant[],
  groups: Grouping,
  seed: number,
): ReportInput["comparisons"] {
  if (contestants.length < 2) return [];
  return available(contestants[0].judgments)
    .filter((s) => COMPARED.includes(s.id))
    .flatMap((statement) =>
      encoderDifferences(statement, contestants, groups, { seed }).map((d) => ({
        first: d.first,
        second: d.second,
        of: statement.id,
        value: d.estimate,
        low: d.low,
        high: d.high,
        method:
          d.adjustment === "none" ? d.method : `${d.method}; ${d.adjustment} over all pairs of encoders`,
      })),
    );
}

/** Answers, estimates and comparisons of a study, as its report has them. */
export function judgeStudy(
  finished: Judged & {
    readonly study: Study;
    readonly results: readonly BlockResult[];
    readonly flags: readonly Flag[];
    readonly outputs: readonly { readonly encoder: EncoderFile; readonly set: Pick<FeatureSet, "name"> }[];
  },
): Pick<ReportInput, "answers" | "estimates" | "comparisons" | "zone" | "heat"> {
  const { study, groups, results } = finished;
  const zone = study.zone / 100;
  const contestants = [...new Set(results.map((r) => r.encoder))].map((encoder) => ({
    encoder,
    judgments: judgmentsOf(
      finished,
      results.filter((r) => r.encoder === encoder),
    ),
  }));
  const evidence = contestants.map(({ encoder, judgments }) => evidenceOf(encoder, judgments, groups));
  return {
    zone,
    answers: evidence.map(({ encoder, stated }) => {
      const { caveats, ...rest } = answer({
        encoder,
        stated,
        zone,
        undecided: undecided(finished, encoder, stated),
        notes: groups.notes,
      });
      return { ...rest, caveats: [...caveats] };
    }),
    estimates: evidence.flatMap(({ encoder, stated, perClass }) => [
      ...stated.map((e) => reported(encoder, e.statement, e, null, null)),
      ...perClass.map((e) => reported(encoder, e.statement, e, e.class, e.q)),
    ]),
    comparisons: comparisons(contestants, groups, study.seed),
    heat: contestants.flatMap(({ encoder, judgments }) =>
      backgroundLosses(judgments).map(({ own, background, value, cells }) => ({
        encoder,
        class: judgments.classes[own],
        background: judgments.classes[background],
        value,
        cells,
      })),
    ),
  };
}

function reported(
  encoder: string,
  of: string,
  e: Estimate,
  name: string | null,
  q: number | null,
): ReportInput["estimates"][number] {
  return {
    encoder,
    of,
    kind: EFFECTS.some((effect) => effect.id === of) ? "difference" : "accuracy",
    class: name,
    value: e.estimate,
    low: e.low,
    high: e.high,
    level: e.level,
    cells: e.cells,
    clusters: e.clusters,
    groups: e.groups,
    method: e.method,
    why: e.refused ?? null,
    q,
  };
}

/** Why nothing can be decided about an encoder, whatever its effects are. */
function undecided(
  { study, flags, outputs }: Parameters<typeof judgeStudy>[0],
  encoder: string,
  stated: readonly Stated[],
): string | null {
  const whole = outputs.find((o) => o.set.name === encoder)?.encoder.description.name;
  const found = (id: string, name: string | undefined) =>
    flags.some((f) => f.id === id && f.encoder === name && name !== undefined);
  const original = stated.find((s) => s.statement === "original");
  const numbers =
    original === undefined
      ? ""
      : ` (original ${original.estimate.toFixed(3)}${original.low === null || original.high === null ? "" : ` [${original.low.toFixed(3)}, ${original.high.toFixed(3)}]`}, chance 0.5)`;
  const apart = `the encoder does not tell these classes apart${numbers}`;
  if (found("constant-features", whole) || found("at-chance", encoder)) return apart;
  if (original !== undefined && original.low !== null && original.low <= 0.5) return apart;
  return study.split === "stratified"
    ? 'the published protocol allows no interval; run the study with "preset": "recommended"'
    : null;
}
