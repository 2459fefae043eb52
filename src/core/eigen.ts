/** Eigenvalues of a symmetric matrix, descending, and their vectors. */
export interface Eigen {
  readonly values: Float64Array;
  /** Orthonormal; row i belongs to value i. */
  readonly vectors: Float64Array;
}

/** Sweeps of the iteration for one eigenvalue; two or three are usual. */
const PATIENCE = 60;

/**
 * All eigenvalues and vectors of a symmetric matrix: Householder reflections to a tridiagonal one, then QL steps with
 * implicit shifts (Golub & Van Loan 2013, sections 8.3.1 and 8.3.3). Time grows with the cube of `n`, about a second at 500.
 *
 * @param matrix n x n, row-major; only read
 * @throws RangeError for a value that is NaN or infinite
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n) throw new RangeError(`${matrix.length} values are not ${n} x ${n}`);
  if (!matrix.every(Number.isFinite)) throw new RangeError("the matrix has a value that is NaN or infinite");
  const { diagonal, beside, vectors } = tridiagonal(matrix.slice(), n);
  iterate(diagonal, beside, vectors, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a]);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors: sorted };
}

/** `a` (overwritten) as V' T V with T tridiagonal and the rows of V orthonormal. */
function tridiagonal(a: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const product = new Float64Array(n);
  const factors = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const row = k * n;
    let square = 0;
    for (let j = k + 1; j < n; j++) square += a[row + j] ** 2;
    const first = a[row + k + 1];
    const length = Math.sqrt(square);
    beside[k] = first > 0 ? -length : length;
    if (length === 0) continue;
    // The reflection I - factor v v' takes the row to (beside, 0, ..., 0); v stays in the row.
    a[row + k + 1] = first - beside[k];
    const factor = 1 / (beside[k] * (beside[k] - first));
    factors[k] = factor;
    let half = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1, at = i * n + k + 1; j < n; j++, at++) sum += a[at] * a[row + j];
      product[i] = factor * sum;
      half += product[i] * a[row + i];
    }
    half *= factor / 2;
    for (let i = k + 1; i < n; i++) product[i] -= half * a[row + i];
    for (let i = k + 1; i < n; i++) {
      const [v, p] = [a[row + i], product[i]];
      for (let j = k + 1, at = i * n + k + 1; j < n; j++, at++) a[at] -= v * product[j] + p * a[row + j];
    }
  }
  for (let k = 0; k < n; k++) diagonal[k] = a[k * n + k];
  if (n > 1) beside[n - 2] = a[(n - 2) * n + n - 1];
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    if (factors[k] === 0) continue;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += vectors[i * n + j] * a[k * n + j];
      sum *= factors[k];
      for (let j = k + 1; j < n; j++) vectors[i * n + j] -= sum * a[k * n + j];
    }
  }
  return { diagonal, beside, vectors };
}

/** Takes a tridiagonal matrix to its eigenvalues (in `diagonal`), turning the rows of `vectors` along. */
function iterate(diagonal: Float64Array, beside: Float64Array, vectors: Float64Array, n: number): void {
  for (let low = 0; low < n; low++) {
    for (let sweep = 0; ; sweep++) {
      let high = low;
      for (; high < n - 1; high++) {
        const near = Math.abs(diagonal[high]) + Math.abs(diagonal[high + 1]);
        if (Math.abs(beside[high]) <= Number.EPSILON * near) break;
      }
      if (high === low) break;
      if (sweep === PATIENCE) throw new RangeError("the eigenvalues do not converge");
      const g = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low]);
      const r = Math.sqrt(g * g + 1);
      let bulge = diagonal[high] - diagonal[low] + beside[low] / (g + (g >= 0 ? r : -r));
      let [sine, cosine, carried] = [1, 1, 0];
      let i = high - 1;
      for (; i >= low; i--) {
        const f = sine * beside[i];
        const b = cosine * beside[i];
        const length = Math.sqrt(f * f + bulge * bulge);
        beside[i + 1] = length;
        if (length === 0) {
          // The matrix falls into two; the parts are taken up again.
          diagonal[i + 1] -= carried;
          beside[high] = 0;
          break;
        }
        sine = f / length;
        cosine = bulge / length;
        const g1 = diagonal[i + 1] - carried;
        const s = (diagonal[i] - g1) * sine + 2 * cosine * b;
        carried = sine * s;
        diagonal[i + 1] = g1 + carried;
        bulge = cosine * s - b;
        for (let j = 0, x = i * n, y = x + n; j < n; j++, x++, y++) {
          const [u, v] = [vectors[x], vectors[y]];
          vectors[y] = sine * u + cosine * v;
          vectors[x] = cosine * u - sine * v;
        }
      }
      if (i >= low) continue;
      diagonal[low] -= carried;
      beside[low] = bulge;
      beside[high] = 0;
    }
  }
}
