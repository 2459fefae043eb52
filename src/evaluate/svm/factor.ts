import type { RowView } from "./row-view.ts";

/** v = H^-1 v, in place. */
export type Solve = (v: Float64Array) => void;

/** Rows of small weight that enter H together, by what they have in common. */
export interface Together {
  /** X'X of them and all others, columns x columns, upper triangle. */
  readonly scatter: Float32Array;
  /** The weight that they, and the others in part, enter with. */
  readonly base: number;
  /** Rows with a weight above this enter one by one. */
  readonly above: number;
}

export interface FactorOptions {
  /** In float32 (twice as fast) instead of float64; that of few rows is always in float64. */
  readonly single?: boolean;
  /** All rows enter one by one without it. */
  readonly together?: Together | null;
}

/**
 * Factors H = I + X'DX, D being the diagonal matrix of the weights, or
 * I + base * scatter + sum of (weight[r] - base) x x' over the rows with a weight above `above`.
 *
 * @returns what solves systems with H until the next factor is made; null where H is not positive definite in that
 * precision
 */
export function factor(
  rows: RowView,
  weight: Float64Array,
  { single = false, together = null }: FactorOptions = {},
): Solve | null {
  if (rows.few && together === null) return factorFew(rows, weight);
  const { columns, memory } = rows.kernels;
  const { code, x, list, long, short, h, pack } = memory;
  const { scatter, base, above } = together ?? { scatter: null, base: 0, above: 0 };
  const matrix = single ? h.f32 : h.f64;
  if (scatter === null) matrix.fill(0);
  else for (let i = 0; i < matrix.length; i++) matrix[i] = base * scatter[i];
  for (let j = 0; j < columns; j++) matrix[j * (columns + 1)] += 1;
  let count = 0;
  for (let r = 0; r < rows.count; r++)
    if (weight[r] > above) {
      list.i32[count] = rows.list[r];
      long.f64[count++] = Math.sqrt(weight[r] - base);
    }
  const update = single ? code.rankUpdate32 : code.rankUpdate64;
  update(x.at, columns, list.at, long.at, count, h.at, pack.at);
  // A hair on the diagonal keeps rounding from making H indefinite; what it changes is left to refinement.
  const hair = 1 + (single ? 1e-6 : 1e-13);
  for (let j = 0; j < columns; j++) matrix[j * (columns + 1)] *= hair;
  const cholesky = single ? code.cholesky32 : code.cholesky64;
  if (cholesky(h.at, columns, pack.at) !== 0) return null;
  const solve = single ? code.solve32 : code.solve64;
  const found = single ? short.f32 : short.f64;
  return (v) => {
    found.set(v);
    solve(h.at, columns, short.at);
    v.set(found);
  };
}

/**
 * For fewer rows than features, by the factor of their own system (Woodbury), in float64:
 * H^-1 = I - X'D^1/2 S^-1 D^1/2 X with S = I + D^1/2 XX' D^1/2.
 */
function factorFew(rows: RowView, weight: Float64Array): Solve | null {
  const { columns, memory } = rows.kernels;
  const { code, long, short, h, pack } = memory;
  const { count } = rows;
  const gram = rows.gram();
  const width = Math.ceil(count / 8) * 8;
  const roots = memory.roots.f64;
  for (let r = 0; r < width; r++) roots[r] = r < count ? Math.sqrt(weight[r]) : 0;
  const s = h.f64;
  for (let i = 0, at = 0; i < width; i++) {
    at += i;
    const root = roots[i];
    for (let j = i; j < width; j++, at++) s[at] = root * roots[j] * gram[at];
    s[i * (width + 1)] += 1;
  }
  if (code.cholesky64(h.at, width, pack.at) !== 0) return null;
  const inner = long.f64;
  const correction = short.f64;
  return (v) => {
    rows.scores(v, inner);
    for (let r = 0; r < width; r++) inner[r] = r < count ? roots[r] * inner[r] : 0;
    code.solve64(h.at, width, long.at);
    for (let r = 0; r < count; r++) inner[r] *= roots[r];
    rows.combine(inner, correction);
    for (let j = 0; j < columns; j++) v[j] -= correction[j];
  };
}

/** Rows of more than this times the others' average weight enter one by one. */
const SPLIT = 2;

/** Which of the first `count` weights are small enough to enter together; conjugate gradients make up for the rest. */
export function smallWeights(weight: Float64Array, count: number): { base: number; above: number } {
  let above = Infinity;
  let base = 0;
  for (let round = 0; round < 4; round++) {
    let sum = 0;
    let small = 0;
    for (let i = 0; i < count; i++)
      if (weight[i] <= above) {
        sum += weight[i];
        small++;
      }
    base = sum / small;
    above = SPLIT * base;
  }
  return { base, above };
}
