import { describe, expect, test } from "vitest";
import { mulberry32, normal, type Random } from "../../src/core/rng.ts";
import { DataError, StudyError } from "../../src/errors.ts";
import { softmax } from "../../src/evaluate/logistic/softmax.ts";
import { totalVariation } from "../../src/proportions/divergence.ts";
import {
  type Calibration,
  prevalence,
  QUANTIFIERS,
  type Quantifier,
} from "../../src/proportions/quantify.ts";
import { saerens } from "../../src/proportions/saerens.ts";
import { nearestShares } from "../../src/proportions/simplex.ts";

/** Probabilities of `rows` cells whose scores are noise and `signal` for the own class. */
function drawn(random: Random, labels: readonly number[], classes: number, signal: number): Float64Array {
  const out = new Float64Array(labels.length * classes);
  labels.forEach((label, i) => {
    for (let k = 0; k < classes; k++) out[i * classes + k] = normal(random) + (k === label ? signal : 0);
    softmax(out, i * classes, classes);
  });
  return out;
}

/** Expectation maximization as it is written. */
function naive(posteriors: Float64Array, prior: Float64Array, steps: number): Float64Array {
  const classes = prior.length;
  let shares = prior.slice();
  for (let step = 0; step < steps; step++) {
    const next = new Float64Array(classes);
    for (let at = 0; at < posteriors.length; at += classes) {
      const p = shares.map((share, k) => (share / prior[k]) * posteriors[at + k]);
      const sum = p.reduce((a, b) => a + b);
      for (let k = 0; k < classes; k++) next[k] += (p[k] / sum) * (classes / posteriors.length);
    }
    shares = next;
  }
  return shares;
}

const labelsOf = (random: Random, rows: number, classes: number) =>
  Array.from({ length: rows }, () => Math.floor(random() * classes));

describe("shares by maximum likelihood", () => {
  test("are where expectation maximization goes, and no others are more likely", () => {
    const random = mulberry32(4);
    for (const [classes, rows, present, signal] of [
      [2, 30, 2, 1],
      [3, 200, 3, 2],
      [5, 60, 2, 1.5],
      [15, 300, 3, 3],
    ]) {
      const posteriors = drawn(random, labelsOf(random, rows, present), classes, signal);
      const prior = Float64Array.from(
        { length: classes },
        (_, k) => (2 * (k + 1)) / (classes * (classes + 1)),
      );
      const { shares, converged } = saerens(posteriors, prior);
      expect(converged).toBe(true);
      expect(totalVariation(shares, naive(posteriors, prior, 4000))).toBeLessThan(1e-3);
      const gain = new Float64Array(classes);
      for (let at = 0; at < posteriors.length; at += classes) {
        const ratio = prior.map((p, k) => posteriors[at + k] / p);
        const sum = ratio.reduce((s, value, k) => s + value * shares[k], 0);
        for (let k = 0; k < classes; k++) gain[k] += ratio[k] / sum / rows;
      }
      shares.forEach((share, k) => {
        expect(gain[k]).toBeLessThan(1 + 1e-9);
        if (share > 1e-6) expect(gain[k]).toBeCloseTo(1, 6);
      });
    }
  });

  test("a row's weight counts like its copies; a row that no class explains counts nothing", () => {
    const random = mulberry32(5);
    const once = drawn(random, [0, 1, 2, 2, 1, 0, 0], 3, 2);
    const prior = Float64Array.of(0.2, 0.3, 0.5);
    const twice = Float64Array.of(...once.subarray(0, 3), ...once, 0, 0, 0);
    const weighted = saerens(once, prior, Float64Array.of(2, 1, 1, 1, 1, 1, 1));
    expect(totalVariation(weighted.shares, saerens(twice, prior).shares)).toBeLessThan(1e-9);
  });
});

