import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../../src/core/rng.ts";
import { crossValidatePair, crossValidatePlain } from "../../../src/evaluate/crossvalidate.ts";
import { stratifiedSplit } from "../../../src/evaluate/split.ts";
import { InnerProducts } from "../../../src/evaluate/svm/inner-products.ts";
import { Kernels } from "../../../src/evaluate/svm/kernels.ts";
import { Proof } from "../../../src/evaluate/svm/proof.ts";
import { solveRowsInterior } from "../../../src/evaluate/svm/rows-interior.ts";
import { solveSmo } from "../../../src/evaluate/svm/smo.ts";
import { fixture, folded } from "../fixtures.ts";

interface WideCase {
  readonly sizes: [number, number];
  readonly dimension: number;
  readonly shift: number;
  readonly folds: number;
  readonly objective: number[];
  readonly predicted: string;
}

/** Numbers as scripts/make-svm-fixtures.py makes them. */
function hashed(rows: number, dimension: number, seed: number, shift: number): Float32Array {
  return Float32Array.from({ length: rows * dimension }, (_, i) => {
    let h = (i + seed * 1000003) >>> 0;
    for (const factor of [0x7feb352d, 0x846ca68b]) h = Math.imul(h ^ (h >>> 16), factor) >>> 0;
    const u = ((h ^ (h >>> 16)) >>> 16) / 65536;
    return (u < 0.4 ? 0 : u) + ((i % dimension) % 16 === 0 ? shift : 0);
  });
}

describe("wide features: converged scikit-learn SVC", () => {
  for (const c of fixture<WideCase[]>("wide.json"))
    test(`${c.sizes.join(" and ")} rows of ${c.dimension}`, () => {
      const a = hashed(c.sizes[0], c.dimension, 1, c.shift);
      const b = hashed(c.sizes[1], c.dimension, 2, 0);
      const fit = crossValidatePair(a, b, c.dimension, folded(a, b, c.dimension, c.folds));
      // LIBSVM's inner products are float32, and its tolerance is one of the gradient: it may stop above the optimum.
      fit.objectives.forEach((value, k) => {
        expect(value).toBeLessThanOrEqual(c.objective[k] + 1e-6 * (1 + value));
        expect(value).toBeGreaterThanOrEqual(c.objective[k] - 1e-4 * (1 + c.objective[k]));
      });
      expect(fit.gap).toBeLessThanOrEqual(1e-6);
      const wrong = [...c.predicted].filter(
        (p, row) => (fit.correct[row] === 1) !== (p === (row < c.sizes[0] ? "0" : "1")),
      );
      expect(wrong.length).toBeLessThanOrEqual(1);
    });
});

test("drawn pairs with more features than rows, on all scales, equal the plain twin", () => {
  const solvers: string[] = [];
  let twins = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = mulberry32(100 + seed);
    const sizes = [0, 1].map(() => Math.floor(2 + random() ** 2 * 60));
    const d = Math.floor(1 + random() ** 2 * 2000);
    const scale = 10 ** (random() * 12 - 6);
    const shift = random() < 0.2 ? 5 : random() * 0.3;
    const [constant, repeated, same] = [random() < 0.3, random() < 0.3, random() < 0.05];
    const [a, b] = sizes.map((rows, c) => {
      const out = new Float32Array(rows * d);
      for (let r = 0; r < rows; r++)
        if (repeated && r > 0 && random() < 0.5) out.copyWithin(r * d, (r - 1) * d, r * d);
        else
          for (let j = 0; j < d; j++)
            out[r * d + j] = same
              ? scale
              : constant && j % 3 === 0
                ? 7 * scale
                : (normal(random) + (c === 0 ? shift : 0)) * scale;
      return out;
    });
    const splits = stratifiedSplit(sizes, Math.min(5, ...sizes));
    const fit = crossValidatePair(a, b, d, splits);
    const plain = crossValidatePlain(a, b, d, splits);
    solvers.push(...fit.solvers);
    expect(fit.gap, `seed ${seed}`).toBeLessThanOrEqual(1e-6);
    // Updates of 10^5 and more are beyond the twin's digits.
    if (!(plain.gap <= 1e-6)) continue;
    twins++;
    plain.objectives.forEach((value, k) => {
      expect(Math.abs(value - fit.objectives[k]), `seed ${seed}`).toBeLessThanOrEqual(2e-6 * (1 + value));
    });
    expect(fit.correct, `seed ${seed}`).toEqual(plain.correct);
  }
  expect(twins).toBeGreaterThan(50);
  // What the set cannot solve is left to slower ones, and is the exception.
  expect(solvers.filter((s) => s !== "set").length).toBeLessThan(0.2 * solvers.length);
});

