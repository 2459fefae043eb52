import { expect, test } from "vitest";
import { mulberry32, normal } from "../../../src/core/rng.ts";
import { Kernels } from "../../../src/evaluate/svm/kernels.ts";

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
    const used = Array.from({ length: rows }, (_, r) => r).filter((r) => r % 3 !== 1);
    kernels.use(used);
    const row = (r: number) => center.map((c, j) => (j < d ? Math.fround(features[used[r] * d + j] - c) : 0));
    given.forEach((c, j) => {
      expect(c).toBe(center[j]);
    });
    const n = used.length;

    const w = Float64Array.from({ length: columns }, () => normal(random));
    const f = new Float64Array(n);
    kernels.scores(w, f);
    for (let r = 0; r < n; r++)
      expect(f[r]).toBeCloseTo(
        row(r).reduce((s, v, j) => s + v * w[j], 0),
        10,
      );

    const c = Float64Array.from({ length: n }, () => normal(random));
    const v = new Float64Array(columns);
    kernels.combine(c, v);
    for (let j = 0; j < columns; j++)
      expect(v[j]).toBeCloseTo(
        c.reduce((s, a, r) => s + a * row(r)[j], 0),
        10,
      );

    const roughly = new Float64Array(Math.max(n, columns));
    kernels.scores(w, roughly, true);
    for (let r = 0; r < n; r++) expect(Math.abs(roughly[r] - f[r])).toBeLessThan(1e-4 * columns);
    kernels.combine(c, roughly.subarray(0, columns), true);
    for (let j = 0; j < columns; j++) expect(Math.abs(roughly[j] - v[j])).toBeLessThan(1e-3 * Math.sqrt(n));

    const weight = Float64Array.from({ length: n }, () => random());
    const zeros = () => Array.from({ length: columns }, () => new Array<number>(columns).fill(0));
    const outer = zeros();
    const [some, every] = [zeros(), zeros()];
    for (let r = 0; r < n; r++) {
      const x = row(r);
      for (let i = 0; i < columns; i++)
        for (let j = 0; j < columns; j++) {
          outer[i][j] += x[i] * x[j];
          every[i][j] += weight[r] * x[i] * x[j];
          if (weight[r] > 0.2) some[i][j] += weight[r] * x[i] * x[j];
        }
    }
    const found = kernels.scatter();
    for (let i = 0; i < columns; i++)
      for (let j = i; j < columns; j++)
        expect(Math.abs(found[i * columns + j] - outer[i][j])).toBeLessThan(2e-6 * n);
    const precisions: [boolean, number][] = [
      [true, 1e-6 * columns],
      [false, 1e-11],
    ];
    for (const [single, tolerance] of precisions)
      for (const [above, h] of [
        [0.2, some],
        [0, every],
      ] as const) {
        expect(kernels.factor(weight, single, above)).toBe(true);
        const u = w.slice();
        kernels.solve(u);
        for (let i = 0; i < columns; i++)
          expect(Math.abs(h[i].reduce((s, a, j) => s + a * u[j], u[i]) - w[i])).toBeLessThan(tolerance);
      }
  });

test("inner products of few rows are made again for other rows", () => {
  const random = mulberry32(9);
  const d = 24;
  const features = Float32Array.from({ length: 6 * d }, () => normal(random));
  const kernels = new Kernels(6, d);
  kernels.load(features, 0);
  const weight = Float64Array.of(3, 2, 1);
  const solved = (rows: number[], of = kernels) => {
    of.use(rows);
    expect(of.few).toBe(true);
    of.factor(weight, true);
    const v = new Float64Array(d).map((_, j) => j + 1);
    of.solve(v);
    return v;
  };
  for (const rows of [
    [0, 1, 2],
    [0, 1, 5],
    [5, 1, 0],
  ]) {
    const fresh = new Kernels(6, d);
    fresh.load(features, 0);
    expect(solved(rows)).toEqual(solved(rows, fresh));
  }
});

test("a matrix that is not positive definite is reported", () => {
  const kernels = new Kernels(4, 3);
  kernels.use([0, 1, 2, 3]);
  kernels.x.data.fill(1);
  const negative = new Float32Array(64).map((_, i) => (i === 63 ? -9 : 0));
  expect(kernels.factor(new Float64Array(4).fill(1), true, 0, 1, negative)).toBe(false);
  expect(kernels.factor(new Float64Array(4).fill(1), false)).toBe(true);
  kernels.load(new Float32Array(12).fill(Number.NaN), 0);
  expect(kernels.factor(new Float64Array(4).fill(1), true)).toBe(false);
});

for (const n of [1, 2, 7, 40])
  test(`the arithmetic of a step equals its naive twin (${n} rows)`, () => {
    const random = mulberry32(n);
    const { step } = new Kernels(n, 3);
    const names = ["y", "f", "alpha", "beta", "s", "xi"] as const;
    const [y, f, alpha, beta, s, xi] = names.map((name) => step.vector(name));
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
      const df = step.scores(direction);
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
        const steady = step.vector("steady");
        for (const i of rows) {
          const [slack, change] = alpha[i] < beta[i] ? [s[i], ds[i]] : [xi[i], dxi[i]];
          near(steady[i], length * change + 0.5 * slack);
        }
      }
      step.vector("c1").forEach((v, i) => {
        if (i < n) near(v, c1[i]);
      });
      step.vector("c2").forEach((v, i) => {
        if (i < n) near(v, c2[i]);
      });
    }
  });