test("nearest shares meet the conditions of the minimum", () => {
  const random = mulberry32(6);
  for (let round = 0; round < 60; round++) {
    const classes = 1 + (round % 9);
    const rows = classes + (round % 3);
    const a = Float64Array.from({ length: rows * classes }, random);
    const q = Float64Array.from({ length: rows }, () => random() * 1.5 - 0.2);
    const p = nearestShares(a, q, classes);
    expect(p.reduce((x, y) => x + y)).toBeCloseTo(1, 12);
    const off = q.map((value, i) => p.reduce((s, share, k) => s + a[i * classes + k] * share, -value));
    const slope = p.map((_, k) => off.reduce((s, value, i) => s + a[i * classes + k] * value, 0));
    const level = slope.reduce((s, value, k) => s + value * p[k], 0);
    p.forEach((share, k) => {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(slope[k]).toBeGreaterThan(level - 1e-7);
      if (share > 1e-6) expect(slope[k]).toBeCloseTo(level, 7);
    });
  }
});

describe("prevalence", () => {
  const random = mulberry32(7);
  const labels = Array.from({ length: 400 }, (_, i) => i % 4);
  const calibration: Calibration = { classes: 4, posteriors: drawn(random, labels, 4, 2), labels };
  const truth = [0.7, 0.3, 0, 0];
  const target = drawn(
    random,
    Array.from({ length: 2000 }, (_, i) => (i < 1400 ? 0 : 1)),
    4,
    2,
  );
  const methods = Object.keys(QUANTIFIERS) as Quantifier[];

  test("adjusting brings the shares of drawn cells near the truth, counting does not", () => {
    const errors = Object.fromEntries(
      methods.map((m) => [m, totalVariation(prevalence(m, calibration, target).shares, truth)]),
    );
    for (const adjusted of ["acc", "pacc", "em"]) expect(errors[adjusted]).toBeLessThan(0.06);
    for (const plain of ["cc", "pcc"]) expect(errors[plain]).toBeGreaterThan(0.1);
  });

  test.each(methods)("%s: one cell and one class", (method) => {
    const { shares } = prevalence(method, calibration, Float64Array.of(0.1, 0.7, 0.1, 0.1));
    expect(shares.reduce((x, y) => x + y)).toBeCloseTo(1, 12);
    expect(shares.indexOf(Math.max(...shares))).toBe(1);
    const alone: Calibration = { classes: 1, posteriors: Float64Array.of(1, 1), labels: [0, 0] };
    expect([...prevalence(method, alone, Float64Array.of(1)).shares]).toEqual([1]);
  });

  test("classes that look alike share evenly what is theirs, and it is said", () => {
    const blind: Calibration = {
      classes: 3,
      posteriors: Float64Array.of(0.4, 0.4, 0.2, 0.4, 0.4, 0.2, 0, 0, 1),
      labels: [0, 1, 2],
    };
    const { shares, converged } = prevalence("pacc", blind, Float64Array.of(0.2, 0.2, 0.6));
    expect(converged).toBe(false);
    [0.25, 0.25, 0.5].forEach((share, k) => {
      expect(shares[k]).toBeCloseTo(share, 5);
    });
    expect(prevalence("pacc", calibration, target).converged).toBe(true);
  });

  test.each(methods)("%s: no cells, NaN and a class without held-out cells are refused", (method) => {
    const run = (cells: Calibration, posteriors: Float64Array) => () => prevalence(method, cells, posteriors);
    expect(run(calibration, new Float64Array())).toThrow(StudyError);
    expect(run(calibration, Float64Array.of(0.5, Number.NaN, 0.2, 0.3))).toThrow(
      new DataError("target cell 1 has the probability NaN; look at its features"),
    );
    expect(run(calibration, Float64Array.of(1))).toThrow(RangeError);
    if (method === "cc" || method === "pcc") return;
    const missing = { classes: 2, posteriors: Float64Array.of(0.9, 0.1), labels: [0] };
    expect(run(missing, Float64Array.of(0.5, 0.5))).toThrow(
      new StudyError("class number 2 has no held-out cells to learn from; leave it out or add cells"),
    );
    const broken = { classes: 1, posteriors: Float64Array.of(Number.NaN), labels: [0] };
    expect(run(broken, Float64Array.of(1))).toThrow(DataError);
  });
});

test("total variation by hand", () => {
  expect(totalVariation([0.5, 0.5, 0], [0.25, 0.25, 0.5])).toBe(0.5);
  expect(() => totalVariation([1], [0.5, 0.5])).toThrow(RangeError);
});
