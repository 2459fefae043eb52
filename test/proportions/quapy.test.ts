import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { applyScaling, type Calibrator, fitScaling } from "../../src/proportions/calibrate.ts";
import { totalVariation } from "../../src/proportions/divergence.ts";
import {
  type Calibration,
  confusionOf,
  prevalence,
  type Quantifier,
} from "../../src/proportions/quantify.ts";

interface Adjusted {
  /** As QuaPy gives it, by its least squares with a loose end. */
  readonly quapy: number[];
  /** Solved by inversion, also outside the simplex; null for a singular confusion. */
  readonly exact: number[] | null;
  /** Least squares on the simplex by scipy, to the end. */
  readonly nearest: number[];
}

interface Case {
  readonly name: string;
  readonly classes: number;
  readonly labels: number[];
  /** Probabilities in thousandths. */
  readonly heldOut: number[];
  readonly target: number[];
  readonly cc: number[];
  readonly pcc: number[];
  readonly acc: Adjusted;
  readonly pacc: Adjusted;
  readonly em: { readonly quapy: number[]; readonly exact: number[] };
  readonly scaled: Readonly<Record<"temperature" | "bias", number[][]>> | null;
}

const cases: Case[] = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/proportions/quapy.json"), "utf8"),
);
const thousandths = (values: readonly number[]) => Float64Array.from(values, (value) => value / 1000);

/** Largest difference of two lists of shares. */
function apart(found: ArrayLike<number>, expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  return Math.max(...expected.map((value, k) => Math.abs(value - found[k])));
}

describe.each(cases)("as QuaPy: $name", (given) => {
  const { classes, labels } = given;
  const calibration: Calibration = { classes, labels, posteriors: thousandths(given.heldOut) };
  const target = thousandths(given.target);
  const shares = (method: Quantifier) => prevalence(method, calibration, target).shares;

  test("counting and averaging", () => {
    expect(apart(shares("cc"), given.cc)).toBeLessThan(1e-12);
    expect(apart(shares("pcc"), given.pcc)).toBeLessThan(1e-12);
  });

  test.each(["acc", "pacc"] as const)("%s", (method) => {
    const found = shares(method);
    const { quapy, exact, nearest } = given[method];
    const inside = exact?.every((share) => share >= 0);
    if (inside === true) expect(apart(found, exact!)).toBeLessThan(1e-6);
    // Where other shares fit as well there is nothing to agree on but the fit.
    if (exact !== null) expect(apart(found, nearest)).toBeLessThan(1e-5);
    const confusion = confusionOf(calibration, method === "acc");
    const plain = given[method === "acc" ? "cc" : "pcc"];
    const misfit = (p: ArrayLike<number>) =>
      Math.hypot(
        ...plain.map((q, i) =>
          Array.from(p).reduce((s, share, k) => s + confusion[i * classes + k] * share, -q),
        ),
      );
    expect(misfit(found)).toBeLessThan(misfit(quapy) + 1e-9);
    expect(misfit(found)).toBeLessThan(misfit(nearest) + 1e-9);
    expect(prevalence(method, calibration, target).converged).toBe(exact !== null);
  });

  test("expectation maximization", () => {
    expect(apart(shares("em"), given.em.exact)).toBeLessThan(1e-6);
    // QuaPy stops at a mean change of 1e-4.
    expect(totalVariation(shares("em"), given.em.quapy)).toBeLessThan(0.01);
  });
});

test.each(cases.filter(({ scaled }) => scaled !== null))(
  "calibration as QuaPy's: $name",
  ({ classes, labels, heldOut, target, scaled }) => {
    for (const [kind, rows] of Object.entries(scaled!)) {
      const scaling = fitScaling(kind as Calibrator, thousandths(heldOut).map(Math.log), labels, classes);
      const found = applyScaling(scaling, thousandths(target).map(Math.log));
      expect(apart(found.subarray(0, rows.length * classes), rows.flat())).toBeLessThan(1e-6);
    }
  },
);
