/** How far a mean over draws lies from 0. */
export interface Shift {
  /**
   * Squared length of the expected vector, without bias: the mean of the products of different draws (a U-statistic,
   * Hoeffding 1948). May be negative; NaN for fewer than two draws.
   */
  readonly square: number;
  /** Standard error of `square`, by the jackknife over draws; NaN for fewer than three. */
  readonly error: number;
}

/**
 * Estimates the squared length of the expectation of vectors of which some draws are given. The squared length of
 * their mean would be too large by its variance.
 * @param x draws x dimension
 */
export function meanShift(x: Float64Array, draws: number, dimension: number): Shift {
  const sum = new Float64Array(dimension);
  const norms = new Float64Array(draws);
  for (let d = 0, i = 0; d < draws; d++)
    for (let j = 0; j < dimension; j++, i++) {
      sum[j] += x[i];
      norms[d] += x[i] * x[i];
    }
  let whole = 0;
  for (let j = 0; j < dimension; j++) whole += sum[j] * sum[j];
  const own = norms.reduce((a, b) => a + b, 0);
  const square = draws < 2 ? Number.NaN : (whole - own) / (draws * (draws - 1));
  if (draws < 3) return { square, error: Number.NaN };
  const without = Float64Array.from(norms, (norm, d) => {
    let along = 0;
    for (let j = 0; j < dimension; j++) along += sum[j] * x[d * dimension + j];
    const rest = whole - 2 * along + norm;
    return (rest - (own - norm)) / ((draws - 1) * (draws - 2));
  });
  const center = without.reduce((a, b) => a + b, 0) / draws;
  const spread = without.reduce((a, b) => a + (b - center) ** 2, 0);
  return { square, error: Math.sqrt(((draws - 1) / draws) * spread) };
}

/**
 * Length of the expected vector, 0 where its square is estimated to be negative, and its standard error: how much longer
 * it is with one standard error added to the square. That is error / (2 length) where the length is large, and does not
 * grow beyond all bounds where it is small.
 */
export function lengthOf({ square, error }: Shift): { readonly length: number; readonly error: number } {
  const length = Math.sqrt(Math.max(0, square));
  return { length, error: Math.sqrt(Math.max(0, square) + error) - length };
}
