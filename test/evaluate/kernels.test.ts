import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { Kernels } from "../../src/evaluate/kernels.ts";

for (const [rows, d] of [
  [3, 1],
  [40, 7],
  [300, 24],
  [530, 61],
])
  test(`kernels equal their naive twins (${rows} rows of ${d} features)`, () => {
    const random = mulberry32(rows + d);
    const kernels = new Kernels(rows, d);
    const { columns } = kernels;
    expect(columns % 8).toBe(0);
    const features = Float32Array.from({ length: rows * d }, (_, i) => normal(random) + (i % d));
    kernels.load(features.subarray(0, 2 * d), 0);
    kernels.load(features.subarray(2 * d), 2);
    kernels.centerOn(rows);
    const center = Array.from({ length: columns }, (_, j) =>
      Math.fround(j < d ? features.reduce((s, v, i) => s + (i % d === j ? v : 0), 0) / rows : 0),
    );
    const used = Array.from({ length: rows }, (_, r) => r).filter((r) => r % 3 !== 1);
    kernels.use(used);
    const row = (r: number) => center.map((c, j) => (j < d ? features[used[r] * d + j] - c : 0));
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
    const h = Array.from({ length: columns }, (_, i) =>
      Array.from({ length: columns }, (_, j) => Number(i === j)),
    );
    const outer = h.map((line) => line.map(() => 0));
    for (let r = 0; r < n; r++) {
      const x = row(r);
      for (let i = 0; i < columns; i++)
        for (let j = 0; j < columns; j++) {
          outer[i][j] += x[i] * x[j];
          if (weight[r] > 0.2) h[i][j] += weight[r] * x[i] * x[j];
        }
    }
    const found = kernels.scatter();
    for (let i = 0; i < columns; i++)
      for (let j = i; j < columns; j++)
        expect(Math.abs(found[i * columns + j] - outer[i][j])).toBeLessThan(2e-6 * n);
    const precisions: [boolean, number][] = [
      [true, 1e-4],
      [false, 1e-11],
    ];
    for (const [single, tolerance] of precisions) {
      expect(kernels.factor(weight, single, 0.2)).toBe(true);
      const u = w.slice();
      kernels.solve(u);
      for (let i = 0; i < columns; i++)
        expect(Math.abs(h[i].reduce((s, a, j) => s + a * u[j], 0) - w[i])).toBeLessThan(tolerance);
    }
  });

test("a matrix that is not positive definite is reported", () => {
  const kernels = new Kernels(4, 3);
  kernels.use([0, 1, 2, 3]);
  kernels.x.data.fill(1);
  const negative = new Float32Array(64).map((_, i) => (i === 63 ? -9 : 0));
  expect(kernels.factor(new Float64Array(4).fill(1), true, 0, 1, negative)).toBe(false);
  expect(kernels.factor(new Float64Array(4).fill(1), false)).toBe(true);
  kernels.x.data.fill(Number.NaN);
  expect(kernels.factor(new Float64Array(4).fill(1), true)).toBe(false);
});
