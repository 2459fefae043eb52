import { afterAll, describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../../../src/core/rng.ts";
import { fitLogistic, predictProbabilities } from "../../../../src/evaluate/logistic/logistic.ts";
import { isStreamed } from "../../../../src/evaluate/logistic/streamed/choice.ts";
import { fitStreamed } from "../../../../src/evaluate/logistic/streamed/fit.ts";
import { probePool } from "../../../../src/evaluate/logistic/streamed/pool.ts";
import { type RowSource, sliceRows } from "../../../../src/evaluate/logistic/streamed/slices.ts";
import { fixture, floats } from "../../fixtures.ts";

const pools = [1, 3].map(probePool);
const [one, three] = pools;
afterAll(async () => {
  for (const pool of pools) await pool.dispose();
});

/** Features of so many rows of every class, each class around a point of its own; one feature is constant. */
function drawn(sizes: readonly number[], dimension: number) {
  const random = mulberry32(sizes.length + dimension);
  const middle = Float64Array.from({ length: sizes.length * dimension }, () => normal(random));
  const labels = Int32Array.from(sizes.flatMap((n, k) => new Array<number>(n).fill(k)));
  const features = Float32Array.from({ length: labels.length * dimension }, (_, i) => {
    const [row, j] = [Math.floor(i / dimension), i % dimension];
    return j === 1 ? 3 : (1 + j) * (middle[labels[row] * dimension + j] + normal(random) + j);
  });
  return { labels, features, dimension, classes: sizes.length };
}

/** Rows of an array, and how often pieces of them were read. */
function sourceOf({ features, dimension }: { features: Float32Array; dimension: number }) {
  const source = {
    rows: features.length / dimension,
    dimension,
    reads: [] as number[],
    read(from: number, count: number, out: Float32Array) {
      source.reads.push(count);
      out.set(features.subarray(from * dimension, (from + count) * dimension));
    },
  };
  return source satisfies RowSource;
}

/** Largest difference of two sets of probabilities, and rows that are called otherwise. */
function compare(a: Float64Array, b: Float64Array, classes: number) {
  const best = (p: Float64Array, row: number) => {
    const of = p.subarray(row * classes, (row + 1) * classes);
    return of.indexOf(Math.max(...of));
  };
  const rows = Array.from({ length: a.length / classes }, (_, row) => row);
  return {
    most: a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0),
    otherwise: rows.filter((row) => best(a, row) !== best(b, row)).length,
  };
}

describe("the optimum of fitLogistic", () => {
  for (const [name, sizes, dimension] of [
    ["few classes of unequal size", [30, 12, 55, 21], 6],
    ["many classes of a few rows", Array.from({ length: 150 }, (_, k) => 4 + (k % 3)), 12],
    ["several slices", [700, 800, 300], 5],
  ] as const)
    test(name, async () => {
      const data = drawn(sizes, dimension);
      const exact = fitLogistic(data.features, data.labels, dimension, data.classes, {
        standardize: true,
        balanced: true,
      });
      const model = await fitStreamed(one, sourceOf(data), data.labels, data.classes);
      expect(model.converged && exact.converged).toBe(true);
      const [p, q] = [model, exact].map((m) => predictProbabilities(m, data.features));
      const { most, otherwise } = compare(p, q, data.classes);
      expect(most).toBeLessThan(5e-6);
      expect(otherwise).toBe(0);
    });

  test("what is over the least value is at most the gap that is said", async () => {
    const data = drawn([20, 30, 25, 40], 7);
    const { features, labels, dimension, classes } = data;
    const model = await fitStreamed(one, sourceOf(data), labels, classes);
    expect(model.gap).toBeLessThan(1e-10);
    // The objective on standardized features, by its formula.
    const rows = labels.length;
    const column = (j: number) => Float64Array.from({ length: rows }, (_, i) => features[i * dimension + j]);
    const scale = Array.from({ length: dimension }, (_, j) => {
      const x = column(j);
      const mean = x.reduce((a, b) => a + b, 0) / rows;
      return Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / rows) || 1;
    });
    const sizes = labels.reduce((of, k) => of.fill(of[k] + 1, k, k + 1), new Array<number>(classes).fill(0));
    const objective = (theta: Float64Array) => {
      const p = predictProbabilities({ ...model, theta }, features);
      const loss = labels.reduce((sum, k, i) => sum - Math.log(p[i * classes + k]) / (classes * sizes[k]), 0);
      const penalty = theta.reduce((sum, v, t) => {
        const j = t % (dimension + 1);
        return j === dimension ? sum : sum + (v * scale[j]) ** 2;
      }, 0);
      return loss + penalty / (2 * rows);
    };
    const exact = fitLogistic(features, labels, dimension, classes, { standardize: true, balanced: true });
    expect(objective(model.theta)).toBeLessThan(objective(exact.theta) + model.gap + 1e-15);
    // One that is moved is above it.
    expect(objective(model.theta.map((v) => 1.001 * v))).toBeGreaterThan(
      objective(exact.theta) + model.gap + 1e-15,
    );
  });
});

