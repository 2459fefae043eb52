import { expect, test } from "vitest";
import { symmetricEigen } from "../../src/core/eigen.ts";
import { mulberry32, normal } from "../../src/core/rng.ts";

/** B B' with B of `rank` columns, rows and columns scaled by `scale`. */
function drawn(n: number, rank: number, scale: (i: number) => number = () => 1): Float64Array {
  const random = mulberry32(n + 31 * rank);
  const b = Float64Array.from({ length: n * rank }, () => normal(random));
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += b[i * rank + k] * b[j * rank + k];
    return sum * scale(i) * scale(j);
  });
}

test("a matrix whose values are known", () => {
  // biome-ignore format: a matrix
  const { values, vectors } = symmetricEigen(Float64Array.of(
    2, 1, 0,
    1, 2, 0,
    0, 0, 5,
  ), 3);
  [5, 3, 1].forEach((value, i) => {
    expect(values[i]).toBeCloseTo(value, 14);
  });
  expect(Math.abs(vectors[2])).toBeCloseTo(1, 14);
  expect(vectors[3] * vectors[4]).toBeCloseTo(0.5, 14);
  expect(vectors[6] * vectors[7]).toBeCloseTo(-0.5, 14);
});

const diagonal = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? (at / 7) % 2 : 0));
test.each([
  ["one number", 1, drawn(1, 1)],
  ["two", 2, drawn(2, 2)],
  ["a full matrix", 40, drawn(40, 40)],
  ["one of low rank", 30, drawn(30, 2)],
  ["one of zeros", 6, new Float64Array(36)],
  ["a diagonal with equal values", 6, diagonal],
  ["one of many scales", 20, drawn(20, 20, (i) => Math.exp(i))],
])("%s is the sum of its parts, and the vectors are orthonormal", (_, n, matrix) => {
  const before = matrix.slice();
  const { values, vectors } = symmetricEigen(matrix, n);
  expect(matrix).toEqual(before);
  expect([...values]).toEqual([...values].sort((a, b) => b - a));
  const top = matrix.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-300);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let [sum, inner] = [0, 0];
      for (let k = 0; k < n; k++) {
        sum += values[k] * vectors[k * n + i] * vectors[k * n + j];
        inner += vectors[i * n + k] * vectors[j * n + k];
      }
      expect(Math.abs(sum - matrix[i * n + j]) / top).toBeLessThan(1e-13);
      expect(Math.abs(inner - (i === j ? 1 : 0))).toBeLessThan(1e-13);
    }
});

test("a matrix with NaN, or of another size, is refused", () => {
  expect(() => symmetricEigen(Float64Array.of(1, Number.NaN, 0, 1), 2)).toThrow(/NaN or infinite/);
  expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow(/not 2 x 2/);
});
