import { describe, expect, test } from "vitest";
import { symmetricEigen } from "../../src/core/eigen.ts";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { predictProbabilities } from "../../src/evaluate/logistic/logistic.ts";
import { applyAffine, composeAffine, mapAround } from "../../src/remedy/affine.ts";
import { fitDfr, modelOf, scoreMap } from "../../src/remedy/dfr.ts";
import { fitLeace } from "../../src/remedy/leace.ts";
import { eachFrom, eachWithinCell, meanOf, Scatter } from "../../src/remedy/moments.ts";
import { fitProjection } from "../../src/remedy/project.ts";
import { type ClassRows, foreignBlocks, MOST_FEATURES } from "../../src/remedy/rows.ts";
import { fitWhitening, ledoitWolf } from "../../src/remedy/whiten.ts";
import { drawnRows, farthest, mapCases } from "./fixture.ts";

const FITS = { project: fitProjection, whiten: fitWhitening, leace: fitLeace };

describe.each(mapCases)("$name", (c) => {
  test.each(["project", "whiten", "leace"] as const)("%s is the foreign one", (remedy) => {
    const { weights, offset } = FITS[remedy](c.train);
    const expected = mapAround(c[remedy], c.mean);
    const top = c[remedy].reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(farthest(weights, c[remedy]) / top).toBeLessThan(1e-9);
    expect(farthest(offset, expected.offset) / (1 + top)).toBeLessThan(1e-7);
  });

  test("the shrinkage is scikit-learn's", () => {
    const scatter = new Scatter(c.dimension);
    let fourth = 0;
    eachWithinCell(c.train, (x) => {
      scatter.add(x);
      fourth += x.reduce((sum, v) => sum + v * v, 0) ** 2;
    });
    const { rows } = scatter;
    expect(ledoitWolf(scatter.mean(), c.dimension, fourth / rows, rows)).toBeCloseTo(c.shrinkage, 9);
  });

  test("the retrained last layer has scikit-learn's probabilities", () => {
    const model = fitDfr(c.train, c.train.length);
    const lending = new Set(c.train.flatMap((of) => of.blocks.map((b) => b.background)));
    lending.delete(-1);
    const rows = c.train.flatMap((of) =>
      [...lending]
        .sort((a, b) => a - b)
        .flatMap((background) => {
          const setting = background === of.own ? "self" : "different";
          const b = of.blocks.findIndex(
            (block) => block.setting === setting && (setting === "self" || block.background === background),
          );
          return [...blockRows(of, b)];
        }),
    );
    const probability = predictProbabilities(model, Float32Array.from(rows));
    const found = Array.from(c.dfr, (_, i) => {
      const row = Math.floor(i / c.train.length);
      return probability[4 * row * c.train.length + (i % c.train.length)];
    });
    expect(farthest(found, c.dfr)).toBeLessThan(2e-6);
  });
});

const blockRows = ({ features, cells, dimension }: ClassRows, b: number) =>
  features.subarray(b * cells * dimension, (b + 1) * cells * dimension);

/** What a background is told by: rows on foreign ones minus their class's mean, and the background of each. */
function told(train: readonly ClassRows[]): { x: Float64Array[]; background: number[] } {
  const x: Float64Array[] = [];
  const background: number[] = [];
  for (const of of train) {
    const rows = foreignBlocks(of).flatMap((b) =>
      Array.from({ length: of.cells }, (_, i) => ({
        b: of.blocks[b].background,
        row: blockRows(of, b).slice(i * of.dimension, (i + 1) * of.dimension),
      })),
    );
    const mean = rows[0].row.map((_, j) => rows.reduce((sum, r) => sum + r.row[j], 0) / rows.length);
    for (const { b, row } of rows) {
      x.push(Float64Array.from(row, (v, j) => v - mean[j]));
      background.push(b);
    }
  }
  return { x, background };
}

/** Largest covariance of a feature with a background: mean over all told rows of those on it. */
function leak(train: readonly ClassRows[]): number {
  const { x, background } = told(train);
  return Math.max(
    ...[...new Set(background)].flatMap((b) => {
      const own = x.filter((_, i) => background[i] === b);
      return Array.from(x[0], (_, j) => Math.abs(own.reduce((sum, r) => sum + r[j], 0)) / x.length);
    }),
  );
}

const mapped = (train: readonly ClassRows[], map: Parameters<typeof applyAffine>[0]) =>
  train.map((of) => ({ ...of, features: applyAffine(map, of.features) }));

describe("least-squares concept erasure", () => {
  const train = drawnRows();
  const map = fitLeace(train);

  test("after it the features covary with no background: a least squares probe is a constant", () => {
    expect(leak(train)).toBeGreaterThan(0.05);
    expect(leak(mapped(train, map))).toBeLessThan(1e-7);
  });

  test("doing it twice is doing it once", () => {
    const twice = composeAffine(map, map);
    expect(farthest(twice.weights, map.weights)).toBeLessThan(1e-12);
    expect(farthest(twice.offset, map.offset)).toBeLessThan(1e-12);
  });

  test("no other map that erases as much moves the features less", () => {
    const d = map.inputs;
    const { x, background } = told(train);
    const moved = (weights: Float64Array) =>
      x.reduce((sum, row) => {
        for (let i = 0; i < d; i++) {
          let to = 0;
          for (let j = 0; j < d; j++) to += weights[i * d + j] * row[j];
          sum += (to - row[i]) ** 2;
        }
        return sum;
      }, 0);
    // What takes any direction that tells the background to 0 erases: the span of the sums by background.
    const span = new Scatter(d);
    for (const b of new Set(background))
      span.add(
        Float64Array.from({ length: d }, (_, j) =>
          x.reduce((s, r, i) => s + (background[i] === b ? r[j] : 0), 0),
        ),
      );
    const { values, vectors } = symmetricEigen(span.mean(), d);
    const random = mulberry32(8);
    for (let tries = 0; tries < 20; tries++) {
      const other = map.weights.slice();
      for (let i = 0; i < d; i++)
        for (let v = 0; v < d; v++) {
          if (values[v] > 1e-9 * values[0]) continue;
          const by = 0.1 * normal(random);
          for (let j = 0; j < d; j++) other[i * d + j] += by * vectors[v * d + j];
        }
      expect(moved(other)).toBeGreaterThan(moved(map.weights));
    }
  });

  test("a single foreign background is refused", () => {
    const one = train.map((of) => ({ ...of, blocks: of.blocks.map((b) => ({ ...b, background: -1 })) }));
    expect(() => fitLeace(one)).toThrow(/no class stands on the backgrounds of two others/);
    expect(() => fitLeace(drawnRows({ classes: 2 }))).toThrow(/name more backgrounds or classes/);
  });
});

