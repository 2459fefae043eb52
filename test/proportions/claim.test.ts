import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { fitLogistic, predictScores } from "../../src/evaluate/logistic/logistic.ts";
import { CLAIM, type ClaimRequest, claim, type Representation } from "../../src/proportions/claim.ts";
import { smoothedDivergence, totalVariation } from "../../src/proportions/divergence.ts";
import { mixtures } from "../../src/proportions/mixtures.ts";
import { quickShares } from "../../src/proportions/quick.ts";
import { saerens } from "../../src/proportions/saerens.ts";
import { fitScores, type Scores } from "../../src/proportions/scores.ts";

const CLASSES = 3;
const DIMENSION = 4;

function finish<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Cells at the corners of a simplex, each with its own noise; `pull` moves every cell towards class 0. */
function features(labels: ArrayLike<number>, seed: number, pull = 0): Float32Array {
  const random = mulberry32(seed);
  const out = new Float32Array(labels.length * DIMENSION);
  for (let i = 0; i < labels.length; i++)
    for (let j = 0; j < DIMENSION; j++)
      out[i * DIMENSION + j] =
        normal(random) + 3 * ((1 - pull) * (labels[i] === j ? 1 : 0) + (j === 0 ? pull : 0));
  return out;
}

/** 4 proteins a class, 2 fields each, 6 cells a field. */
const labels = Int32Array.from({ length: CLASSES * 48 }, (_, i) => Math.floor(i / 48));
const protein = Int32Array.from(labels, (c, i) => 4 * c + Math.floor((i % 48) / 12));
const field = Int32Array.from(labels, (_, i) => Math.floor(i / 6));
const fold = Int32Array.from(labels, (_, i) => Math.floor((i % 48) / 12));
const training = { classes: CLASSES, labels, fold, count: 4, dimension: DIMENSION };

/** Two proteins of 60 cells in four fields: half class 1, half class 2. */
const states = Int32Array.from({ length: 120 }, (_, i) => 1 + (i % 2));
const target = {
  protein: Array.from(states, (_, i) => (i < 60 ? "first" : "second")),
  field: Array.from(states, (_, i) => `f${Math.floor(i / 15)}`),
  untestable: new Map<string, string>(),
};

function scores(name: Representation, seed: number, pull: number): Scores {
  return finish(
    fitScores(training, {
      training: features(labels, seed),
      targets: new Map([[name, { features: features(states, seed + 1, pull) }]]),
      halved: name,
    }),
  );
}

function request(pull: number, more: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    encoder: "drawn",
    method: "em",
    unit: "protein",
    folds: 4,
    classes: ["a", "b", "c"],
    training: { labels, protein, field },
    target,
    scores: new Map([
      ["original", scores("original", 11, pull)],
      ["masked", scores("masked", 21, 0)],
    ]),
    backgrounds: [],
    seed: 3,
    ...more,
  };
}

test("scores are those of probes that did not know the fold, targets' their mean", () => {
  const [x, y] = [features(labels, 1), features(states, 2)];
  const found = finish(
    fitScores(training, { training: x, targets: new Map([["y", { features: y }]]), halved: "y" }),
  );
  const mean = new Float64Array(states.length * CLASSES);
  for (let k = 0; k < 4; k++) {
    const rows = [...labels.keys()].filter((row) => fold[row] !== k);
    const own = Float32Array.from(
      rows.flatMap((row) => [...x.subarray(row * DIMENSION, (row + 1) * DIMENSION)]),
    );
    const model = fitLogistic(
      own,
      rows.map((row) => labels[row]),
      DIMENSION,
      CLASSES,
      { standardize: true },
    );
    const all = predictScores(model, x);
    for (const row of labels.keys())
      if (fold[row] === k)
        for (let c = 0; c < CLASSES; c++)
          expect(found.heldOut[row * CLASSES + c]).toBe(all[row * CLASSES + c]);
    predictScores(model, y).forEach((v, at) => {
      mean[at] += v / 4;
    });
  }
  const of = found.targets.get("y")!;
  for (let at = 0; at < mean.length; at++) expect(of[at]).toBeCloseTo(mean[at], 10);
  expect(found.halves.map(({ rows }) => rows.length)).toEqual([72, 72]);
});

test("cells whose shares are the same in both ways give no claim; those that are pulled away do", () => {
  const same = finish(claim(request(0)));
  expect(CLAIM.parse(same)).toEqual(same);
  for (const { seen, changes } of same.proteins) {
    for (const { shares } of seen) expect(totalVariation(shares, [0, 0.5, 0.5])).toBeLessThan(0.12);
    const [original, masked] = seen;
    expect([original.low, original.high]).toEqual([null, null]);
    [0, 0.5, 0.5].forEach((share, k) => {
      expect(masked.low![k]).toBeLessThanOrEqual(share);
      expect(masked.high![k]).toBeGreaterThanOrEqual(share);
    });
    expect(changes).toHaveLength(1);
    expect(changes[0].verdict).toBe("not shown");
    expect(changes[0].p).toBeGreaterThan(0.05);
    expect(changes[0].low).toBe(0);
  }
  const pulled = finish(claim(request(0.6)));
  for (const { changes } of pulled.proteins) {
    const { variation, low, high, moved, verdict, q, null: mixtures } = changes[0];
    expect(verdict).toBe("changes");
    expect(q).toBeLessThanOrEqual(0.05);
    expect(moved.loses).toBe(0);
    expect(low).toBeCloseTo(Math.max(0, variation - mixtures!.limit), 12);
    expect(high).toBeCloseTo(Math.min(1, variation + mixtures!.limit), 12);
  }
});

