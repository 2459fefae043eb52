import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import {
  type AffineMap,
  applyAffine,
  composeAffine,
  identityMap,
  mapAround,
} from "../../src/remedy/affine.ts";

function drawn(inputs: number, outputs: number, seed: number): AffineMap {
  const random = mulberry32(seed);
  const draw = (n: number) => Float64Array.from({ length: n }, () => normal(random));
  return { inputs, outputs, weights: draw(outputs * inputs), offset: draw(outputs) };
}
const features = Float32Array.from({ length: 12 }, (_, i) => Math.sin(3 * i));

test("a map by hand", () => {
  // biome-ignore format: a matrix
  const map = { inputs: 3, outputs: 2, offset: Float64Array.of(1, 0), weights: Float64Array.of(
    1, 0, 2,
    0, -1, 0,
  ) };
  expect(applyAffine(map, Float32Array.of(1, 2, 3, 0, 0, 0))).toEqual(Float32Array.of(8, -2, 1, 0));
});

test("in place, and into an array that is given", () => {
  const map = drawn(3, 3, 1);
  const fresh = applyAffine(map, features);
  const own = features.slice();
  expect(applyAffine(map, own, own)).toBe(own);
  expect(own).toEqual(fresh);
  expect(applyAffine(identityMap(3), features)).toEqual(features);
});

test("two maps as one are the one after the other", () => {
  const [first, second] = [drawn(3, 4, 1), drawn(4, 2, 2)];
  const both = applyAffine(composeAffine(first, second), features);
  applyAffine(second, applyAffine(first, features)).forEach((v, i) => {
    expect(both[i]).toBeCloseTo(v, 4);
  });
  expect(() => composeAffine(second, second)).toThrow(/of 4 features cannot follow one that gives 2/);
});

test("what a map is made around stays", () => {
  const map = mapAround(drawn(3, 3, 5).weights, Float64Array.of(1, -2, 4));
  [1, -2, 4].forEach((v, j) => {
    expect(applyAffine(map, Float32Array.of(1, -2, 4))[j]).toBeCloseTo(v, 6);
  });
});

test("arrays of another shape are refused", () => {
  expect(() => applyAffine(drawn(5, 5, 1), features)).toThrow(RangeError);
  expect(() => applyAffine(drawn(3, 2, 1), features, new Float32Array(12))).toThrow(/do not map to 12/);
});
