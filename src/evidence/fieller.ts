/** Two estimates with what they vary by together. */
export interface Quotient {
  readonly above: number;
  readonly below: number;
  readonly variances: { readonly above: number; readonly below: number; readonly both: number };
}

/**
 * Interval of above / below: every quotient q for which above - q below is not told from 0 (Fieller 1954).
 * @param t quantile of Student's t for the level and the degrees of freedom of the lesser known of the two
 * @returns null where the interval of `below` holds 0: the quotients then have no bounds
 */
export function fieller(of: Quotient, t: number): { low: number; high: number } | null {
  const { above, below, variances } = of;
  const square = t * t;
  const a = below ** 2 - square * variances.below;
  if (!(a > 0)) return null;
  const b = above * below - square * variances.both;
  const c = above ** 2 - square * variances.above;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return { low: (b - root) / a, high: (b + root) / a };
}
