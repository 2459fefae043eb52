import type { Setting } from "../settings.ts";

/** Out-of-fold judgments of one setting with one background. */
export interface JudgedBlock {
  readonly setting: Setting;
  /** Class that the backgrounds come from, -1 where every cell keeps its own or has none. */
  readonly background: number;
  /**
   * Per class: cluster of every row's donor, as numbered in {@link Judgments.cluster}; null where the setting has no
   * donor but the cell itself. The donors of `same` are of the row's own class.
   */
  readonly donor: readonly (Int32Array | null)[];
  /**
   * `right[a].get(b)`: one entry per row of class a, 1 where the machine that tells a from b, trained without the row's
   * group, finds a; none for a = b and for pairs that the block lacks; partners in ascending order. Pairs of which the
   * background's class is one are not counted.
   */
  readonly right: readonly ReadonlyMap<number, Uint8Array>[];
}

/** Everything that the statements about one encoder are computed from. Rows are those of the selection, class by class. */
export interface Judgments {
  readonly classes: readonly string[];
  /** Per class: cluster of every row, numbered over all classes (`closedGroups`). */
  readonly cluster: readonly Int32Array[];
  readonly blocks: readonly JudgedBlock[];
  /** Whether the pairs are a sample of all that the classes make, the same in all blocks. */
  readonly sampled?: boolean;
}

/** One summand of a statement: the accuracy of one encoder in one setting, times a weight. */
export interface Term {
  readonly of: Judgments;
  readonly setting: Setting;
  readonly weight: number;
}

/** `from` minus `to` of one encoder. */
export function difference(of: Judgments, from: Setting, to: Setting): Term[] {
  return [
    { of, setting: from, weight: 1 },
    { of, setting: to, weight: -1 },
  ];
}

/** The pairs that count: class `a` against `b` on the background of the block. */
export function counts(block: JudgedBlock, a: number, b: number): boolean {
  return block.right[a].has(b) && block.background !== a && block.background !== b;
}

/** Hits by class and partner, null where there are none, as a block holds them. */
export function hitsByPartner(
  right: readonly (readonly (Uint8Array | null)[])[],
): ReadonlyMap<number, Uint8Array>[] {
  return right.map((row) => new Map(row.flatMap((hits, b) => (hits === null ? [] : [[b, hits] as const]))));
}
