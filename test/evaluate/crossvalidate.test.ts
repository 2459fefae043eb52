import { describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import { solveSmo } from "../../src/evaluate/smo.ts";
import { pairCases } from "./fixtures.ts";

const solvers = { smo: solveSmo };

for (const [name, solver] of Object.entries(solvers))
  describe(`converged scikit-learn SVC, ${name}`, () => {
    for (const c of pairCases())
      test(c.name, () => {
        const fit = crossValidatePair(c.a, c.b, c.dimension, 5, ["a", "b"], solver);
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

test("features that are no numbers are refused with cell and class", () => {
  const a = new Float32Array(30).map((_, i) => i);
  const b = a.slice();
  b[14] = Number.POSITIVE_INFINITY;
  expect(() => crossValidatePair(a, b, 3, 5, ["Nucleus", "Golgi"])).toThrow(
    new DataError("feature 2 of cell 4 of class Golgi is Infinity; encode that cell again or leave it out"),
  );
  expect(() => crossValidatePair(a, b.subarray(1), 3)).toThrow(RangeError);
});
