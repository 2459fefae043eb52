import { groupRows } from "../core/group.ts";
import type { PairSplits, Split } from "../evaluate/split.ts";
import { type EstimateOptions, estimate, type Grouping } from "./estimate.ts";
import type { Judgments } from "./judgments.ts";
import { available } from "./statements.ts";

/** Rows that may train where fewer cells per class do. Every row is tested all the same. */
export interface TrainingSubset {
  /** Cells per class, of the class with fewest. */
  readonly cells: number;
  /** Per class, one entry per row: 1 where it may train. */
  readonly trains: readonly Uint8Array[];
}

/** One point of a learning curve. */
export interface CurvePoint {
  /** Statement: a setting or an effect. */
  readonly of: string;
  /** Cells per class that machines were trained from (each machine on those outside its group). */
  readonly cells: number;
  readonly value: number;
  /** Null where no interval is given; `refused` then says why. */
  readonly low: number | null;
  readonly high: number | null;
  readonly refused?: string;
}

const SHARES = [1 / 8, 1 / 4, 1 / 2, 1] as const;

/**
 * Nested subsets of every class's rows: the same share of every cluster, rounded up, so that no cluster is left out and
 * the number of clusters stays what it is. Within a cluster rows are taken evenly: half of them is every second, a quarter
 * every fourth. Sizes that come out as the one before are left out; the last is all rows where the last share is 1.
 *
 * @param clusters per class: cluster of every row
 * @param shares ascending, above 0 and at most 1
 */
export function trainingSubsets(
  clusters: readonly ArrayLike<number>[],
  shares: readonly number[] = SHARES,
): TrainingSubset[] {
  const members = clusters.map((of) => [...groupRows(of, (c) => c).values()].map(inNestedOrder));
  const subsets = shares.map((share): TrainingSubset => {
    if (!(share > 0 && share <= 1)) throw new RangeError(`a share of ${share} is not above 0 and at most 1`);
    const trains = clusters.map((of, c) => {
      const marks = new Uint8Array(of.length);
      for (const rows of members[c])
        for (const row of rows.slice(0, Math.ceil(share * rows.length - 1e-9))) marks[row] = 1;
      return marks;
    });
    return { cells: Math.min(...trains.map(count)), trains };
  });
  return subsets.filter((s, i) => i === 0 || total(s) > total(subsets[i - 1]));
}

/** Rows in an order of which every beginning is spread evenly: by the bits of their position, lowest first. */
function inNestedOrder(rows: readonly number[]): number[] {
  const bits = Math.max(1, Math.ceil(Math.log2(rows.length)));
  const order = rows.map((row, at) => {
    let reversed = 0;
    for (let b = 0; b < bits; b++) reversed = (reversed << 1) | ((at >> b) & 1);
    return { row, reversed };
  });
  return order.sort((a, b) => a.reversed - b.reversed).map(({ row }) => row);
}

function count(marks: Uint8Array): number {
  return marks.reduce((sum, mark) => sum + mark, 0);
}

function total({ trains }: TrainingSubset): number {
  return trains.reduce((sum, marks) => sum + count(marks), 0);
}

/**
 * Splits that train on the rows of a subset only and test what they tested. Where the subset has all rows, the splits
 * themselves, whose fits are known by the same keys.
 */
export function restrictTraining(splits: PairSplits, { trains }: TrainingSubset): PairSplits {
  if (trains.every((marks) => count(marks) === marks.length)) return splits;
  const made = trains.map(() => new WeakMap<Split, Split>());
  const restrict = (split: Split, c: number): Split => {
    let own = made[c].get(split);
    if (own === undefined)
      made[c].set(
        split,
        (own = split.map(({ train, test }) => ({
          train: train.filter((row) => trains[c][row] === 1),
          test,
        }))),
      );
    return own;
  };
  return (first, second) => {
    const [a, b] = splits(first, second);
    return [restrict(a, first), restrict(b, second)];
  };
}

/**
 * Settings and effects over cells per class, sizes in the order given: what machines that were trained on fewer cells say
 * of the same test cells. Every interval holds for itself.
 *
 * @param sizes judgments of all rows by machines trained on each subset
 * @param wanted statements; all that every size has settings for by default
 */
export function learningCurve(
  sizes: readonly { readonly cells: number; readonly judgments: Judgments }[],
  grouping: Grouping,
  { wanted, ...options }: Pick<EstimateOptions, "level"> & { readonly wanted?: readonly string[] } = {},
): CurvePoint[] {
  const known = sizes.map(({ judgments }) => available(judgments).map((s) => s.id));
  const statements = (sizes.length === 0 ? [] : available(sizes[0].judgments)).filter(
    ({ id }) => known.every((ids) => ids.includes(id)) && (wanted === undefined || wanted.includes(id)),
  );
  return statements.flatMap(({ id, terms }) =>
    sizes.map(({ cells, judgments }): CurvePoint => {
      const { estimate: value, low, high, refused } = estimate(terms(judgments), grouping, options);
      return { of: id, cells, value, low, high, ...(refused === undefined ? {} : { refused }) };
    }),
  );
}
