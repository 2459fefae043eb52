import { describe, expect, test } from "vitest";
import { Incidence } from "../../src/core/incidence.ts";
import { addForms, emptyForms } from "../../src/core/quadratic-forms.ts";
import { mulberry32, normal } from "../../src/core/rng.ts";

/** A drawn design: blocks of uneven size (one of them empty), two factors, a grouping across them, features. */
function drawn(seed: number) {
  const random = mulberry32(seed);
  const pick = (n: number) => Math.floor(n * random() ** 1.5);
  const rows = 20 + pick(20);
  const labels = (n: number) => Int32Array.from({ length: rows }, () => pick(n));
  const block = labels(5);
  const [coarse, fine, across] = [labels(3), labels(9), labels(7)];
  const width = 3;
  const x = Float64Array.from({ length: rows * width }, () => normal(random));
  return { rows, block, blocks: 6, factors: [coarse, fine], others: [across], width, x };
}
type Drawn = ReturnType<typeof drawn>;

/** The centering of blocks, and the indicators of a labeling, as dense matrices. */
function centering({ rows, block }: Drawn): number[][] {
  const sizes = new Map<number, number>();
  for (const b of block) sizes.set(b, (sizes.get(b) ?? 0) + 1);
  return Array.from({ length: rows }, (_, i) =>
    Array.from(
      { length: rows },
      (_, j) => (i === j ? 1 : 0) - (block[i] === block[j] ? 1 / sizes.get(block[i])! : 0),
    ),
  );
}
const alike = (labels: Int32Array) => Array.from(labels, (a) => Array.from(labels, (b) => (a === b ? 1 : 0)));
const identity = (n: number) => alike(Int32Array.from({ length: n }, (_, i) => i));
const product = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
const trace = (a: number[][]) => a.reduce((sum, row, i) => sum + row[i], 0);

describe.each([1, 2, 3, 4, 5])("design %i", (seed) => {
  const design = drawn(seed);
  const incidence = new Incidence(design);
  const M = centering(design);
  const model = [...design.factors.map(alike), identity(design.rows)];
  const shown = [...model, ...design.others.map(alike)];

  test("expectations are traces of dense matrices", () => {
    const { within } = incidence.expect([]);
    const moved = model.map((z) => product(product(M, z), M));
    shown.forEach((z, k) => {
      moved.forEach((v, j) => {
        expect(within[k * model.length + j]).toBeCloseTo(trace(product(z, v)), 9);
      });
    });
  });

  test("the parts of rows sum to the forms, which are squares of sums over groups", () => {
    const { rows, width, x } = design;
    const forms = emptyForms(incidence, 0);
    addForms(incidence, x.slice(), width, [], [() => 1], [forms]);
    const centered = product(
      M,
      Array.from({ length: rows }, (_, row) => Array.from(x.subarray(row * width, (row + 1) * width))),
    );
    shown.forEach((z, k) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += forms.scores[row * shown.length + k];
      const gram = product(z, centered).map((row, i) => row.reduce((s, v, j) => s + v * centered[i][j], 0));
      expect(sum).toBeCloseTo(
        gram.reduce((a, b) => a + b, 0),
        9,
      );
    });
  });

  test("squares between blocks' means, and what sampling adds to them", () => {
    const { rows, width, x, block, blocks } = design;
    const sets = Int32Array.of(0, 0, 1, 0, 1, 1);
    const forms = emptyForms(incidence, 1);
    addForms(incidence, x.slice(), width, [sets], [() => 1], [forms]);
    const [found] = incidence.expect([sets]).between;
    const there = Array.from({ length: blocks }, (_, b) => b).filter((b) => block.includes(b));
    const means = there.map((b) => {
      const size = block.filter((other) => other === b).length;
      return Array.from(block, (other) => (other === b ? 1 / size : 0));
    });
    const apart = means.map((row, i) => {
      const same = there.flatMap((b, j) => (sets[b] === sets[there[i]] ? [j] : []));
      return row.map((v, at) => v - same.reduce((s, j) => s + means[j][at], 0) / same.length);
    });
    const features = Array.from({ length: rows }, (_, row) =>
      Array.from(x.subarray(row * width, (row + 1) * width)),
    );
    const square = product(apart, features)
      .flat()
      .reduce((s, v) => s + v * v, 0);
    expect(forms.between[0]).toBeCloseTo(square, 9);
    expect(found.degrees).toBe(there.length - new Set(there.map((b) => sets[b])).size);
    model.forEach((z, k) => {
      const added = product(apart, z).map((row, i) => row.reduce((s, v, j) => s + v * apart[i][j], 0));
      expect(found.coefficients[k]).toBeCloseTo(
        added.reduce((a, b) => a + b, 0),
        9,
      );
    });
  });
});

test("in a balanced design the parts of rows sum to the expectations", () => {
  // Four cells on three blocks, each with a donor of its own pair.
  const block = Int32Array.from({ length: 12 }, (_, i) => i % 3);
  const factors = [
    block.map((_, i) => Math.floor(i / 3)),
    block.map((_, i) => (Math.floor(i / 3) >> 1) + 2 * (i % 3)),
  ];
  const incidence = new Incidence({ block, blocks: 3, factors });
  const { within } = incidence.expect([]);
  const part = new Float64Array(within.length);
  const sum = new Float64Array(within.length);
  for (let row = 0; row < block.length; row++) {
    incidence.ofRow(row, part);
    for (const [at, v] of part.entries()) sum[at] += v;
  }
  within.forEach((v, at) => {
    expect(sum[at]).toBeCloseTo(v, 12);
  });
});
