import { expect, test } from "vitest";
import { symmetricEigen } from "../../src/core/eigen.ts";
import {
  type FeatureRows,
  MOST_PRODUCTS,
  type PrincipalPlane,
  principalPlane,
  projectRows,
} from "../../src/core/principal.ts";
import { mulberry32 } from "../../src/core/rng.ts";

/** Rows along two directions that differ in length, with noise, at some distance from 0 and in unlike units. */
function drawn(rows: number, d: number, seed = 1): Float32Array {
  const random = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const axes = [3, 2].map((length) => Array.from({ length: d }, () => length * normal()));
  const out = new Float32Array(rows * d);
  for (let i = 0; i < rows; i++) {
    const [a, b] = [normal(), normal()];
    for (let j = 0; j < d; j++)
      out[i * d + j] = (j + 1) * (50 + a * axes[0][j] + b * axes[1][j] + 0.5 * normal());
  }
  return out;
}
const rowsOf = (features: Float32Array, dimension: number): FeatureRows => ({
  rows: features.length / dimension,
  dimension,
  read: (from, to, out) => out.set(features.subarray(from * dimension, to * dimension)),
});

/** The same by the correlation matrix and nothing clever. */
function naive(features: Float32Array, d: number) {
  const n = features.length / d;
  const column = (j: number) => Array.from({ length: n }, (_, i) => features[i * d + j]);
  const z = Array.from({ length: d }, (_, j) => {
    const values = column(j);
    const mean = values.reduce((a, b) => a + b, 0) / n;
    const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
    return values.map((v) => (v - mean) / (sd || 1));
  });
  const matrix = Float64Array.from({ length: d * d }, (_, k) =>
    z[Math.floor(k / d)].reduce((sum, v, i) => sum + (v * z[k % d][i]) / n, 0),
  );
  const total = d;
  // The same vectors, and no eigenvalue that is rounding.
  for (let j = 0; j < d; j++) matrix[j * d + j]++;
  const { values: above, vectors } = symmetricEigen(matrix, d);
  const values = above.map((value) => value - 1);
  const points = [0, 1].map((c) => {
    const axis = vectors.subarray(c * d, (c + 1) * d);
    const sign = axis.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most)) < 0 ? -1 : 1;
    return Array.from({ length: n }, (_, i) => axis.reduce((sum, v, j) => sum + sign * v * z[j][i], 0));
  });
  return { shares: [values[0] / total, values[1] / total], points };
}

test.each([
  ["features", 700, 6],
  ["features, fewer rows than these", 30, 90],
  ["rows", 40, MOST_PRODUCTS + 8],
])("components of products of %s are those of the correlation matrix", (_, rows, d) => {
  const features = drawn(rows, d);
  const plane = principalPlane(rowsOf(features, d))!;
  const expected = naive(features, d);
  const points = projectRows(plane, features);
  expect(plane.rows).toBe(rows);
  for (const c of [0, 1]) {
    expect(plane.shares[c]).toBeCloseTo(expected.shares[c], 6);
    expected.points[c].forEach((value, i) => {
      expect(points[2 * i + c]).toBeCloseTo(value, 2);
    });
  }
});

test("the coordinates have the variance that the shares say, and mean 0", () => {
  const d = 6;
  const features = drawn(500, d);
  const plane = principalPlane(rowsOf(features, d))!;
  const points = projectRows(plane, features);
  for (const c of [0, 1]) {
    const values = Array.from({ length: 500 }, (_, i) => points[2 * i + c]);
    expect(values.reduce((a, b) => a + b, 0) / 500).toBeCloseTo(0, 4);
    expect(values.reduce((a, b) => a + b * b, 0) / 500 / d).toBeCloseTo(plane.shares[c], 4);
  }
});

test("a feature that is constant has no weight, whatever it is elsewhere", () => {
  const features = drawn(60, 4);
  for (let i = 0; i < 60; i++) features[4 * i + 1] = 7;
  const plane = principalPlane(rowsOf(features, 4))!;
  for (const weight of [plane.weights[1], plane.weights[6]]) expect(Math.abs(weight)).toBeLessThan(1e-12);
  expect(plane.shares[0] + plane.shares[1]).toBeLessThanOrEqual(1 + 1e-9);
});

test("one feature has one component", () => {
  const plane = principalPlane(rowsOf(drawn(30, 1), 1))!;
  expect(plane.shares).toEqual([1, 0].map((v) => expect.closeTo(v, 9)));
  expect([...projectRows(plane, drawn(30, 1)).filter((_, i) => i % 2 === 1)].every((y) => y === 0)).toBe(
    true,
  );
});

test("nothing to tell apart gives no plane", () => {
  const of = (features: number[], d: number): PrincipalPlane | null =>
    principalPlane(rowsOf(Float32Array.from(features), d));
  expect(of([1, 2, 3, 4], 2)).toBeNull();
  expect(of([5, 5, 5, 5], 1)).toBeNull();
  expect(of([5, Number.NaN, 5, 4], 1)).toBeNull();
  expect(of([5, Number.POSITIVE_INFINITY, 5, 4], 1)).toBeNull();
});
