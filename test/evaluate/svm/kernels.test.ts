import { expect, test } from "vitest";
import { mulberry32, normal } from "../../../src/core/rng.ts";
import { factor, smallWeights } from "../../../src/evaluate/svm/factor.ts";
import { Kernels } from "../../../src/evaluate/svm/kernels.ts";
import type { RowView } from "../../../src/evaluate/svm/row-view.ts";

for (const [rows, d] of [
  [3, 1],
  [40, 7],
  [300, 24],
  [530, 61],
  [45, 61],
  [60, 136],
])
  test(`kernels equal their naive twins (${rows} rows of ${d} features)`, () => {
    const random = mulberry32(rows + d);
    const kernels = new Kernels(rows, d);
    const { columns } = kernels;
    expect(columns % 8).toBe(0);
    const features = Float32Array.from({ length: rows * d }, (_, i) => normal(random) + (i % d));
    kernels.load(features.subarray(0, 2 * d), 0);
    kernels.load(features.subarray(2 * d), 2);
    const given = kernels.center(rows);
    const center = Array.from({ length: columns }, (_, j) =>
      Math.fround(j < d ? features.reduce((s, v, i) => s + (i % d === j ? v : 0), 0) / rows : 0),
    );
    const used = Int32Array.from({ length: rows }, (_, r) => r).filter((r) => r % 3 !== 1);
    const view = kernels.view(used);
    const row = (r: number) => center.map((c, j) => (j < d ? Math.fround(features[used[r] * d + j] - c) : 0));
    given.forEach((c, j) => {
      expect(c).toBe(center[j]);
    });
    const n = used.length;

    const w = Float64Array.from({ length: columns }, () => normal(random));
    const f = new Float64Array(n);
    view.scores(w, f);
    for (let r = 0; r < n; r++)
      expect(f[r]).toBeCloseTo(
        row(r).reduce((s, v, j) => s + v * w[j], 0),
        10,
      );

    const c = Float64Array.from({ length: n }, () => normal(random));
    const v = new Float64Array(columns);
    view.combine(c, v);
    for (let j = 0; j < columns; j++)
      expect(v[j]).toBeCloseTo(
        c.reduce((s, a, r) => s + a * row(r)[j], 0),
        10,
      );

    const roughly = new Float64Array(Math.max(n, columns));
    view.scores(w, roughly, { single: true });
    for (let r = 0; r < n; r++) expect(Math.abs(roughly[r] - f[r])).toBeLessThan(1e-4 * columns);
    view.combine(c, roughly.subarray(0, columns), { single: true });
    for (let j = 0; j < columns; j++) expect(Math.abs(roughly[j] - v[j])).toBeLessThan(1e-3 * Math.sqrt(n));

    const weight = Float64Array.from({ length: n }, () => random());
    const zeros = () => Array.from({ length: columns }, () => new Array<number>(columns).fill(0));
    const outer = zeros();
    const [split, every] = [zeros(), zeros()];
    const [base, above] = [0.1, 0.2];
    const scatter = view.scatter();
    for (let r = 0; r < n; r++) {
      const x = row(r);
      for (let i = 0; i < columns; i++)
        for (let j = 0; j < columns; j++) {
          outer[i][j] += x[i] * x[j];
          every[i][j] += weight[r] * x[i] * x[j];
          if (weight[r] > above) split[i][j] += (weight[r] - base) * x[i] * x[j];
        }
    }
    for (let i = 0; i < columns; i++)
      for (let j = i; j < columns; j++) {
        const found = scatter[i * columns + j];
        expect(Math.abs(found - outer[i][j])).toBeLessThan(2e-6 * n);
        split[i][j] += base * found;
        if (j > i) split[j][i] += base * found;
      }
    for (const [h, options, tolerance] of [
      [every, { single: true }, 1e-6 * columns],
      [every, {}, 1e-11],
      [split, { single: true, together: { scatter, base, above } }, 1e-6 * columns],
      [split, { together: { scatter, base, above } }, 1e-11],
    ] as const) {
      const solve = factor(view, weight, options);
      expect(solve).not.toBeNull();
      const u = w.slice();
      solve!(u);
      for (let i = 0; i < columns; i++)
        expect(Math.abs(h[i].reduce((s, a, j) => s + a * u[j], u[i]) - w[i])).toBeLessThan(tolerance);
    }
  });

test("views share the memory and do not disturb each other", () => {
  const random = mulberry32(9);
  const d = 24;
  const features = Float32Array.from({ length: 6 * d }, () => normal(random));
  const weight = Float64Array.of(3, 2, 1);
  const fresh = () => {
    const kernels = new Kernels(6, d);
    kernels.load(features, 0);
    return kernels;
  };
  const used = (view: RowView) => {
    expect(view.few).toBe(true);
    const v = new Float64Array(d).map((_, j) => j + 1);
    factor(view, weight)!(v);
    const scores = new Float64Array(3);
    view.scores(v, scores);
    return { v, scores };
  };
  const kernels = fresh();
  const lists = [
    [0, 1, 2],
    [0, 1, 5],
    [5, 1, 0],
  ].map((rows) => Int32Array.from(rows));
  const views = lists.map((rows) => kernels.view(rows));
  for (const k of [0, 1, 2, 0, 1]) expect(used(views[k])).toEqual(used(fresh().view(lists[k])));
  expect(used(kernels.view(Int32Array.of(2, 5, 0, 1)).pick([1, 3, 2]))).toEqual(used(views[2]));
});

