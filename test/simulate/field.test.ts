import { expect, test } from "vitest";
import { standardDeviation } from "../../src/core/statistics.ts";
import { LOCALIZATIONS } from "../../src/names.ts";
import { cutCrops } from "../../src/simulate/crops.ts";
import { simulateField } from "../../src/simulate/field.ts";
import { makeProtein, singleProteins } from "../../src/simulate/proteins.ts";

const nucleus = makeProtein("nucleus-1", [{ localization: "nucleus", share: 1 }]);

test("one seed gives one field, another seed another", () => {
  const field = simulateField({ protein: nucleus, field: 0, seed: 5 });
  const again = simulateField({ protein: nucleus, field: 0, seed: 5 });
  expect(Buffer.from(again.image.buffer).equals(Buffer.from(field.image.buffer))).toBe(true);
  expect(again.labels).toEqual(field.labels);
  expect(again.cells).toEqual(field.cells);
  const other = simulateField({ protein: nucleus, field: 0, seed: 6 });
  expect(Buffer.from(other.labels.buffer).equals(Buffer.from(field.labels.buffer))).toBe(false);
});

test("every label is one connected cell of a size that yeast has", () => {
  const field = simulateField({ protein: nucleus, field: 1, seed: 5 });
  const { size, labels } = field;
  const inside = cutCrops(field).map((c) => c.cell.label);
  expect(inside.length).toBeGreaterThan(5);
  for (const label of inside) {
    const start = labels.indexOf(label);
    const stack = [start];
    const seen = new Set(stack);
    while (stack.length > 0) {
      const p = stack.pop()!;
      for (const q of [p - 1, p + 1, p - size, p + size])
        if (labels[q] === label && !seen.has(q)) {
          seen.add(q);
          stack.push(q);
        }
    }
    expect(seen.size).toBe(labels.reduce((n, l) => n + Number(l === label), 0));
    expect(seen.size).toBeGreaterThan(200);
    expect(seen.size).toBeLessThan(2400);
  }
});

test("crops hold their whole cell in the middle, with neighbors where other labels are", () => {
  const field = simulateField({ protein: nucleus, field: 2, seed: 5 });
  const { size, labels, image } = field;
  let neighbors = 0;
  for (const { cell, crop, mask } of cutCrops(field)) {
    const total = labels.reduce((n, l) => n + Number(l === cell.label), 0);
    expect(mask.reduce((n, m) => n + Number(m === 1), 0)).toBe(total);
    for (let k = 0; k < 64; k++)
      for (const edge of [k, 63 * 64 + k, 64 * k, 64 * k + 63]) expect(mask[edge]).not.toBe(1);
    const first = labels.indexOf(cell.label);
    const row = mask.indexOf(1);
    const top = Math.floor(first / size) - Math.floor(row / 64);
    const left = (first % size) - (row % 64);
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 64; x++) {
        const at = (top + y) * size + left + x;
        const wanted = labels[at] === 0 ? 0 : labels[at] === cell.label ? 1 : 2;
        if (mask[y * 64 + x] !== wanted) throw new Error(`mask of cell ${cell.label} at ${x}, ${y}`);
        for (const c of [0, 1])
          if (crop[(c * 64 + y) * 64 + x] !== image[c * size * size + at])
            throw new Error(`crop of cell ${cell.label} at ${x}, ${y}`);
      }
    neighbors += mask.reduce((n, m) => n + Number(m === 2), 0);
  }
  expect(neighbors).toBeGreaterThan(1000);
});

test("the marker is bright in cells, and each localization places GFP in its own way", () => {
  const concentration = new Map<string, number>();
  for (const protein of singleProteins(1)) {
    const sharp = { ...protein, penetrance: 1, abundance: 2, contrast: 1, spread: 0.2 };
    const field = simulateField({ protein: sharp, field: 0, seed: 1, physics: { defocused: 0 } });
    const crops = cutCrops(field);
    const spread: number[] = [];
    for (const { crop, mask } of crops) {
      const of = (c: number, label: number) =>
        Array.from(mask, (m, p) => [m, crop[c * 4096 + p]]).flatMap(([m, v]) => (m === label ? [v] : []));
      const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
      expect(mean(of(1, 1))).toBeGreaterThan(1.15 * mean(of(1, 0)));
      const background = mean(of(0, 0));
      const signal = of(0, 1).map((v) => v - background);
      spread.push(standardDeviation(signal) / mean(signal));
    }
    concentration.set(protein.shares[0].localization, spread.reduce((a, b) => a + b, 0) / spread.length);
  }
  expect([...concentration.keys()]).toEqual([...LOCALIZATIONS]);
  for (const compact of ["nucleus", "nucleolus", "vacuole", "nuclear periphery", "actin"])
    expect(concentration.get(compact)!, compact).toBeGreaterThan(1.4 * concentration.get("cytoplasm")!);
});

test("a halo of about 0.3 and 0.05 of the cell's signal lies 1 and 3 px around a lonely cell", () => {
  const cytoplasm = {
    ...makeProtein("cytoplasm-1", [{ localization: "cytoplasm", share: 1 }]),
    abundance: 2,
  };
  const rings: number[][] = [[], []];
  for (let field = 0; field < 6; field++)
    for (const { crop, mask } of cutCrops(
      simulateField({
        protein: cytoplasm,
        field,
        seed: 3,
        physics: { coverage: 0.12, coverageSpread: 0, defocused: 0 },
      }),
    )) {
      const sums = [0, 0, 0, 0];
      const counts = [0, 0, 0, 0];
      for (let p = 0; p < 4096; p++) {
        let nearest = 99;
        let foreign = 99;
        for (let dy = -9; dy <= 9; dy++)
          for (let dx = -9; dx <= 9; dx++) {
            const [y, x] = [(p >> 6) + dy, (p & 63) + dx];
            if (y < 0 || x < 0 || y > 63 || x > 63) continue;
            const m = mask[y * 64 + x];
            const d = Math.hypot(dx, dy);
            if (m === 1 && d < nearest) nearest = d;
            if (m === 2 && d < foreign) foreign = d;
          }
        const shell =
          mask[p] === 1
            ? 0
            : foreign <= 9
              ? -1
              : nearest > 9
                ? 3
                : nearest === 1
                  ? 1
                  : Math.abs(nearest - 3) <= 0.5
                    ? 2
                    : -1;
        if (shell < 0) continue;
        sums[shell] += crop[p];
        counts[shell]++;
      }
      if (counts.some((n) => n < 10)) continue;
      const [cell, one, three, far] = sums.map((s, k) => s / counts[k]);
      rings[0].push((one - far) / (cell - far));
      rings[1].push((three - far) / (cell - far));
    }
  const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  expect(rings[0].length).toBeGreaterThan(8);
  expect(mean(rings[0])).toBeGreaterThan(0.22);
  expect(mean(rings[0])).toBeLessThan(0.4);
  expect(mean(rings[1])).toBeGreaterThan(0.04);
  expect(mean(rings[1])).toBeLessThan(0.16);
});
