/** Bytes that one WebAssembly memory, and so one pair, has at most: 4 GiB. */
export const MOST_PAIR_BYTES = 2 ** 32;

/**
 * Bytes that a worker takes for one pair of classes, beside the features of the block that all workers share: a copy of
 * the pair's rows, as much again for folds and vectors, and square systems of the size of the rows or the features,
 * whichever are fewer.
 * @param rows of both classes together
 * @param dimension features per row
 */
export function pairBytes(rows: number, dimension: number): number {
  return 8 * rows * dimension + 16 * Math.min(rows, dimension) ** 2;
}
