/** Change of every share in one step below which the steps end. */
const TOLERANCE = 1e-4;
const LIMIT = 200;

/**
 * Shares by expectation maximization (Saerens et al. 2002) of some rows, stopped where a step changes no share by 1e-4:
 * near enough to the maximum to compare many mixtures with each other, in a twentieth of the time of `saerens`.
 *
 * @param ratio rows x classes: probabilities over the shares that they were trained with
 * @param rows rows that are taken, as often as they are named
 */
export function quickShares(ratio: Float64Array, rows: ArrayLike<number>, classes: number): Float64Array {
  const shares = new Float64Array(classes).fill(1 / classes);
  const next = new Float64Array(classes);
  for (let step = 0; step < LIMIT; step++) {
    next.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const at = rows[i] * classes;
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += shares[k] * ratio[at + k];
      if (!(sum > 0)) continue;
      const share = 1 / (sum * rows.length);
      for (let k = 0; k < classes; k++) next[k] += share * ratio[at + k];
    }
    let change = 0;
    for (let k = 0; k < classes; k++) {
      const value = shares[k] * next[k];
      change = Math.max(change, Math.abs(value - shares[k]));
      shares[k] = value;
    }
    if (change < TOLERANCE) break;
  }
  return shares;
}