interface ManyClasses {
  name: string;
  sizes: number[];
  dimension: number;
  features: string;
  /** Of the own class and of the predicted one. */
  probability: number[][];
  predicted: number[];
}

describe("scikit-learn's LogisticRegression of many classes", () => {
  for (const c of fixture<ManyClasses[]>("many-classes.json"))
    test(c.name, async () => {
      const features = floats(c.features);
      const labels = Int32Array.from(c.sizes.flatMap((n, k) => new Array<number>(n).fill(k)));
      const model = await fitStreamed(
        one,
        sourceOf({ features, dimension: c.dimension }),
        labels,
        c.sizes.length,
      );
      const classes = c.sizes.length;
      const p = predictProbabilities(model, features);
      const own = Array.from(labels, (k, i) => p[i * classes + k]);
      own.forEach((value, i) => {
        expect(Math.abs(value - c.probability[i][0])).toBeLessThan(5e-6);
        expect(Math.abs(p[i * classes + c.predicted[i]] - c.probability[i][1])).toBeLessThan(5e-6);
      });
      const called = Array.from(labels, (_, i) => {
        const of = p.subarray(i * classes, (i + 1) * classes);
        return of.indexOf(Math.max(...of));
      });
      expect(called).toEqual(c.predicted);
    });
});

describe("the same bytes", () => {
  const data = drawn([600, 500, 450, 20], 9);

  test("on one thread and on three", async () => {
    const [a, b] = await Promise.all(
      pools.map((pool) => fitStreamed(pool, sourceOf(data), data.labels, data.classes)),
    );
    expect(b).toEqual(a);
  });

  test("whether features are held or read anew in pieces", async () => {
    const held = sourceOf(data);
    const pieces = sourceOf(data);
    const a = await fitStreamed(three, held, data.labels, data.classes);
    const b = await fitStreamed(three, pieces, data.labels, data.classes, { heldBytes: 0 });
    expect(b).toEqual(a);
    expect(held.reads).toEqual([held.rows]);
    expect(Math.max(...pieces.reads)).toBe(sliceRows(pieces.rows, pieces.dimension));
    expect(pieces.reads.length).toBeGreaterThan(4 * a.iterations);
  });
});

test("a fit can be stopped between two looks at the rows, and the threads go on to others", async () => {
  const data = drawn([40, 30, 50], 4);
  let looks = 0;
  const between = async () => {
    if (++looks === 3) throw new Error("enough");
  };
  await expect(fitStreamed(three, sourceOf(data), data.labels, 3, { between })).rejects.toThrow("enough");
  expect((await fitStreamed(three, sourceOf(data), data.labels, 3)).converged).toBe(true);
});

test("features that are no numbers and classes without rows are refused", async () => {
  const data = drawn([5, 5], 3);
  await expect(fitStreamed(one, sourceOf(data), data.labels, 3)).rejects.toThrow(
    "class number 3 has no cells to train on",
  );
  data.features[7] = Number.NaN;
  await expect(fitStreamed(one, sourceOf(data), data.labels, 2)).rejects.toThrow(/the training set/);
});

test("probes of studies of today's size are not fitted in pieces", () => {
  const streamed = (rows: number, classes: number, dimension: number) =>
    isStreamed({ rows, classes, dimension });
  expect(streamed(15_000, 15, 384)).toBe(false);
  expect(streamed(1_000_000, 15, 64)).toBe(false);
  expect(streamed(2400, 400, 8)).toBe(false);
  expect(streamed(9000, 1500, 8)).toBe(true);
  expect(streamed(400_000, 15, 1024)).toBe(true);
});
