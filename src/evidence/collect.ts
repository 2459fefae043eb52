import { hasDonor, type Setting } from "../settings.ts";
import type { JudgedBlock, Judgments } from "./judgments.ts";

/** Out-of-fold hits of one pair of classes in one block, as the probes leave them. */
export interface PairJudgments {
  readonly setting: Setting;
  /** Class that both backgrounds come from, -1 where every cell keeps its own or has none. */
  readonly background: number;
  readonly first: number;
  readonly second: number;
  /** One entry per row of `first`, then of `second`: 1 where the prediction is right. */
  readonly correct: Uint8Array;
}

export interface JudgedCells {
  readonly classes: readonly string[];
  /** Store rows of every class, in the order in which they were classified. */
  readonly rows: readonly Int32Array[];
  /** Cluster of every store row (`closedGroups`). */
  readonly cluster: Int32Array;
}

/**
 * Judgments of one encoder from its pairs, in any order.
 *
 * @param donorsOf store row of every donor for the cells of a class in a block, in the order of `rows`; null where the
 * setting has none. `self` has none: a cell's own surroundings are its own cluster's.
 * @throws RangeError for hits that are not one per row
 */
export function collectJudgments(
  { classes, rows, cluster }: JudgedCells,
  pairs: readonly PairJudgments[],
  donorsOf: (setting: Setting, background: number, own: number) => Int32Array | null,
): Judgments {
  const blocks = new Map<string, JudgedBlock & { readonly right: Map<number, Uint8Array>[] }>();
  for (const { setting, background, first, second, correct } of pairs) {
    const [a, b] = [rows[first].length, rows[second].length];
    if (correct.length !== a + b)
      throw new RangeError(
        `${correct.length} hits for the ${a + b} rows of ${classes[first]} and ${classes[second]} in ${setting}`,
      );
    const key = `${setting} ${background}`;
    let block = blocks.get(key);
    if (block === undefined) {
      const lends = hasDonor(setting);
      const donor = rows.map((_, own) =>
        lends && own !== background
          ? (donorsOf(setting, background, own)?.map((row) => cluster[row]) ?? null)
          : null,
      );
      block = { setting, background, donor, right: classes.map(() => new Map()) };
      blocks.set(key, block);
    }
    block.right[first].set(second, correct.subarray(0, a));
    block.right[second].set(first, correct.subarray(a));
  }
  const sorted = [...blocks.values()].map((block) => ({
    ...block,
    right: block.right.map((row) => new Map([...row].sort(([a], [b]) => a - b))),
  }));
  return {
    classes,
    cluster: rows.map((list) => list.map((row) => cluster[row])),
    blocks: sorted,
    ...(sorted.some(isSample) ? { sampled: true } : {}),
  };
}

/** Whether some classes of a block are in fewer pairs than they make. */
function isSample({ right }: JudgedBlock): boolean {
  const classes = right.filter((row) => row.size > 0);
  return classes.some((row) => row.size < classes.length - 1);
}
