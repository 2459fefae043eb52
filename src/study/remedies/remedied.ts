import type { Groups } from "../../core/groups.ts";
import { mean, standardDeviation } from "../../core/statistics.ts";
import { InterruptedError, STOPPED, StudyError } from "../../errors.ts";
import { foldAccuracies } from "../../evaluate/crossvalidate.ts";
import { groupSplit, type Split } from "../../evaluate/split.ts";
import type { Predictions } from "../../evidence/predictions.ts";
import { shortHash } from "../../features/key.ts";
import type { ClassRows, RemedyBlock } from "../../remedy/rows.ts";
import type { Block } from "../block.ts";
import {
  type BlockResult,
  type Evaluation,
  PAIRS,
  type PairResult,
  PROBE_VERSION,
  packBits,
} from "../blocks.ts";
import { LOGISTIC_VERSION } from "../inference.ts";
import { readKept } from "../kept.ts";
import type { StudyLayout } from "../layout.ts";

/** Raised whenever a remedy fitted to the same features gives other results. */
const REMEDY_VERSION = 1;

/** What remedies that need features only are evaluated on: blocks of one feature set, `original` among them. */
export interface RemedyEvaluation
  extends Pick<Evaluation, "blocks" | "classes" | "rows" | "index" | "pairs" | "grid" | "signal" | "work"> {
  /** Of the results; `ENCODER+REMEDY`. */
  readonly name: string;
  /** Where finished blocks and predictions are kept, under the name. */
  readonly layout: Pick<StudyLayout, "block" | "stage" | "view">;
  readonly set: Evaluation["sets"][number];
  /** Closed groups of the study's cells, at least two. */
  readonly groups: Pick<Groups, "count" | "group" | "cluster">;
}

/** What a remedy makes of an encoder. */
export interface RemedyResult {
  /** Out-of-fold hits of pairwise probes, block after block. */
  readonly results: readonly BlockResult[];
  /** Held-out predictions of a probe of all classes. */
  readonly predictions: Predictions;
}

/** An evaluation with what all remedies need to know of it. */
export interface Remedied extends RemedyEvaluation {
  /** Hash of everything that the results depend on. */
  readonly key: string;
  /** The blocks with the numbers of their backgrounds' classes. */
  readonly numbered: readonly RemedyBlock[];
  /** Per class: numbers of the blocks that have it. */
  readonly present: readonly (readonly number[])[];
  /** Per class: closed group of every row. */
  readonly group: readonly Int32Array[];
  /** Per class: what trains and tests, group after group. */
  readonly splits: readonly Split[];
}

/**
 * @param options whatever else the results depend on
 * @throws StudyError for fewer than two closed groups
 */
export function remedied(evaluation: RemedyEvaluation, remedy: string, options: unknown = null): Remedied {
  const { set, blocks, classes, rows, index, groups, pairs } = evaluation;
  if (groups.count < 2)
    throw new StudyError(
      `${remedy} is fitted on other closed groups than it is tested on, and there are fewer than two; add fields`,
    );
  const group = rows.map((list) => list.map((row) => groups.group[row]));
  const key = shortHash({
    versions: [REMEDY_VERSION, PROBE_VERSION, LOGISTIC_VERSION],
    remedy,
    options,
    classes,
    ...(pairs === undefined ? {} : { pairs }),
    blocks,
    features: blocks.map((block) =>
      classes.map((name, c) => {
        const found = index.rows(block, name, rows[c]);
        return found === null ? null : set.key(index.plan, found);
      }),
    ),
    group: group.map((of) => Array.from(of)),
  });
  return {
    ...evaluation,
    key,
    numbered: blocks.map(({ setting, background }) => ({
      setting,
      background: background === null ? -1 : classes.indexOf(background),
    })),
    present: classes.map((name, c) =>
      blocks.flatMap((block, b) => (index.rows(block, name, rows[c]) === null ? [] : [b])),
    ),
    group,
    splits: groupSplit(group, groups.count, classes),
  };
}

/**
 * Features of cells of a class in all of the blocks that have it.
 * @param cells positions in the class; all by default
 */
export function classRows(
  { set, blocks, classes, rows, index, present, numbered }: Remedied,
  own: number,
  cells: Int32Array = Int32Array.from(rows[own].keys()),
): ClassRows {
  const list = cells.map((i) => rows[own][i]);
  const size = cells.length * set.dimension;
  const features = new Float32Array(present[own].length * size);
  present[own].forEach((b, at) => {
    set.read(index.rows(blocks[b], classes[own], list)!, features.subarray(at * size, (at + 1) * size));
  });
  return {
    own,
    cells: cells.length,
    dimension: set.dimension,
    features,
    blocks: present[own].map((b) => numbered[b]),
  };
}

/** What a remedy is fitted on when group `k` is tested: all classes' cells of the other groups, in all blocks. */
export function trainRows(of: Remedied, k: number): ClassRows[] {
  return of.splits.map((split, own) => classRows(of, own, split[k].train));
}

/** The fit for every group, each made when it is first asked for. */
export function fitsOf<T>(of: Remedied, fit: (train: readonly ClassRows[]) => T): (k: number) => T {
  const made: (T | undefined)[] = [];
  return (k) => (made[k] ??= fit(trainRows(of, k)));
}

/** A block that an earlier run left. */
export function keptBlock(of: Remedied, block: Block): BlockResult | undefined {
  const pairs = readKept<PairResult[]>(of.layout.block(of.name, block), of.key, PAIRS);
  return pairs === undefined ? undefined : { encoder: of.name, ...block, pairs };
}

/**
 * Result of a pair from the hits of its rows, those of the first class before those of the second.
 * @param gap largest duality gap of the fits; null where they have none
 */
export function pairOf(
  of: Remedied,
  [a, b]: readonly [number, number],
  correct: Uint8Array,
  gap: number | null,
): PairResult {
  const { classes, rows, splits, key } = of;
  const folds = foldAccuracies(correct, [splits[a], splits[b]], [rows[a].length, rows[b].length]);
  return {
    key: shortHash([key, classes[a], classes[b]]),
    class1: classes[a],
    class2: classes[b],
    accuracy: mean(folds),
    sd: standardDeviation(folds),
    folds,
    gap,
    cells: correct.length,
    correct: packBits(correct),
  };
}

/** Lets others work, and ends where the run is stopped. */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  if (signal?.aborted) throw new InterruptedError(STOPPED);
}
