import type { Groups } from "../core/groups.ts";
import { learningCurve, restrictTraining, trainingSubsets } from "../evidence/learning-curve.ts";
import type { ReportInput } from "../report/data.ts";
import type { Setting } from "../settings.ts";
import { type BlockResult, type Evaluation, evaluateBlocks, type LookedUp } from "./blocks.ts";
import { type Judged, judgmentsOf } from "./judge.ts";
import type { StudyLayout } from "./layout.ts";
import type { Study } from "./schema.ts";

/** Settings and statements of the learning curve: what the answer rests on. */
const SETTINGS_OF_CURVE: readonly Setting[] = ["original", "cell-free", "different"];
const STATEMENTS_OF_CURVE = ["original", "neighbor", "total"];

/** Settings that a study's learning curve is fitted in; none where it has no curve. */
export function curveSettings(study: Study, groups: Groups): readonly Setting[] {
  if (!study.learningCurve || groups.count === 0 || groups.reach === "none") return [];
  return SETTINGS_OF_CURVE.filter((s) => study.settings.includes(s));
}

/** Sizes at which machines are trained besides all cells: none where clusters are too small to take a share of. */
export function smallerSizes(rows: readonly Int32Array[], { cluster }: Pick<Groups, "cluster">): number {
  return trainingSubsets(rows.map((list) => list.map((row) => cluster[row]))).length - 1;
}

/** Results of blocks by the number of cells per class that their machines were trained from. */
export type CurveResults = readonly { readonly cells: number; readonly results: readonly BlockResult[] }[];

/**
 * Fits the blocks of the curve on an eighth, a quarter and half of every cluster's cells; the results on all cells are
 * those that the study has.
 */
export async function evaluateCurve(
  whole: Evaluation & { readonly layout: StudyLayout },
  full: readonly BlockResult[],
  study: Study,
  groups: Groups,
): Promise<CurveResults> {
  const sizes: { cells: number; results: readonly BlockResult[] }[] = [];
  const parts = curveParts(whole, study, groups);
  for (const [i, { cells, part }] of parts.entries()) {
    const onProgress = (done: number, total: number) =>
      whole.onProgress?.(i * total + done, Math.max(1, parts.length - 1) * total);
    const results = part === null ? full : await evaluateBlocks({ ...whole, ...part, onProgress });
    sizes.push({ cells, results });
  }
  return sizes;
}

/** What is evaluated for a curve; `part` is null for machines trained on all cells, which the study has. */
export function curveParts(
  whole: Pick<LookedUp, "blocks" | "rows" | "splits"> & { readonly layout: StudyLayout },
  study: Study,
  groups: Groups,
): { cells: number; part: Pick<LookedUp, "layout" | "blocks" | "splits"> | null }[] {
  const settings = curveSettings(study, groups);
  if (settings.length === 0) return [];
  const blocks = whole.blocks.filter((b) => settings.includes(b.setting));
  const subsets = trainingSubsets(whole.rows.map((list) => list.map((row) => groups.cluster[row])));
  return subsets.map((subset) => {
    const splits = restrictTraining(whole.splits, subset);
    const layout = whole.layout.curve(subset.cells);
    return { cells: subset.cells, part: splits === whole.splits ? null : { layout, blocks, splits } };
  });
}

/** The curve as the report has it. */
export function reportedCurve(judged: Judged, sizes: CurveResults): ReportInput["curve"] {
  const encoders = [...new Set(sizes.flatMap(({ results }) => results.map((r) => r.encoder)))];
  return encoders.flatMap((encoder) => {
    const judgments = sizes.map(({ cells, results }) => ({
      cells,
      judgments: judgmentsOf(
        judged,
        results.filter((r) => r.encoder === encoder && SETTINGS_OF_CURVE.includes(r.setting)),
      ),
    }));
    return learningCurve(judgments, judged.groups, { wanted: STATEMENTS_OF_CURVE })
      .filter((p) => Number.isFinite(p.value))
      .map(({ of, cells, value, low, high }) => ({ encoder, of, cells, value, low, high }));
  });
}
