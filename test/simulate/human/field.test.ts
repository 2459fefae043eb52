import { expect, test } from "vitest";
import { HUMAN_LOCALIZATIONS, type HumanLocalization } from "../../../src/names.ts";
import { cutCrops } from "../../../src/simulate/crops.ts";
import { type SimulatedField, simulateField } from "../../../src/simulate/field.ts";
import { singleProteins } from "../../../src/simulate/proteins.ts";

const SIDE = 128;
const field = (localization: HumanLocalization, number: number, coverage = 0.6): SimulatedField =>
  simulateField({
    organism: "human",
    protein: { ...singleProteins(1, [localization])[0], penetrance: 1, spread: 0.1 },
    field: number,
    seed: 5,
    physics: { size: 320, coverage, coverageSpread: 0, defocused: 0 },
  });
const covered = ({ labels }: SimulatedField) => labels.filter((l) => l > 0).length / labels.length;

test("one seed gives one field, another seed another", () => {
  const first = field("Golgi apparatus", 0);
  const again = field("Golgi apparatus", 0);
  expect(Buffer.from(again.image.buffer).equals(Buffer.from(first.image.buffer))).toBe(true);
  expect([again.labels, again.nuclei, again.cells]).toEqual([first.labels, first.nuclei, first.cells]);
  expect(field("Golgi apparatus", 1).labels).not.toEqual(first.labels);
});

test("every cell is one connected piece that holds its nuclei, at every density", () => {
  for (const coverage of [0.2, 0.6, 0.95]) {
    const { size, labels, nuclei, cells } = field("Cytosol", 2, coverage);
    cells.forEach((cell, k) => expect(cell.label).toBe(k + 1));
    const pixels = new Map<number, number>();
    for (const label of labels) pixels.set(label, (pixels.get(label) ?? 0) + 1);
    const inside = cells.filter((c) => c.x > 60 && c.y > 60 && c.x < size - 60 && c.y < size - 60);
    for (const { label, x, y } of inside) {
      const stack = [Math.round(y) * size + Math.round(x)];
      expect(labels[stack[0]]).toBe(label);
      const seen = new Set(stack);
      while (stack.length > 0) {
        const p = stack.pop()!;
        for (const q of [p - 1, p + 1, p - size, p + size])
          if (labels[q] === label && !seen.has(q)) {
            seen.add(q);
            stack.push(q);
          }
      }
      expect(seen.size, `cell ${label}`).toBe(pixels.get(label));
      expect(seen.size).toBeGreaterThan(500);
      expect([...seen].filter((p) => nuclei![p] === label).length).toBeGreaterThan(60);
    }
    nuclei!.forEach((n, p) => {
      if (n !== 0 && n !== labels[p]) throw new Error(`nucleus of ${n} in cell ${labels[p]}`);
    });
  }
});

test("fields are as dense as asked for, from islands to a nearly closed sheet", () => {
  const found = [0.25, 0.6, 0.9].map((coverage) => {
    const fields = [0, 1, 2].map((number) => covered(field("Cytosol", number, coverage)));
    return fields.reduce((a, b) => a + b, 0) / 3;
  });
  expect(Math.abs(found[0] - 0.25)).toBeLessThan(0.1);
  expect(Math.abs(found[1] - 0.6)).toBeLessThan(0.1);
  expect(found[2]).toBeGreaterThan(0.82);
});

test("few cells divide or have two nuclei, and the truth counts their nuclei as the mask shows them", () => {
  let cells = 0;
  let mitotic = 0;
  let binucleated = 0;
  for (let number = 0; number < 14; number++) {
    const simulated = field("Cytosol", number);
    for (const { cell, nuclei } of cutCrops(simulated, SIDE)) {
      cells++;
      mitotic += Number(cell.phase === "mitosis");
      binucleated += Number(cell.phase === "interphase" && cell.nuclei === 2);
      if (cell.phase === "interphase" && cell.nuclei === 1) expect(pieces(nuclei!)).toBe(1);
    }
  }
  expect(cells).toBeGreaterThan(80);
  for (const share of [mitotic / cells, binucleated / cells]) {
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.1);
  }
});