test("a matrix that is not positive definite is reported", () => {
  const kernels = new Kernels(4, 3);
  kernels.load(new Float32Array(12).fill(1), 0);
  const view = kernels.view(Int32Array.of(0, 1, 2, 3));
  const one = new Float64Array(4).fill(1);
  const scatter = new Float32Array(64).map((_, i) => (i === 63 ? -9 : 0));
  const together = { scatter, base: 1, above: 0 };
  expect(factor(view, one, { single: true, together })).toBeNull();
  expect(factor(view, one, { together })).toBeNull();
  kernels.load(new Float32Array(12).fill(Number.NaN), 0);
  expect(factor(kernels.view(view.list), one, { single: true })).toBeNull();
});

test("small weights are those up to twice their average", () => {
  const weight = Float64Array.of(1, 1.5, 0.5, 40, 9, 1, 700);
  expect(smallWeights(weight, 6)).toEqual({ base: 1, above: 2 });
  expect(smallWeights(weight.fill(3), 6)).toEqual({ base: 3, above: 6 });
});

for (const n of [1, 2, 7, 40])
  test(`the arithmetic of a step equals its naive twin (${n} rows)`, () => {
    const random = mulberry32(n);
    const { step } = new Kernels(n, 3);
    const { y, f, alpha, beta, s, xi, steady, c1: found1, c2: found2 } = step.vectors;
    const rows = Array.from({ length: n }, (_, i) => i);
    for (const i of rows) {
      y[i] = random() < 0.5 ? 1 : -1;
      f[i] = normal(random);
      alpha[i] = 0.05 + 0.9 * random();
      beta[i] = 1 - alpha[i];
      s[i] = 0.1 + random();
      xi[i] = 0.1 + random();
    }
    const near = (found: number, wanted: number) => {
      expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(wanted)));
    };
    const sum = (of: (i: number) => number) => rows.reduce((total, i) => total + of(i), 0);

    const b = 0.3;
    const z = rows.map((i) => 1 - y[i] * (f[i] + b));
    near(
      step.measure(n, b),
      sum((i) => Math.max(0, z[i])),
    );
    near(
      step.products(n),
      sum((i) => alpha[i] * s[i] + beta[i] * xi[i]),
    );
    const weight = rows.map((i) => 1 / (s[i] / alpha[i] + xi[i] / beta[i]));
    near(
      step.prepare(n),
      sum((i) => weight[i]),
    );
    let c1 = rows.map((i) => -alpha[i] * s[i]);
    let c2 = rows.map((i) => -beta[i] * xi[i]);
    for (const direction of [0, 1]) {
      const q = rows.map((i) => c1[i] / alpha[i] - c2[i] / beta[i] + s[i] - xi[i] + z[i]);
      near(
        step.goal(n),
        sum((i) => y[i] * (alpha[i] + weight[i] * q[i])),
      );
      const df = step.df[direction];
      for (const i of rows) df[i] = normal(random);
      const db = normal(random);
      const a = rows.map((i) => weight[i] * (q[i] - y[i] * (df[i] + db)));
      const ds = rows.map((i) => (c1[i] - s[i] * a[i]) / alpha[i]);
      const dxi = rows.map((i) => (c2[i] + xi[i] * a[i]) / beta[i]);
      const rates = rows.map((i) =>
        Math.max(-a[i] / alpha[i], a[i] / beta[i], -ds[i] / s[i], -dxi[i] / xi[i]),
      );
      const longest = 1 / Math.max(1, ...rates);
      near(step.direct(n, direction, db), longest);
      near(
        step.after(n, direction, longest),
        sum(
          (i) =>
            (alpha[i] + longest * a[i]) * (s[i] + longest * ds[i]) +
            (beta[i] - longest * a[i]) * (xi[i] + longest * dxi[i]),
        ),
      );
      const target = 0.01;
      if (direction === 0) {
        step.correct(n, direction, target);
        c1 = rows.map((i) => c1[i] + target - a[i] * ds[i]);
        c2 = rows.map((i) => c2[i] + target + a[i] * dxi[i]);
      } else {
        step.center(n, direction, 0.7, target);
        const toward = (v: number) =>
          Math.max(Math.min(Math.max(v, 0.1 * target), 10 * target) - v, -10 * target);
        c1 = rows.map((i) => c1[i] + toward((alpha[i] + 0.7 * a[i]) * (s[i] + 0.7 * ds[i])));
        c2 = rows.map((i) => c2[i] + toward((beta[i] - 0.7 * a[i]) * (xi[i] + 0.7 * dxi[i])));
        const length = 0.9 * longest;
        const moved = [f, alpha, beta, s, xi].map((v, k) =>
          rows.map((i) => v[i] + length * [df, a, a.map((x) => -x), ds, dxi][k][i]),
        );
        step.move(n, direction, length, 0.5);
        [f, alpha, beta, s, xi].forEach((v, k) => {
          for (const i of rows) near(v[i], moved[k][i]);
        });
        for (const i of rows) {
          const [slack, change] = alpha[i] < beta[i] ? [s[i], ds[i]] : [xi[i], dxi[i]];
          near(steady[i], length * change + 0.5 * slack);
        }
      }
      found1.forEach((v, i) => {
        if (i < n) near(v, c1[i]);
      });
      found2.forEach((v, i) => {
        if (i < n) near(v, c2[i]);
      });
    }
  });
