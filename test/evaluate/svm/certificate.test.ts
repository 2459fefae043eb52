import fc from "fast-check";
import { expect, test } from "vitest";
import { crossValidatePair } from "../../../src/evaluate/crossvalidate.ts";
import { balance, bestBias, certify, primalObjective } from "../../../src/evaluate/svm/certificate.ts";
import { solveSmo } from "../../../src/evaluate/svm/smo.ts";
import { folded } from "../fixtures.ts";

const number = fc.integer({ min: -40, max: 40 }).map((v) => v / 8);
const problem = fc
  .record({ first: fc.integer({ min: 1, max: 12 }), second: fc.integer({ min: 1, max: 12 }) })
  .chain(({ first, second }) =>
    fc.record({
      y: fc.constant(Int8Array.from({ length: first + second }, (_, i) => (i < first ? 1 : -1))),
      values: fc.array(number, { minLength: 2 * (first + second), maxLength: 2 * (first + second) }),
      alpha: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
        minLength: first + second,
        maxLength: first + second,
      }),
    }),
  );

test("the bias minimizes the hinge losses, and lies in the middle of all that do", () => {
  fc.assert(
    fc.property(problem, ({ y, values }) => {
      const f = Float64Array.from(y, (_, i) => values[i]);
      const loss = (b: number) => y.reduce((s, t, i) => s + Math.max(0, 1 - t * (f[i] + b)), 0);
      const kinks = Array.from(y, (t, i) => t - f[i]).sort((a, b) => a - b);
      const lowest = Math.min(...kinks.map(loss));
      const b = bestBias(y, f);
      expect(loss(b)).toBeCloseTo(lowest, 9);
      const minimizers = kinks.filter((k) => loss(k) <= lowest + 1e-9);
      expect(b).toBeCloseTo((Math.min(...minimizers) + Math.max(...minimizers)) / 2, 9);
    }),
  );
});

test("any multipliers bound the optimum from both sides", () => {
  fc.assert(
    fc.property(problem, ({ y, values, alpha }) => {
      const n = y.length;
      const p = { rows: n, dimension: 2, x: Float64Array.from(values), y };
      const optimum = solveSmo(p);
      const point = Float64Array.from(alpha);
      const { w, primal, dual, gap } = certify(p, point);
      expect(Math.abs(point.reduce((s, a, i) => s + a * y[i], 0))).toBeLessThan(1e-12);
      expect(gap).toBeGreaterThan(-1e-12);
      const slack = 1e-6 * (1 + optimum.objective);
      expect(dual).toBeLessThanOrEqual(optimum.objective + slack);
      expect(primal).toBeGreaterThanOrEqual(optimum.objective - slack);
      const f = Float64Array.from(y, (_, i) => w[0] * values[2 * i] + w[1] * values[2 * i + 1]);
      expect(primalObjective(y, w, f).primal).toBeCloseTo(primal, 9);
    }),
    { numRuns: 60 },
  );
});

test("balanced multipliers stay between 0 and 1", () => {
  const alpha = Float64Array.from([1, 0.5, 0.25, 0.25]);
  balance(Int8Array.from([1, 1, -1, -1]), alpha);
  expect([...alpha]).toEqual([1 / 3, 0.5 / 3, 0.25, 0.25]);
});

test("a pair's result does not depend on what was evaluated before", () => {
  const make = (rows: number, d: number, k: number) =>
    Float32Array.from({ length: rows * d }, (_, i) => Math.sin(i * k) + (k > 2 ? 0.3 : 0));
  const fit = (a: Float32Array, b: Float32Array, d: number) => crossValidatePair(a, b, d, folded(a, b, d));
  const pair = () => fit(make(30, 40, 1.7), make(25, 40, 2.3), 40);
  const before = pair();
  fit(make(80, 40, 1.1), make(90, 40, 3.1), 40);
  expect(pair()).toEqual(before);
  fit(make(20, 9, 1.1), make(20, 9, 3.1), 9);
  expect(pair()).toEqual(before);
});