/** Number of 4-connected pieces of 1. */
function pieces(mask: Uint8Array): number {
  const left = new Set<number>();
  mask.forEach((m, p) => m === 1 && left.add(p));
  let count = 0;
  for (const start of left) {
    count++;
    const stack = [start];
    while (stack.length > 0) {
      const p = stack.pop()!;
      if (!left.delete(p)) continue;
      stack.push(p - 1, p + 1, p - SIDE, p + SIDE);
    }
  }
  return count;
}

test("DNA is bright in nuclei, the other markers around them, and the protein where its class says", () => {
  /** Mean of the protein (less the medium) in the nuclei and near the border, in units of the cell's mean. */
  const found = new Map<string, { nucleus: number; rim: number; spread: number }>();
  const reticulum: number[] = [];
  for (const localization of HUMAN_LOCALIZATIONS) {
    const simulated = field(localization, 0);
    expect(simulated.image.every((v) => v >= 0)).toBe(true);
    const sums = { nucleus: 0, rim: 0, cell: 0, square: 0 };
    const counts = { nucleus: 0, rim: 0, cell: 0 };
    for (const { cell, crop, mask, nuclei } of cutCrops(simulated, SIDE)) {
      if (cell.phase === "mitosis") continue;
      const channel = (c: number) => crop.subarray(c * SIDE * SIDE, (c + 1) * SIDE * SIDE);
      const mean = (c: number, where: (p: number) => boolean) => {
        const values = channel(c).filter((_, p) => where(p));
        return values.reduce((a, b) => a + b, 0) / values.length;
      };
      const nucleus = (p: number) => nuclei![p] === 1;
      const around = (p: number) => mask[p] === 1 && nuclei![p] === 0;
      expect(mean(0, nucleus)).toBeGreaterThan(1.5 * mean(0, around));
      reticulum.push(mean(2, around) / mean(2, nucleus));
      const medium = quantile(channel(3), 0.01);
      for (let p = 0; p < mask.length; p++) {
        if (mask[p] !== 1) continue;
        const v = channel(3)[p] - medium;
        sums.cell += v;
        sums.square += v * v;
        counts.cell++;
        if (nuclei![p] === 1) {
          sums.nucleus += v;
          counts.nucleus++;
        }
        if ([p - 2, p + 2, p - 2 * SIDE, p + 2 * SIDE].some((q) => mask[q] !== 1)) {
          sums.rim += v;
          counts.rim++;
        }
      }
    }
    const mean = sums.cell / counts.cell;
    found.set(localization, {
      nucleus: sums.nucleus / counts.nucleus / mean,
      rim: sums.rim / counts.rim / mean,
      spread: Math.sqrt(sums.square / counts.cell - mean * mean) / mean,
    });
  }
  expect(reticulum.filter((ratio) => ratio > 1).length).toBeGreaterThan(0.95 * reticulum.length);
  for (const nuclear of ["Nucleoplasm", "Nuclear speckles", "Nucleoli"])
    expect(found.get(nuclear)!.nucleus, nuclear).toBeGreaterThan(1.5);
  for (const outside of ["Cytosol", "Endoplasmic reticulum", "Mitochondria", "Vesicles"])
    expect(found.get(outside)!.nucleus, outside).toBeLessThan(0.95);
  for (const inner of HUMAN_LOCALIZATIONS.filter((l) => !/membrane|Actin/.test(l)))
    expect(found.get(inner)!.rim, inner).toBeLessThan(found.get("Plasma membrane")!.rim);
  for (const compact of ["Nucleoli", "Golgi apparatus", "Vesicles", "Nuclear membrane"])
    expect(found.get(compact)!.spread, compact).toBeGreaterThan(1.4 * found.get("Cytosol")!.spread);
});

function quantile(values: Float32Array, q: number): number {
  return values.slice().sort()[Math.floor(q * values.length)];
}
