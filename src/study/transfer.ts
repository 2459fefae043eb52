import type { Groups } from "../core/groups.ts";
import { lazyList } from "../core/lazy-list.ts";
import { isStreamed } from "../evaluate/logistic/streamed/choice.ts";
import type { PredictionRequest, Predictions } from "../evidence/predictions.ts";
import type { FeatureSet } from "../features/features.ts";
import { shortHash } from "../features/key.ts";
import { hasDonor, type Setting } from "../settings.ts";
import { type Block, listBlocks, type PlanIndex } from "./block.ts";
import type { Work } from "./cost/work.ts";
import { type FeatureRequest, keyOf } from "./inference.ts";
import { keptPredictions, lackingProbes, type PredictionWork, predictionSteps } from "./predicted.ts";

/** Raised whenever probes that are fitted in pieces give other bytes for the same features. */
const STREAMED_VERSION = 2;

/** What the transfer probes of one encoder are fitted on. */
export interface TransferRequest extends FeatureRequest {
  /** Closed groups of the study's cells; without any (`count` 0) nothing is fitted. */
  readonly groups: Groups;
}

/** Fits the transfer probes, or finds them in the study folder; `between` is awaited after every fit, which `work` counts. */
export async function fitTransfer(
  request: TransferRequest,
  between: () => Promise<void>,
  work?: Work,
  threads?: number,
): Promise<void> {
  const asked = transferWork(request);
  if (asked !== null) await keptPredictions(asked, between, work, threads);
}

/**
 * Held-out predictions of the logistic probes for every composite of the study, from the study folder where
 * {@link fitTransfer} left them there; null without `original` or with fewer than two closed groups.
 */
export function transferPredictions(request: TransferRequest): Predictions | null {
  const work = transferWork(request);
  if (work === null) return null;
  const steps = predictionSteps(work);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Features of the cells of a study, and the blocks that predictions are made for. */
export interface PredictedFeatures {
  readonly set: Pick<FeatureSet, "dimension" | "read">;
  readonly index: PlanIndex;
  readonly classes: readonly string[];
  /** Cells of each class. */
  readonly rows: readonly Int32Array[];
  readonly groups: Pick<Groups, "count" | "group" | "cluster">;
  readonly blocks: readonly Block[];
}

/** What {@link predictHeldOut} is asked for the blocks. */
export function predictionRequest(of: PredictedFeatures): PredictionRequest {
  const { set, index, classes, rows, groups } = of;
  const named = (block: { setting: Setting; background: number }): Block => ({
    setting: block.setting,
    background: block.background < 0 ? null : classes[block.background],
  });
  /** Null for cells among which other rows stand in: those are another block's. */
  const planRows = (block: { setting: Setting; background: number }, own: number, cells: Int32Array) =>
    index.isOwn(named(block), classes[own]) ? null : index.rows(named(block), classes[own], cells);
  const donors = (block: Block, own: number) =>
    index.rows(block, classes[own], rows[own])?.map((row) => groups.cluster[index.plan.donor[row]]) ?? null;
  return {
    classes,
    group: rows.map((list) => list.map((row) => groups.group[row])),
    cluster: rows.map((list) => list.map((row) => groups.cluster[row])),
    count: groups.count,
    dimension: set.dimension,
    blocks: of.blocks.map((block) => ({
      setting: block.setting,
      background: block.background === null ? -1 : classes.indexOf(block.background),
      donor: lazyList(classes.length, (own) => (hasDonor(block.setting) ? donors(block, own) : null)),
    })),
    has: (block, own) => planRows(block, own, rows[own]) !== null,
    read: (block, own, wanted, out) => {
      const cells = wanted.map((row) => rows[own][row]);
      set.read(planRows(block, own, cells)!, out);
    },
  };
}

/** Whether there are transfer probes, and their rows and classes are so many that they are fitted in pieces. */
export function isFittedInPieces(
  request: Pick<TransferRequest, "selection" | "study" | "groups"> & {
    readonly set: Pick<FeatureSet, "dimension">;
  },
): boolean {
  const { selection, study, groups, set } = request;
  const rows = selection.rows.reduce((n, own) => n + own.length, 0);
  return (
    study.settings.includes("original") &&
    groups.count >= 2 &&
    isStreamed({ rows, classes: selection.classes.length, dimension: set.dimension })
  );
}

/** How many probes {@link fitTransfer} would fit; features are not read. */
export function lackingTransfer(
  request: Omit<TransferRequest, "set"> & {
    readonly set: Pick<FeatureSet, "name" | "dimension" | "key" | "read">;
  },
): number {
  const work = transferWork(request);
  return work === null ? 0 : lackingProbes(work);
}

function transferWork(request: TransferRequest): PredictionWork | null {
  const { set, selection, index, study, groups, layout } = request;
  const { classes, rows } = selection;
  if (!study.settings.includes("original") || groups.count < 2) return null;
  const blocks = listBlocks(study.settings, study.backgrounds ?? classes);
  const probes = predictionRequest({ set, index, classes, rows, groups, blocks });
  const key = keyOf(request, [{ setting: "original", background: null }, ...blocks], rows, [
    "closed groups",
    probes.group.map((of) => Array.from(of)),
  ]);
  const streamed = isFittedInPieces(request);
  return {
    layout,
    name: set.name,
    key: streamed ? shortHash([key, "streamed", STREAMED_VERSION]) : key,
    probes,
    streamed,
  };
}
