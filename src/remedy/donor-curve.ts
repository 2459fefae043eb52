/** Of these numbers of donors the fewest that are enough is chosen, and the last where none is. */
const CHOICE = [2, 4, 8] as const;
/** Share of the distance between classes that may be left of the donors' own influence. */
export const ENOUGH = 0.1;

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

/** The number of donors that a curve asks for, and whether it is enough; null where the curve does not say. */
export function askedFor(
  residual: DonorCurve["residual"],
): { readonly donors: number; readonly enough: boolean } | null {
  const left = (k: number) => residual.find(({ donors }) => donors === k)?.residual ?? null;
  if (CHOICE.some((k) => left(k) === null)) return null;
  const fewest = CHOICE.find((k) => left(k)! <= ENOUGH);
  return { donors: fewest ?? CHOICE[CHOICE.length - 1], enough: fewest !== undefined };
}

/** How many donors a remedy had, and why. */
export function donorSentence(remedy: string, { donors, residual }: DonorCurve): string {
  const asked = askedFor(residual);
  if (asked === null)
    return `${remedy}: ${donors} donors; the features do not say how many are enough, as classes are no distance apart.`;
  const why =
    asked.donors < donors
      ? ", as another output of the encoder asks for"
      : asked.enough
        ? ""
        : `, the most that are chosen, though more than ${ENOUGH} is left`;
  const known = residual.map((r) => `${r.donors}: ${r.residual!.toFixed(3)}`);
  return `${remedy}: ${donors} donors${why}. What a mean over donors still differs by, as a share of the distance between classes: ${known.join(", ")}.`;
}
