import { callRow, emptyCalls, type RowCalls } from "../evaluate/logistic/calls.ts";
import { fitLogistic, type LogisticModel, predictScores } from "../evaluate/logistic/logistic.ts";
import type { Setting } from "../settings.ts";

/** What the probes that were trained on original crops call the cells in one setting with one background. */
export interface CalledBlock {
  readonly setting: Setting;
  /** Class that the backgrounds come from, -1 where every cell keeps its own class's or has none. */
  readonly background: number;
  /** Per class: cluster of every row's donor; null where the setting has none but the cell itself. */
  readonly donor: readonly (Int32Array | null)[];
  /** Per class, one entry per row; null where the block lacks the class. */
  readonly cells: readonly (Pick<PredictedCells, "predicted"> | null)[];
}

/** The same with probabilities. */
export interface PredictedBlock extends CalledBlock {
  readonly cells: readonly (PredictedCells | null)[];
}

/** Predictions for the rows of one class. */
export type PredictedCells = RowCalls;

/** What one encoder's features are called by probes that did not see them. */
export interface Called {
  readonly classes: readonly string[];
  /** Per class: cluster of every row, numbered over all classes (`closedGroups`). */
  readonly cluster: readonly Int32Array[];
  readonly blocks: readonly CalledBlock[];
}

/** Held-out predictions of one encoder's features. */
export interface Predictions extends Called {
  readonly blocks: readonly PredictedBlock[];
}

/** What {@link predictHeldOut} trains on and tests. Rows count from 0 within their class. */
export interface PredictionRequest {
  readonly classes: readonly string[];
  /** Per class: closed group of every row, 0 to `count` - 1. */
  readonly group: readonly Int32Array[];
  /** Per class: cluster of every row, numbered over all classes. */
  readonly cluster: readonly Int32Array[];
  /** Groups, K, at least 2. */
  readonly count: number;
  /** Features per row. */
  readonly dimension: number;
  /** Blocks that are tested; those of `original` need not be among them. */
  readonly blocks: readonly Pick<PredictedBlock, "setting" | "background" | "donor">[];
  /** Whether a block has the cells of class `own`. */
  has(block: PredictionBlock, own: number): boolean;
  /** Copies features (rows x dimension) of rows of class `own` into `out`; only asked for what `has` confirms. */
  read(block: PredictionBlock, own: number, rows: Int32Array, out: Float32Array): void;
  /**
   * The probe that tests group `k`, on features as they are read; by default {@link fitOriginals}. It must see rows of
   * `train` only: per class those of the other groups.
   */
  fit?(k: number, train: readonly Int32Array[]): LogisticModel;
}
export type PredictionBlock = Pick<PredictedBlock, "setting" | "background">;

/** Original crops, which probes are trained on. */
export const ORIGINAL: PredictionBlock = { setting: "original", background: -1 };

/** Rows whose features are read at once, where a group has more. */
const PIECE = 4096;

/**
 * Trains a logistic probe (standardized features, every class of the same weight) on the ORIGINAL crops, or what
 * `request.fit` gives, of all groups but one, all groups in turn, and tests it on that group's cells in every block: every
 * composite is judged by a probe that saw nothing of its cell's clusters. Yields the number of groups whose probe is
 * fitted after every fit, and again after every block, so that a run can stop between them.
 *
 * @param called is given every block when all its cells are called; what it gives back is held in its place
 * @throws StudyError where a class has no cells outside a group
 */
export function* predictHeldOut(
  request: PredictionRequest,
  called: (block: PredictedBlock) => PredictedBlock = (block) => block,
): Generator<number, Predictions> {
  const { classes, group, cluster, count, dimension } = request;
  const fit = request.fit ?? ((_: number, train: readonly Int32Array[]) => fitOriginals(request, train));
  const models: LogisticModel[] = [];
  for (let k = 0; k < count; k++) {
    const train = group.map((of) => rowsWhere(of, (g) => g !== k));
    models.push(fit(k, train));
    yield k + 1;
  }
  const tested = models.map((_, k) => group.map((of) => rowsWhere(of, (g) => g === k)));
  const blocks: PredictedBlock[] = [];
  for (const of of request.blocks) {
    const block = roomFor(request, of);
    for (const [k, model] of models.entries())
      block.cells.forEach((cells, own) => {
        if (cells === null) return;
        const test = tested[k][own];
        for (let from = 0; from < test.length; from += PIECE) {
          const rows = test.subarray(from, from + PIECE);
          const x = new Float32Array(rows.length * dimension);
          request.read(block, own, rows, x);
          predictCells(model, x, own, block.background, cells, rows);
        }
      });
    blocks.push(called(block));
    yield count;
  }
  return { classes, cluster, blocks };
}

/** Room for what a block's cells are called, by class; null where the block lacks it. */
export function roomFor(
  { classes, group, has }: Pick<PredictionRequest, "classes" | "group" | "has">,
  { setting, background, donor }: PredictionRequest["blocks"][number],
): PredictedBlock {
  const cells = classes.map((_, own) =>
    has({ setting, background }, own) ? emptyCalls(group[own].length, background >= 0) : null,
  );
  return { setting, background, donor, cells };
}

/**
 * A logistic probe (standardized features, every class of the same weight) of rows in the given blocks.
 *
 * @param rows per class
 * @param blocks by default `original` alone; a class that lacks one is trained on the others
 * @param change is done to the features (rows x dimension) before, in place
 */
export function fitOriginals(
  request: Pick<PredictionRequest, "classes" | "dimension" | "has" | "read">,
  rows: readonly Int32Array[],
  blocks: readonly PredictionBlock[] = [ORIGINAL],
  change: (features: Float32Array) => void = () => {},
): LogisticModel {
  const { classes, dimension } = request;
  const parts = rows.flatMap((list, own) =>
    blocks.flatMap((block) =>
      block.setting === "original" || request.has(block, own) ? [{ block, own, list }] : [],
    ),
  );
  const labels = Int32Array.from(parts.flatMap(({ own, list }) => Array.from(list, () => own)));
  const features = new Float32Array(labels.length * dimension);
  let at = 0;
  for (const { block, own, list } of parts)
    request.read(block, own, list, features.subarray(at, (at += list.length * dimension)));
  change(features);
  return fitLogistic(features, labels, dimension, classes.length, { standardize: true, balanced: true });
}

/** Predictions of `model` for features of class `own` on a background, left at positions `rows` of `out`. */
export function predictCells(
  model: LogisticModel,
  features: Float32Array,
  own: number,
  background: number,
  out: PredictedCells,
  rows: ArrayLike<number>,
): void {
  const { classes } = model;
  const scores = predictScores(model, features);
  const room = new Float64Array(classes);
  for (let i = 0; i < rows.length; i++)
    callRow(scores.subarray(i * classes, (i + 1) * classes), { own, background }, room, out, rows[i]);
}

/** Rows of a class whose closed group is wanted. */
export function rowsWhere(groups: Int32Array, wanted: (group: number) => boolean): Int32Array {
  return Int32Array.from(groups.keys()).filter((row) => wanted(groups[row]));
}