const identity = (d: number) => Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));

test("the projection takes out the directions in which backgrounds move cells most, and nothing else", () => {
  const train = drawnRows({ dimension: 6 });
  const map = fitProjection(train, { directions: 2 });
  const scatter = new Scatter(6);
  eachWithinCell(train, (x) => scatter.add(x));
  const { values } = symmetricEigen(scatter.mean(), 6);
  const after = new Scatter(6);
  eachWithinCell(mapped(train, map), (x) => after.add(x));
  const left = symmetricEigen(after.mean(), 6).values;
  expect(farthest(left, [...values.slice(2), 0, 0])).toBeLessThan(1e-6);
  expect(farthest(symmetricEigen(map.weights, 6).values, [1, 1, 1, 1, 0, 0])).toBeLessThan(1e-12);
  expect(() => fitProjection(train, { directions: 6 })).toThrow(
    /cannot project 6 directions out of 6 features/,
  );
});

test("whitened, backgrounds move cells by about as much in every direction, and the total variance is as before", () => {
  const train = drawnRows({ cells: 200, dimension: 4 });
  const spread = (of: readonly ClassRows[]) => {
    const within = new Scatter(4);
    eachWithinCell(of, (x) => within.add(x));
    const { values } = symmetricEigen(within.mean(), 4);
    return values[0] / values[3];
  };
  const total = (of: readonly ClassRows[]) => {
    let sum = 0;
    eachFrom(of, meanOf(of, 4), (x) => {
      sum += x.reduce((s, v) => s + v * v, 0);
    });
    return sum;
  };
  const after = mapped(train, fitWhitening(train));
  expect(spread(train)).toBeGreaterThan(10);
  expect(spread(after)).toBeLessThan(1.2);
  expect(total(after) / total(train)).toBeCloseTo(1, 5);
});

test.each([
  ["no background moves", 0],
  ["backgrounds move by rounding only", 1e-7],
])("features that %s stay as they are", (_, by) => {
  const random = mulberry32(2);
  const still = drawnRows({ seed: 4 }).map((of) => {
    const mine = Float64Array.from({ length: of.cells * of.dimension }, () => normal(random));
    const features = of.features.map((_, i) => mine[i % mine.length] * (1 + by * normal(random)));
    return { ...of, features };
  });
  for (const fit of [fitProjection, fitWhitening, fitLeace]) {
    const map = fit(still);
    expect(farthest(map.weights, identity(5))).toBeLessThan(1e-12);
    expect(farthest(map.offset, new Float64Array(5))).toBeLessThan(1e-12);
  }
});

test("too many features, and no cells, are refused in a line", () => {
  const wide = drawnRows({ cells: 1, dimension: MOST_FEATURES + 1 });
  const none = drawnRows({ cells: 0 });
  for (const [name, fit] of Object.entries(FITS)) {
    expect(() => fit(wide)).toThrow(`${name} takes up to 1024 features, and the encoder has 1025`);
    expect(() => fit(none)).toThrow(`${name} has no cells to be fitted on`);
  }
});

test("a softmax regression and its scores as a map are one another's inverse", () => {
  const train = drawnRows();
  const model = fitDfr(train, 3);
  expect(modelOf(scoreMap(model), model)).toEqual(model);
  const [of] = train;
  const scores = applyAffine(scoreMap(model), of.features);
  const p = predictProbabilities(model, of.features);
  for (let i = 0; i < p.length; i += 3)
    expect(Math.log(p[i] / p[i + 1])).toBeCloseTo(scores[i] - scores[i + 1], 4);
});

test("the retrained last layer takes every class on every background", () => {
  const train = drawnRows();
  const without = (name: string, own: number) =>
    train.map((of) => {
      if (of.own !== own) return of;
      const kept = [...of.blocks.keys()].filter((b) => of.blocks[b].setting !== name);
      const features = Float32Array.from(kept.flatMap((b) => [...blockRows(of, b)]));
      return { ...of, features, blocks: kept.map((b) => of.blocks[b]) };
    });
  expect(fitDfr(without("self", 1), 3).theta).not.toEqual(fitDfr(train, 3).theta);
  expect(() => fitDfr(without("different", 2), 3)).toThrow(
    /class number 3 has no crops on the background of class number 1/,
  );
  const plain = train.map((of) => ({
    ...of,
    blocks: of.blocks.map((b) => ({ ...b, setting: "original" as const })),
  }));
  expect(() => fitDfr(plain, 3)).toThrow(/there are none; add it/);
});
