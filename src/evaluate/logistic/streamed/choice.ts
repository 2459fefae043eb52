/** Classes and probabilities (rows x classes) above which, and bytes of features above which, a probe is fitted in pieces. */
const MOST = { classes: 128, probabilities: 2 ** 20, bytes: 2 ** 30 };

/**
 * Whether a probe of all classes is fitted by `fitStreamed`: where rows and classes are many, or features take more memory
 * than is to be held at once.
 */
export function isStreamed({
  rows,
  classes,
  dimension,
}: {
  readonly rows: number;
  readonly classes: number;
  readonly dimension: number;
}): boolean {
  return (classes > MOST.classes && rows * classes > MOST.probabilities) || 4 * rows * dimension > MOST.bytes;
}