test("classes that overlap end as exactly: the set starts from the interior point", () => {
  const random = mulberry32(3);
  const [rows, d] = [300, 60];
  const draw = (shift: number) =>
    Float32Array.from({ length: rows * d }, () => Math.max(0, normal(random) + shift));
  const [a, b] = [draw(0.2), draw(0)];
  const fit = crossValidatePair(a, b, d, folded(a, b, d));
  expect(fit.accuracy).toBeLessThan(0.85);
  expect(fit.solvers.filter((own) => own === "set").length).toBeGreaterThan(3);
  const plain = crossValidatePlain(a, b, d, folded(a, b, d));
  expect(fit.correct).toEqual(plain.correct);
});

test("classes that hardly differ end exactly, with a few more steps of the interior point where they need them", () => {
  for (let seed = 1; seed <= 48; seed++) {
    const random = mulberry32(seed);
    const rows = Math.floor(30 + random() * 170);
    const d = Math.floor(4 + random() * 80);
    const shift = random() * 0.1;
    const [a, b] = [0, shift].map((by) => Float32Array.from({ length: rows * d }, () => normal(random) + by));
    const fit = crossValidatePair(a, b, d, stratifiedSplit([rows, rows], 5));
    expect(fit.solvers, `seed ${seed}`).toEqual(Array(5).fill("set"));
    expect(fit.gap, `seed ${seed}`).toBeLessThan(1e-9);
  }
});

test("the interior point on the rows' side reaches the optimum of the plain twin", () => {
  for (const [rows, d, scale] of [
    [150, 20, 1],
    [40, 300, 1],
    [60, 30, 1e-4],
    [60, 90, 5],
    [130, 200, 30],
  ]) {
    const random = mulberry32(rows + d);
    const draw = (shift: number) =>
      Float32Array.from({ length: rows * d }, () => (normal(random) + shift) * scale);
    const [a, b] = [draw(0.2), draw(0)];
    const kernels = new Kernels(2 * rows, d, "rows");
    kernels.load(a, 0);
    kernels.load(b, rows);
    kernels.center(2 * rows);
    const train = Int32Array.from({ length: 2 * rows }, (_, r) => r);
    const y = Int8Array.from(train, (r) => (r < rows ? 1 : -1));
    const proof = new Proof(kernels.view(train), y);
    let gap = Infinity;
    let objective = 0;
    const steps = solveRowsInterior(kernels.view(train), new InnerProducts(kernels), y, {
      guess: () => false,
      done: (alpha) => {
        ({ gap, objective } = proof.of(alpha));
        return gap <= 1e-6;
      },
    });
    expect(steps, `${rows} x ${d}`).not.toBeNull();
    expect(gap).toBeLessThanOrEqual(1e-6);
    const plain = solveSmo({ rows: 2 * rows, dimension: d, x: centered([...a, ...b], d), y });
    expect(Math.abs(objective - plain.objective)).toBeLessThanOrEqual(2e-6 * (1 + objective));
  }
});

function centered(values: number[], d: number): Float64Array {
  const rows = values.length / d;
  const mean = Array.from({ length: d }, (_, j) =>
    values.reduce((s, v, i) => (i % d === j ? s + v / rows : s), 0),
  );
  return Float64Array.from(values, (v, i) => v - mean[i % d]);
}

test("inner products and their systems equal naive ones, in whatever parts they are asked for", () => {
  const [rows, d] = [45, 301];
  const random = mulberry32(9);
  const x = Float32Array.from({ length: rows * d }, () => normal(random));
  const kernels = new Kernels(rows, d, "rows");
  kernels.load(x, 0);
  const inner = new InnerProducts(kernels);
  const product = (r: number, s: number) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += x[r * d + j] * x[s * d + j];
    return sum;
  };
  for (const list of [
    [3],
    [3, 44, 7],
    [1, 2, 3, 4, 5, 6, 8, 9, 10, 11],
    [44, 0, 20, 21, 22, 23, 24, 25, 26],
  ]) {
    const asked = Int32Array.from(list);
    const places = inner.places(asked);
    const roots = Float64Array.from(list, (_, i) => 0.1 + i / 50);
    for (const single of [true, false]) {
      const v = Float64Array.from(list, () => normal(random));
      const solved = v.slice();
      inner.factor(places, roots, single)!(solved);
      list.forEach((r, i) => {
        let back = solved[i];
        list.forEach((s, j) => {
          back += roots[i] * product(r, s) * roots[j] * solved[j];
        });
        expect(Math.abs(back - v[i])).toBeLessThan(1e-3);
      });
    }
    const sum = new Float64Array(list.length);
    inner.add(places, list[0], 2, sum);
    list.forEach((r, i) => {
      expect(Math.abs(sum[i] - 2 * product(r, list[0]))).toBeLessThan(1e-3);
    });
  }
});
