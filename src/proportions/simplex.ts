/** Weight of the tie-break of {@link nearestShares}, relative to the largest column. */
const TIE = 1e-12;

/**
 * Shares p >= 0 with sum 1 that make |A p - q| smallest, solved exactly. As the shares add up to 1, A p - q = B p with
 * B = A - q 1', so p is the point of the hull of B's columns that is nearest to 0; and that is, up to its sum, the
 * non-negative least-squares solution of [B; 1'] x = [0; 1] (Lawson & Hanson 1974, chapters 20 and 23). Among shares
 * that fit alike the most even ones are taken.
 *
 * @param matrix rows x columns, row-major
 * @param q one value per row
 */
export function nearestShares(matrix: Float64Array, q: ArrayLike<number>, columns: number): Float64Array {
  const rows = q.length;
  if (matrix.length !== rows * columns)
    throw new RangeError(`${matrix.length} values are not ${rows} x ${columns}`);
  // B, a row of ones, and a weak pull towards 0 of every share.
  const height = rows + 1 + columns;
  const b = new Float64Array(height * columns);
  let top = 0;
  for (let k = 0; k < columns; k++) {
    let square = 0;
    for (let i = 0; i < rows; i++) {
      const value = matrix[i * columns + k] - q[i];
      b[i * columns + k] = value;
      square += value * value;
    }
    b[rows * columns + k] = 1;
    top = Math.max(top, square);
  }
  const pull = Math.sqrt(TIE * Math.max(top, 1e-6));
  for (let k = 0; k < columns; k++) b[(rows + 1 + k) * columns + k] = pull;
  const goal = new Float64Array(height);
  goal[rows] = 1;
  const x = nonNegative(b, goal, columns);
  let sum = 0;
  for (const value of x) sum += value;
  return x.map((value) => value / sum);
}

/**
 * Non-negative x that makes |A x - b| smallest: Lawson & Hanson's active sets, each solved by Householder reflections.
 * @param a rows x n, row-major, with independent columns
 */
export function nonNegative(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const m = b.length;
  const x = new Float64Array(n);
  const free: number[] = [];
  const residual = b.slice();
  for (let round = 0; round < 10 * n + 10; round++) {
    let best = -1;
    let steepest = 1e-14;
    for (let k = 0; k < n; k++) {
      if (free.includes(k)) continue;
      let slope = 0;
      for (let i = 0; i < m; i++) slope += a[i * n + k] * residual[i];
      if (slope > steepest) [steepest, best] = [slope, k];
    }
    if (best < 0) break;
    free.push(best);
    for (;;) {
      const z = leastSquares(a, b, n, free);
      let step = 1;
      for (let j = 0; j < free.length; j++)
        if (z[j] <= 0) step = Math.min(step, x[free[j]] / (x[free[j]] - z[j]));
      free.forEach((k, j) => {
        x[k] = step === 1 ? z[j] : x[k] + step * (z[j] - x[k]);
      });
      if (step === 1) break;
      for (let j = free.length - 1; j >= 0; j--)
        if (x[free[j]] <= 1e-15 || (z[j] <= 0 && x[free[j]] <= 1e-12)) {
          x[free[j]] = 0;
          free.splice(j, 1);
        }
    }
    residual.set(b);
    for (const k of free) for (let i = 0; i < m; i++) residual[i] -= a[i * n + k] * x[k];
  }
  return x;
}

/** Least-squares solution over some columns, which are independent. */
function leastSquares(a: Float64Array, b: Float64Array, n: number, columns: readonly number[]): Float64Array {
  const m = b.length;
  const w = columns.length;
  const r = new Float64Array(m * w);
  for (let j = 0; j < w; j++) for (let i = 0; i < m; i++) r[j * m + i] = a[i * n + columns[j]];
  const y = b.slice();
  const diagonal = new Float64Array(w);
  for (let j = 0; j < w; j++) {
    const v = r.subarray(j * m, (j + 1) * m);
    let square = 0;
    for (let i = j; i < m; i++) square += v[i] * v[i];
    diagonal[j] = v[j] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    v[j] -= diagonal[j];
    const factor = -1 / (diagonal[j] * v[j]);
    const reflect = (c: Float64Array) => {
      let sum = 0;
      for (let i = j; i < m; i++) sum += v[i] * c[i];
      for (let i = j; i < m; i++) c[i] -= factor * sum * v[i];
    };
    for (let l = j + 1; l < w; l++) reflect(r.subarray(l * m, (l + 1) * m));
    reflect(y);
  }
  const z = new Float64Array(w);
  for (let j = w - 1; j >= 0; j--) {
    let sum = y[j];
    for (let l = j + 1; l < w; l++) sum -= r[l * m + j] * z[l];
    z[j] = sum / diagonal[j];
  }
  return z;
}
