import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { readCsv } from "../../src/files/table.ts";
import { divergence, summarize } from "../../src/proportions/divergence.ts";
import { localizationProportions } from "../../src/proportions/proportions.ts";
import { hasReference, PROTEINS, reference, referenceFeatures } from "../evaluate/reference.ts";

test("divergence by hand, with the clip", () => {
  expect(divergence([0.5, 0.5], [0.5, 0.5])).toBe(0);
  expect(divergence([0.75, 0.25], [0.5, 0.5])).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 14);
  expect(divergence([1, 0], [0, 1])).toBeCloseTo(Math.log(1e10) - 1e-10 * Math.log(1e10), 12);
  expect(() => divergence([1], [0.5, 0.5])).toThrow(RangeError);
});

test("summary as pandas describes 1, 2, 4, 8", () => {
  expect(summarize([8, 1, 4, 2])).toEqual({
    count: 4,
    mean: 3.75,
    sd: Math.sqrt((2.75 ** 2 + 1.75 ** 2 + 0.25 ** 2 + 4.25 ** 2) / 3),
    min: 1,
    quartile1: 1.75,
    median: 3,
    quartile3: 5,
    max: 8,
  });
});

function drawn(masksMatter: boolean) {
  const random = mulberry32(12);
  const d = 3;
  const labels = Array.from({ length: 150 }, (_, i) => i % 3);
  const of = (classes: number[]) =>
    Float32Array.from(
      classes.flatMap((c) => Array.from({ length: d }, (_, j) => normal(random) / 4 + (j === c ? 1 : 0))),
    );
  const training = { original: of(labels), masked: of(labels), labels };
  // A: half class 0, half class 1; B: class 2, but its masked crops look like class 0.
  const seen = Array.from({ length: 20 }, (_, i) => (i < 12 ? i % 2 : 2));
  const masked = masksMatter ? seen.map((c) => (c === 2 ? 0 : c)) : seen;
  const proteins = seen.map((_, i) => (i < 12 ? "A" : "B"));
  return { training, targets: { original: of(seen), masked: of(masked), proteins } };
}

test("proportions follow the cells, and the divergence what masking changes", () => {
  const { training, targets } = drawn(true);
  const result = localizationProportions(training, targets, 3, ["x", "y", "z"]);
  const [a, b] = result.proteins;
  expect([a.protein, a.cells, b.protein, b.cells]).toEqual(["A", 12, "B", 8]);
  expect(a.original[0]).toBeGreaterThan(0.35);
  expect(a.original[1]).toBeGreaterThan(0.35);
  expect(b.original[2]).toBeGreaterThan(0.75);
  expect(b.masked[0]).toBeGreaterThan(0.75);
  expect(a.original.reduce((x, y) => x + y)).toBeCloseTo(1, 12);
  expect(b.divergence).toBeGreaterThan(20 * a.divergence);
  expect(result.summary.max).toBe(b.divergence);
  expect(result.converged).toBe(true);
});

test("one cell per protein on request; the published optimizer is reported as not converged", () => {
  const { training, targets } = drawn(false);
  const result = localizationProportions(training, targets, 3, ["x", "y", "z"], {
    cells: "first",
    logistic: { optimizer: "published", seed: 1 },
  });
  expect(result.proteins.map((p) => p.cells)).toEqual([1, 1]);
  expect(result.converged).toBe(false);
});

test("no multiply localized proteins is one clear line", () => {
  const { training, targets } = drawn(false);
  expect(() => localizationProportions(training, { ...targets, proteins: [] }, 3, ["x", "y", "z"])).toThrow(
    /no cells of multiply localized proteins/,
  );
});

describe.skipIf(!hasReference)("class proportions of the reference run", () => {
  for (const name of ["deeploc", "pifia"])
    test(name, () => {
      const data = referenceFeatures(name);
      const rows = [...data.label.keys()].filter((r) => data.usable[r]);
      const train = rows.filter((r) => data.field[r] !== 4);
      const held = rows.filter((r) => data.field[r] === 4);
      const features = (of: number[]) => ({
        original: data.pick("original", null, of),
        masked: data.pick("masked", null, of),
      });
      const result = localizationProportions(
        { ...features(train), labels: train.map((r) => data.label[r]) },
        { ...features(held), proteins: held.map((r) => PROTEINS[data.label[r]]) },
        data.dimension,
        PROTEINS,
        { logistic: { balanced: true, standardize: true } },
      );
      const table = readCsv(resolve(reference, "results/lr_proportions.csv"));
      for (const protein of result.proteins) {
        const at = table
          .get("protein")!
          .findIndex(
            (p, r) =>
              p === protein.protein && table.get("model")![r] === name && table.get("pool")![r] === "max",
          );
        expect(protein.cells).toBe(Number(table.get("n")![at]));
        const printed = Number(table.get("KL_soft_orig_masked")![at]);
        expect(Math.abs(protein.divergence - printed), protein.protein).toBeLessThan(2e-4);
      }
    });
});