test("equal requests give equal claims", () => {
  expect(finish(claim(request(0.3)))).toEqual(finish(claim(request(0.3))));
});

test("q is the false discovery rate over proteins", () => {
  const { proteins } = finish(claim(request(0)));
  const [p, q] = (["p", "q"] as const).map((of) => proteins.map((x) => x.changes[0][of]!));
  const last = Math.max(...p);
  expect(q[p.indexOf(last)]).toBe(last);
  expect(q[p.indexOf(Math.min(...p))]).toBe(Math.min(last, 2 * Math.min(...p)));
});

test("nothing is tested of proteins with another label, or where no proteins are held out", () => {
  const other = new Map([["first", "labeled X, which is no class of the study"]]);
  const [first, second] = finish(claim(request(0.6, { target: { ...target, untestable: other } }))).proteins;
  expect(first.changes[0]).toMatchObject({
    verdict: "not tested",
    p: null,
    q: null,
    why: other.get("first"),
  });
  expect(second.changes[0].verdict).toBe("changes");
  const fields = finish(claim(request(0.6, { unit: "field" })));
  for (const { changes } of fields.proteins) {
    expect(changes[0]).toMatchObject({ verdict: "not tested", p: null, low: null, null: null });
    expect(changes[0].why).toMatch(/two proteins/);
  }
});

test.each(["cc", "acc", "pcc", "pacc"] as const)("%s judges in the same way", (method) => {
  const { proteins } = finish(claim(request(0.6, { method })));
  for (const { changes } of proteins) expect(changes[0].verdict).toBe("changes");
});

test("one cell, of one protein, has shares and is not claimed to change", () => {
  const one = { protein: ["only"], field: ["f"], untestable: new Map<string, string>() };
  const cut = (s: Scores): Scores => ({
    ...s,
    targets: new Map([...s.targets].map(([name, all]) => [name, all.slice(0, CLASSES)])),
  });
  const { scores: all } = request(0);
  const few = new Map([...all].map(([name, s]) => [name, cut(s)]));
  const { proteins } = finish(claim(request(0, { target: one, scores: few })));
  expect(proteins).toHaveLength(1);
  expect(proteins[0]).toMatchObject({ cells: 1, fields: 1 });
  expect(proteins[0].changes[0].verdict).toBe("not shown");
});

test("mixtures have the wanted size, classes by shares, and of each class one protein", () => {
  const lot = { classes: CLASSES, labels, protein, field };
  const draw = mixtures(lot, [0.2, 0, 0.8], [10, 30], 5);
  const counts = new Float64Array(CLASSES);
  for (let n = 0; n < 200; n++) {
    const rows = draw(n);
    expect(rows).toHaveLength(40);
    for (let c = 0; c < CLASSES; c++) {
      const own = [...rows].filter((row) => labels[row] === c);
      counts[c] += own.length / 8000;
      expect(new Set(own.map((row) => protein[row])).size).toBeLessThanOrEqual(1);
      // Every field of the mixture draws from one field of a class.
      const first = [...rows.subarray(0, 10)].filter((row) => labels[row] === c);
      expect(new Set(first.map((row) => field[row])).size).toBeLessThanOrEqual(1);
    }
  }
  expect(counts[1]).toBe(0);
  expect(counts[0]).toBeCloseTo(0.2, 1);
  expect(draw(7)).toEqual(mixtures(lot, [0.2, 0, 0.8], [10, 30], 5)(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test("quick shares are near those of greatest likelihood", () => {
  const random = mulberry32(9);
  for (let n = 0; n < 20; n++) {
    const posteriors = new Float64Array(50 * CLASSES);
    for (let i = 0; i < 50; i++) {
      const own = Float64Array.from({ length: CLASSES }, () => Math.exp(2 * normal(random)));
      const sum = own.reduce((a, b) => a + b);
      own.forEach((v, k) => {
        posteriors[i * CLASSES + k] = v / sum;
      });
    }
    const prior = Float64Array.of(0.2, 0.3, 0.5);
    const ratio = posteriors.map((p, at) => p / prior[at % CLASSES]);
    const quick = quickShares(
      ratio,
      Int32Array.from({ length: 50 }, (_, i) => i),
      CLASSES,
    );
    expect(totalVariation(quick, saerens(posteriors, prior).shares)).toBeLessThan(0.01);
  }
});

test("the divergence of shares is finite where one is 0, and 0 where they agree", () => {
  const [p, q] = [Float64Array.of(0, 1), Float64Array.of(1, 0)];
  expect(smoothedDivergence(p, p, 10)).toBe(0);
  // (0.25 / 10.5) ln((0.25 / 10.5) / (10.25 / 10.5)) + (10.25 / 10.5) ln(10.25 / 0.25)
  const [a, b] = [0.25 / 10.5, 10.25 / 10.5];
  expect(smoothedDivergence(p, q, 10)).toBeCloseTo(a * Math.log(a / b) + b * Math.log(b / a), 12);
});
