import { symmetricEigen } from "../core/eigen.ts";
import { StudyError } from "../errors.ts";
import { type AffineMap, mapAround } from "./affine.ts";
import { meanOf, Scatter } from "./moments.ts";
import { type ClassRows, foreignBlocks, mappedDimension } from "./rows.ts";

/** Squared correlations below this share of the largest are rounding, and so are all below the second number. */
const ROUNDING = 1e-10;
const NONE = 1e-12;

/**
 * Least-squares concept erasure of the background's class (LEACE; Belrose et al. 2023, NeurIPS, section 4): of all maps after
 * which no linear probe tells the background's class better than a constant does, the one that moves the features least.
 * With W the pseudo-inverse of the square root of S_xx, x becomes x - W^+ P W (x - E x), P the orthogonal projection on
 * the columns of W S_xz; written without the roots,
 * x - S_xz (S_xz' S_xx^+ S_xz)^+ S_xz' S_xx^+ (x - E x).
 *
 * Looked at are composites on the background of another class. Features and concept are taken minus their class's mean:
 * where a class never stands on its own background, what is particular to the class would otherwise be erased with the
 * background.
 *
 * @throws StudyError where no class has two foreign backgrounds, for no cells or too many features
 */
export function fitLeace(train: readonly ClassRows[]): AffineMap {
  const d = mappedDimension(train, "leace");
  const lending = [
    ...new Set(train.flatMap((c) => foreignBlocks(c).map((b) => c.blocks[b].background))),
  ].sort((a, b) => a - b);
  const told = (c: ClassRows) => new Set(foreignBlocks(c).map((b) => c.blocks[b].background)).size;
  if (!train.some((c) => told(c) > 1))
    throw new StudyError(
      "leace erases which class the background is of, and no class stands on the backgrounds of two others; name more backgrounds or classes",
    );
  const k = lending.length;
  const scatter = new Scatter(d);
  /** k x d, not divided by the number of rows. */
  const cross = new Float64Array(k * d);
  for (const rows of train) addClass(rows, lending, scatter, cross);
  for (let i = 0; i < cross.length; i++) cross[i] /= scatter.rows;
  const solved = pseudoSolve(scatter.mean(), cross, d, k);
  const inner = pseudoInverse(product(solved, cross, k, d), k);
  const weights = new Float64Array(d * d);
  for (let i = 0; i < d; i++) weights[i * d + i] = 1;
  const right = new Float64Array(d);
  for (let a = 0; a < k; a++) {
    right.fill(0);
    for (let b = 0; b < k; b++) for (let j = 0; j < d; j++) right[j] += inner[a * k + b] * solved[b * d + j];
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) weights[i * d + j] -= cross[a * d + i] * right[j];
  }
  return mapAround(weights, meanOf(train, d));
}

/** Adds the rows of one class, minus their mean, to the scatter, and to the sums for the background that each has. */
function addClass(rows: ClassRows, lending: readonly number[], scatter: Scatter, cross: Float64Array): void {
  const { cells, dimension: d, features, blocks } = rows;
  const foreign = foreignBlocks(rows);
  const count = foreign.length * cells;
  const mean = new Float64Array(d);
  for (const b of foreign)
    for (let r = 0, at = b * cells * d; r < cells; r++)
      for (let j = 0; j < d; j++, at++) mean[j] += features[at] / count;
  const x = new Float64Array(d);
  for (const b of foreign) {
    // The mean of the concept drops out, as the rows have none.
    const to = lending.indexOf(blocks[b].background) * d;
    for (let r = 0, at = b * cells * d; r < cells; r++) {
      for (let j = 0; j < d; j++, at++) x[j] = features[at] - mean[j];
      scatter.add(x);
      for (let j = 0; j < d; j++) cross[to + j] += x[j];
    }
  }
}

/** k rows of S^+ times the k rows of `right`. */
function pseudoSolve(s: Float64Array, right: Float64Array, d: number, k: number): Float64Array {
  const { values, vectors } = symmetricEigen(s, d);
  const least = values[0] * d * Number.EPSILON;
  const out = new Float64Array(k * d);
  for (let v = 0; v < d && values[v] > least; v++)
    for (let a = 0; a < k; a++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += vectors[v * d + j] * right[a * d + j];
      for (let j = 0; j < d; j++) out[a * d + j] += (sum / values[v]) * vectors[v * d + j];
    }
  return out;
}

/** Inner products of the rows of two matrices of k rows. */
function product(a: Float64Array, b: Float64Array, k: number, d: number): Float64Array {
  const out = new Float64Array(k * k);
  for (let p = 0; p < k; p++)
    for (let q = 0; q <= p; q++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += a[p * d + j] * b[q * d + j];
      out[p * k + q] = out[q * k + p] = sum;
    }
  return out;
}

function pseudoInverse(m: Float64Array, k: number): Float64Array {
  const { values, vectors } = symmetricEigen(m, k);
  const out = new Float64Array(k * k);
  for (let v = 0; v < k && values[v] > Math.max(NONE, ROUNDING * values[0]); v++)
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++) out[a * k + b] += (vectors[v * k + a] * vectors[v * k + b]) / values[v];
  return out;
}
