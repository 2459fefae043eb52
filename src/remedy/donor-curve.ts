/** How many donors a cell is recomposed onto, and why. */
export interface DonorCurve {
  /** The number chosen. */
  readonly donors: number;
  /**
   * What is left of the donors in the mean over k of them: root mean square distance of that mean from its expectation
   * over donors, as a share of the distance between classes; null where classes are no distance apart.
   */
  readonly residual: readonly { readonly donors: number; readonly residual: number | null }[];
}

/** How many donors a remedy had, and why. */
export function donorSentence(remedy: string, { donors, residual }: DonorCurve): string {
  const known = residual.flatMap((r) =>
    r.residual === null ? [] : [`${r.donors}: ${r.residual.toFixed(3)}`],
  );
  return known.length === 0
    ? `${remedy}: ${donors} donors; the features do not say how many are enough, as classes are no distance apart.`
    : `${remedy}: ${donors} donors. What a mean over donors still differs by, as a share of the distance between classes: ${known.join(", ")}.`;
}
