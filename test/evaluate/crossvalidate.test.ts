import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { DataError } from "../../src/errors.ts";
import { crossValidatePair, crossValidatePlain } from "../../src/evaluate/crossvalidate.ts";
import { pairCases } from "./fixtures.ts";

const solvers = { "interior point": crossValidatePair, "plain SMO": crossValidatePlain };

for (const [name, crossValidate] of Object.entries(solvers))
  describe(`converged scikit-learn SVC, ${name}`, () => {
    for (const c of pairCases())
      test(c.name, () => {
        const fit = crossValidate(c.a, c.b, c.dimension);
        fit.folds.forEach((accuracy, k) => {
          const size = (c.first + c.second) / 5;
          expect(Math.abs(accuracy - c.accuracy[k])).toBeLessThanOrEqual(1 / size + 1e-9);
          expect(Math.abs(fit.objectives[k] - c.objective[k])).toBeLessThanOrEqual(1e-4 * c.objective[k]);
        });
        expect(fit.gap).toBeLessThanOrEqual(1e-6);
        const wrong = [...c.predicted].filter(
          (p, row) => (fit.correct[row] === 1) !== (p === (row < c.first ? "0" : "1")),
        );
        expect(wrong.length).toBeLessThanOrEqual(fit.folds.length);
      });
  });

test("what never varies, is repeated or is separable ends in the right solver's optimum", () => {
  const random = mulberry32(77);
  const draw = (rows: number, d: number, make: (j: number) => number) =>
    Float32Array.from({ length: rows * d }, (_, i) => make(i % d));
  for (const [rows, d, make] of [
    [30, 12, (j: number) => (j < 6 ? 5 : normal(random))],
    [25, 5, (j: number) => normal(random) * 10 ** (j - 3)],
    [12, 20, () => Math.round(random())],
    [40, 3, () => normal(random) * 1e-4],
    [20, 2, () => 1e6 + normal(random)],
  ] as const) {
    const a = draw(rows, d, make);
    const b = draw(rows + 3, d, make);
    const fast = crossValidatePair(a, b, d);
    const plain = crossValidatePlain(a, b, d);
    expect(fast.gap).toBeLessThanOrEqual(1e-6);
    expect(plain.gap).toBeLessThanOrEqual(1e-6);
    fast.objectives.forEach((value, k) => {
      expect(Math.abs(value - plain.objectives[k])).toBeLessThanOrEqual(2e-6 * (1 + value));
    });
    expect(fast.correct.filter((c, r) => c !== plain.correct[r]).length).toBeLessThanOrEqual(1);
  }
});

test("badly scaled features: proven optimal, or refused in one line", () => {
  const random = mulberry32(5);
  const draw = (rows: number, d: number, make: (j: number) => number) =>
    Float32Array.from({ length: rows * d }, (_, i) => make(i % d));
  for (const make of [
    (j: number) => (j === 0 ? 1e5 : 1) * random(),
    (j: number) => 10 ** (j - 4) * normal(random),
    () => 1e4 * random(),
    () => 1e-12 * random(),
    () => 1e4 + random(),
  ]) {
    const fit = crossValidatePair(draw(60, 9, make), draw(55, 9, make), 9);
    expect(fit.gap).toBeLessThanOrEqual(1e-6);
    expect(fit.solvers).toEqual(new Array(5).fill("ipm"));
  }
  const wide = (j: number) => (j === 0 ? 1e15 : 1) * random();
  expect(() => crossValidatePair(draw(20, 3, wide), draw(20, 3, wide), 3, 5, ["ER", "Golgi"])).toThrow(
    /classes ER and Golgi can be proven optimal.*one scale/,
  );
});

test("features that are no numbers are refused with cell and class", () => {
  const a = new Float32Array(30).map((_, i) => i);
  const b = a.slice();
  b[14] = Number.POSITIVE_INFINITY;
  expect(() => crossValidatePair(a, b, 3, 5, ["Nucleus", "Golgi"])).toThrow(
    new DataError("feature 2 of cell 4 of class Golgi is Infinity; encode that cell again or leave it out"),
  );
  expect(() => crossValidatePair(a, b.subarray(1), 3)).toThrow(RangeError);
});
