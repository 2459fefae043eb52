import type { Groups } from "../core/groups.ts";
import { answer } from "../evidence/answer.ts";
import { backgroundLosses } from "../evidence/backgrounds.ts";
import { collectJudgments } from "../evidence/collect.ts";
import { type Contestant, encoderDifferences } from "../evidence/encoders.ts";
import type { Grouping } from "../evidence/estimate.ts";
import type { Judgments } from "../evidence/judgments.ts";
import { type ClassEstimate, classEstimates } from "../evidence/per-class.ts";
import { available, type Stated, statedEstimates } from "../evidence/statements.ts";
import { EFFECTS, resultTable } from "../evidence/tables.ts";
import type { TransferStated } from "../evidence/transfer.ts";
import type { FeatureSet } from "../features/features.ts";
import type { ReportInput } from "../report/data.ts";
import { SETTINGS } from "../settings.ts";
import type { Flag, SwapPlan } from "../types.ts";
import type { PlanIndex } from "./block.ts";
import { type BlockResult, scores, unpackBits } from "./blocks.ts";
import { encoderName, type StudyEncoder } from "./encoders.ts";
import type { Study } from "./schema.ts";
import type { Selection } from "./select.ts";
import type { EffectRow } from "./tables.ts";

/** The cells that encoders judge, and the composites of them. */
export interface JudgedCells {
  readonly plan: SwapPlan;
  readonly index: PlanIndex;
  readonly selection: Pick<Selection, "classes" | "rows">;
  readonly groups: Pick<Groups, "cluster">;
}

/** What a study knows of its cells when it judges encoders. */
export interface Judged extends JudgedCells {
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
  { plan, index, selection, groups }: JudgedCells,
  results: readonly BlockResult[],
): Judgments {
  const { classes, rows } = selection;
  const place = new Map(classes.map((name, c) => [name, c]));
  const pairs = results.flatMap(({ setting, background, pairs }) =>
    pairs.map(({ class1, class2, cells, correct }) => ({
      setting,
      background: background === null ? -1 : place.get(background)!,
      first: place.get(class1)!,
      second: place.get(class2)!,
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
function evidenceOf(encoder: string, judgments: Judgments, groups: Grouping): EncoderEvidence {
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

/** What a study states: for its tables row by row, and what its report shows. */
export interface Judgment {
  readonly rows: readonly EffectRow[];
  readonly report: Pick<ReportInput, "answers" | "estimates" | "comparisons" | "zone" | "heat">;
}

/** What a judgment is made from. */
interface Case extends Judged {
  readonly study: Study;
  readonly results: readonly BlockResult[];
  readonly flags: readonly Flag[];
  readonly outputs: readonly { readonly encoder: StudyEncoder; readonly set: Pick<FeatureSet, "name"> }[];
}

/**
 * Judges the encoders of a study.
 * @param transfer what probes that were trained on originals say, by encoder
 */
export function judgeStudy(
  finished: Case,
  transfer: ReadonlyMap<string, readonly TransferStated[]>,
): Judgment {
  const { study, groups, outputs, results } = finished;
  const zone = study.zone / 100;
  const contestants = outputs.map(({ set }) => ({
    encoder: set.name,
    judgments: judgmentsOf(
      finished,
      results.filter((r) => r.encoder === set.name),
    ),
  }));
  const evidence = contestants.map(({ encoder, judgments }) => evidenceOf(encoder, judgments, groups));
  const rows = evidence.flatMap(({ encoder, stated, perClass }): EffectRow[] => [
    ...stated.map((e) => ({ encoder, ...e })),
    ...perClass.map((e) => ({ encoder, ...e })),
    ...(transfer.get(encoder) ?? []).map((e) => ({ encoder, ...e })),
  ]);
  return {
    rows,
    report: {
      zone,
      answers: evidence.map(({ encoder, stated }) => {
        const { caveats, ...rest } = answer({
          encoder,
          stated,
          zone,
          undecided: undecided(finished, encoder, stated),
          notes: groups.notes,
        });
        const published =
          study.aggregation === "published"
            ? asInThePaper(results.filter((r) => r.encoder === encoder))
            : rest.published;
        return { ...rest, published, caveats: [...caveats] };
      }),
      estimates: rows.flatMap((row) => reported(row) ?? []),
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
    },
  };
}

/** Statements of transfer that the report shows: those among foreign neighbors. */
const SHOWN: Readonly<Record<string, string>> = {
  "transfer/different": "transfer",
  "capture/different": "capture",
  "capture-base/different": "capture-base",
};

/** A row as the report has it; null for one that only the tables hold. */
function reported(row: EffectRow): ReportInput["estimates"][number] | null {
  const effect = EFFECTS.some((e) => e.id === row.statement);
  const setting = SETTINGS.some((s) => s === row.statement);
  const of = effect || setting ? row.statement : SHOWN[row.statement];
  // Without cells there is no number; the tables say why.
  if (of === undefined || !Number.isFinite(row.estimate)) return null;
  return {
    encoder: row.encoder,
    of,
    kind: effect ? "difference" : setting ? "accuracy" : "share",
    class: row.class ?? null,
    value: row.estimate,
    low: row.low,
    high: row.high,
    level: row.level,
    cells: row.cells,
    clusters: row.clusters,
    groups: row.groups,
    method: row.method,
    why: row.refused ?? null,
    q: row.q ?? null,
    ...(row.sampled === undefined ? {} : { sampled: row.sampled }),
  };
}

/** The published drop as the paper's tables have it. */
function asInThePaper(results: readonly BlockResult[]): string | null {
  const [own] = resultTable(results.flatMap(scores), "published").encoders;
  const drop = own?.drops.find((d) => d.effect === "published-drop");
  if (drop === undefined) return null;
  const at = (setting: string) => own.settings.find((s) => s.setting === setting)?.mean.toFixed(3);
  const error =
    drop.error === null
      ? ""
      : ` ± ${(100 * drop.error).toFixed(1)} (three standard errors over classes, no confidence interval)`;
  return `Published drop (same − different), aggregated as in the paper: ${(100 * drop.mean).toFixed(1).replace("-", "−")} points${error}, from ${at("same")} to ${at("different")}.`;
}

/** Why nothing can be decided about an encoder, whatever its effects are. */
function undecided(
  { study, flags, outputs }: Case,
  encoder: string,
  stated: readonly Stated[],
): string | null {
  if (study.pairs === "none")
    return 'no probes of pairs were fitted ("pairs": "none"), so that accuracy has no effects; what one probe of all classes makes of the composites is said by transfer and capture';
  const whole = outputs.find((o) => o.set.name === encoder)?.encoder;
  const found = (id: string, name: string) => flags.some((f) => f.id === id && f.encoder === name);
  const original = stated.find((s) => s.statement === "original");
  const numbers =
    original === undefined
      ? ""
      : ` (original ${original.estimate.toFixed(3)}${original.low === null || original.high === null ? "" : ` [${original.low.toFixed(3)}, ${original.high.toFixed(3)}]`}, chance 0.5)`;
  const apart = `the encoder does not tell these classes apart${numbers}`;
  if ((whole !== undefined && found("constant-features", encoderName(whole))) || found("at-chance", encoder))
    return apart;
  if (original !== undefined && original.low !== null && original.low <= 0.5) return apart;
  return study.split === "stratified"
    ? 'the published protocol allows no interval; run the study with "preset": "recommended"'
    : null;
}
