import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { fieller } from "../../src/evidence/fieller.ts";
import { binnedSlope } from "../../src/evidence/natural-curve.ts";
import { fitSlope, prepareSlope, type SlopeCells } from "../../src/evidence/slope.ts";
import { shuffledP } from "../../src/evidence/slope-shuffle.ts";

const FIXTURE = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/evidence/slope.json"), "utf8"),
);
const column = (values: number[]) => Float64Array.from(values);
const cells = FIXTURE.classes.map(
  (of: Record<string, number[]>): SlopeCells => ({
    dose: column(of.dose),
    controls: [column(of.size), column(of.light)],
    stratum: Int32Array.from(of.stratum),
    cluster: Int32Array.from(of.cluster),
  }),
) as SlopeCells[];
const outcome = FIXTURE.classes.map((of: { outcome: number[] }) => column(of.outcome)) as Float64Array[];

test("slopes, variances and degrees of freedom are those of explicit matrices with a dummy for every field", () => {
  const prepared = cells.map(prepareSlope);
  const found = fitSlope(prepared, outcome);
  expect(found.estimate).toBeCloseTo(FIXTURE.mean.estimate, 10);
  expect(found.variance).toBeCloseTo(FIXTURE.mean.variance, 10);
  expect(found.df).toBeCloseTo(FIXTURE.mean.df, 8);
  FIXTURE.each.forEach((each: typeof FIXTURE.mean, c: number) => {
    const one = fitSlope(
      prepared.map((of, k) => (k === c ? of : null)),
      outcome,
    );
    expect(one.estimate).toBeCloseTo(each.estimate, 10);
    expect(one.perClass[c]).toBe(one.estimate);
    expect(one.variance).toBeCloseTo(each.variance, 10);
    expect(one.df).toBeCloseTo(each.df, 8);
  });
});

test("cells without a dose, and those that are alone in their field, change nothing", () => {
  const [of] = cells;
  const more = (values: Float64Array, ...last: number[]) => Float64Array.from([...values, ...last]);
  const wider: SlopeCells = {
    dose: more(of.dose, Number.NaN, 5),
    controls: of.controls.map((c) => more(c, 1, 1)),
    stratum: Int32Array.from([...of.stratum, of.stratum[0], 99]),
    cluster: Int32Array.from([...of.cluster, of.cluster[0], 77]),
  };
  const before = fitSlope([prepareSlope(of)], [outcome[0]]);
  expect(fitSlope([prepareSlope(wider)], [more(outcome[0], 1e6, 1e6)])).toEqual(before);
});

test("a dose that is the same in every field, or that the controls tell, has no slope", () => {
  const [of] = cells;
  expect(prepareSlope({ ...of, dose: Float64Array.from(of.stratum) })).toBeNull();
  expect(prepareSlope({ ...of, dose: of.controls[0].map((v) => 2 * v - 1) })).toBeNull();
  expect(prepareSlope({ ...of, dose: of.dose.map(() => Number.NaN) })).toBeNull();
  const alone = { ...of, stratum: Int32Array.from(of.stratum.keys()) };
  expect(prepareSlope(alone)).toBeNull();
  const doubled = { ...of, controls: [...of.controls, of.controls[0].map((v) => 3 - v)] };
  const slope = (c: SlopeCells) => fitSlope([prepareSlope(c)], [outcome[0]]).estimate;
  expect(slope(doubled)).toBeCloseTo(slope(of), 12);
});

test("few shuffles of three cells come as often as the six orders say", () => {
  const dose = column([0, 1, 3]);
  const one = { dose, controls: [], stratum: new Int32Array(3), cluster: new Int32Array(3) };
  const y = column([0, 1, 4]);
  // Only the order at hand is as far from 0: five others are nearer.
  const [{ mean, perClass }] = shuffledP({
    prepared: [prepareSlope(one)],
    outcomes: [[y]],
    draws: 6000,
    random: mulberry32(1),
  });
  expect(mean).toBeGreaterThan(1 / 6 - 0.02);
  expect(mean).toBeLessThan(1 / 6 + 0.02);
  expect(perClass).toEqual([mean]);
});

test("shuffles find a slope, and are even under none", () => {
  const random = mulberry32(3);
  const stratum = Int32Array.from({ length: 200 }, (_, i) => i % 10);
  const p = (slope: number) => {
    const dose = Float64Array.from(stratum, (s) => s + normal(random));
    const y = dose.map((d) => slope * d + normal(random));
    const [found] = shuffledP({
      prepared: [prepareSlope({ dose, controls: [], stratum, cluster: stratum })],
      outcomes: [[y]],
      draws: 99,
      random,
    });
    return found.mean;
  };
  expect(p(1)).toBe(0.01);
  const none = Array.from({ length: 200 }, () => p(0));
  const below = none.filter((v) => v <= 0.2).length;
  expect(below).toBeGreaterThan(20);
  expect(below).toBeLessThan(60);
});

test("shuffles of few cells beside many controls are even under none", () => {
  const random = mulberry32(5);
  // Two cells are left of sixteen once eight fields and five controls have taken one each, and the slope another.
  const stratum = Int32Array.from({ length: 16 }, (_, i) => i % 8);
  const drawn = () => Float64Array.from(stratum, () => normal(random));
  const none = Array.from({ length: 400 }, () => {
    const controls = Array.from({ length: 5 }, drawn);
    const [found] = shuffledP({
      prepared: [prepareSlope({ dose: drawn(), controls, stratum, cluster: stratum })],
      outcomes: [[drawn()]],
      draws: 199,
      random,
    });
    return found.mean;
  });
  // 20 are expected at or below 0.05; where dealt doses have another length there are some 90.
  const below = none.filter((v) => v <= 0.05).length;
  expect(below).toBeGreaterThan(5);
  expect(below).toBeLessThan(40);
});

test("Fieller's interval holds the quotients that are not told from the one at hand", () => {
  const { above, below, variances, t, low, high } = FIXTURE.ratio;
  const found = fieller({ above, below, variances }, t)!;
  expect(found.low).toBeCloseTo(low, 9);
  expect(found.high).toBeCloseTo(high, 9);
  expect(fieller({ above, below: 0.1, variances }, t)).toBeNull();
});

test("a curve of a straight line is that line, at the mean dose of each fifth", () => {
  const random = mulberry32(4);
  const stratum = Int32Array.from({ length: 100 }, (_, i) => i % 5);
  const dose = Float64Array.from(stratum, () => random());
  const y = dose.map((d, i) => 0.3 + 0.5 * d + 0 * stratum[i]);
  const curve = binnedSlope(
    "d",
    [prepareSlope({ dose, controls: [], stratum, cluster: stratum })],
    [y],
    [dose],
  )!;
  expect(curve.points).toHaveLength(5);
  for (const p of curve.points) {
    expect(p.outcome).toBeCloseTo(0.3 + 0.5 * p.dose, 10);
    expect(p.cells).toBe(20);
    expect(p.low!).toBeLessThanOrEqual(p.outcome);
  }
});
