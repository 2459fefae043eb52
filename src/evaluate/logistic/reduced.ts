import { Kernels } from "../svm/kernels.ts";
import { MOST_PAIR_BYTES, memoryBytes } from "../svm/memory.ts";

/** Features per row above which as many features as rows stand for them. */
const MANY = 1.5;
/** Share of the rows' mean squared norm that keeps their products positive definite. */
const RIDGE = 1e-10;

/** As many features as rows, with the inner products of the rows. */
export interface Reduced {
  /** Rows x rows. */
  readonly features: Float32Array;
  /** Weights on the features that these stand for. */
  weights(reduced: Float64Array): Float64Array;
}

/** Whether {@link reduce} is worth while, and has the memory. */
export function isReducible(rows: number, dimension: number): boolean {
  return dimension > MANY * rows && memoryBytes(dimension, rows, "features") <= MOST_PAIR_BYTES;
}

/**
 * Rotates rows Z = (x - center) / scale into the space that they span: with the Cholesky factor ZZ' = U'U, the rows of U'
 * have the same inner products, and weights v on them are Z'U^-1 v on the features. A penalty that is the same for all
 * features is that of v, so that the optimum is the same.
 */
export function reduce(features: Float32Array, center: Float64Array, scale: Float64Array): Reduced {
  const d = center.length;
  const n = features.length / d;
  const z = (r: number, j: number) => (features[r * d + j] - center[j]) / scale[j];
  // The features are the rows here.
  const kernels = new Kernels(d, n, "features");
  const { columns, memory } = kernels;
  const { code, x, list, long, h, pack } = memory;
  for (let r = 0; r < n; r++) for (let j = 0; j < d; j++) x.f32[j * columns + r] = z(r, j);
  for (let j = 0; j < d; j++) list.i32[j] = j;
  long.f64.fill(1, 0, d);
  h.f64.fill(0);
  code.rankUpdate64(x.at, columns, list.at, long.at, d, h.at, pack.at);
  let size = 0;
  for (let r = 0; r < n; r++) size += h.f64[r * columns + r] / n;
  for (let r = 0; r < columns; r++) h.f64[r * columns + r] += r < n ? RIDGE * size || 1 : 1;
  if (code.cholesky64(h.at, columns, pack.at) !== 0)
    throw new RangeError("inner products of rows are not positive definite");
  const u = h.f64.slice();
  const turned = new Float32Array(n * n);
  for (let k = 0; k < n; k++) for (let r = k; r < n; r++) turned[r * n + k] = u[k * columns + r];
  return {
    features: turned,
    weights: (reduced) => {
      const c = reduced.slice(0, n);
      for (let k = n - 1; k >= 0; k--) {
        for (let r = k + 1; r < n; r++) c[k] -= u[k * columns + r] * c[r];
        c[k] /= u[k * columns + k];
      }
      const out = new Float64Array(d);
      for (let r = 0; r < n; r++) for (let j = 0; j < d; j++) out[j] += z(r, j) * c[r];
      return out;
    },
  };
}
