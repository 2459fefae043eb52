import { describe, expect, test } from "vitest";
import { TrialComposer } from "../../../src/explore/playground/compose.ts";
import { neighborsOf } from "../../../src/explore/playground/neighbors.ts";
import { changed, type Trial, trialOf } from "../../../src/explore/playground/trial.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { Compositor } from "../../../src/swap/composite.ts";
import { runOf } from "../../../src/swap/runs.ts";
import { WrongMasks } from "../../../src/swap/wrong-masks.ts";
import { CENTER, type CompositeOptions, NEIGHBOR } from "../../../src/types.ts";
import { options, plan, plannedRow, SIZE, scalesBy, source } from "./drawn-cells.ts";

const LENGTH = 2 * SIZE * SIZE;
const bits = (crop: Float32Array) => new Int32Array(crop.buffer, crop.byteOffset, crop.length);

/** Pixels that two crops show otherwise, of both channels. */
function differing(a: Float32Array, b: Float32Array): number[] {
  const [p, q] = [bits(a), bits(b)];
  return Array.from(p.keys()).filter((i) => p[i] !== q[i]);
}

describe("a trial without edits is the study's composite to the bit", () => {
  const cases: [string, Partial<CompositeOptions>][] = [
    ["by field", {}],
    ["by field, not clipped, hard, donors kept", { clip: null, edge: "hard", donorCenter: "keep" }],
    ["by protein", { intensity: "protein" }],
    ["by crop", { intensity: "crop", clip: [0, 0.8] }],
    ["as imaged", { intensity: "none", halo: 0, sigma: 2.5 }],
  ];
  test.each(cases)("%s", (_, change) => {
    const own = { ...options, ...change };
    const scales = scalesBy(own.intensity);
    const compositor = new Compositor(source, scales, own);
    const composer = new TrialComposer(source, scales, own.intensity);
    const settings = new Set<number>();
    const out = new Float32Array(LENGTH);
    for (let row = 0; row < plan.count; row++) {
      const planned = plannedRow(row);
      compositor.compose(plan, row, out);
      const { crop } = composer.compose(planned.cell, trialOf(planned, own));
      expect(differing(crop, out), `${planned.setting} row ${row}`).toEqual([]);
      settings.add(runOf(plan, row).setting);
    }
    expect(settings.size).toBe(SETTINGS.length);
  });

  test("by other levels than the study's as a study of these, and levels that it lacks are refused", () => {
    const composer = new TrialComposer(source, scalesBy("field"), "field");
    const out = new Float32Array(LENGTH);
    for (const intensity of ["none", "crop"] as const) {
      const compositor = new Compositor(source, scalesBy(intensity), { ...options, intensity });
      for (let row = 0; row < plan.count; row += 5) {
        const planned = plannedRow(row);
        compositor.compose(plan, row, out);
        const trial = trialOf(planned, { ...options, intensity });
        expect(differing(composer.compose(planned.cell, trial).crop, out)).toEqual([]);
      }
    }
    const trial = trialOf(plannedRow(plan.count - 1), { ...options, intensity: "protein" });
    expect(() => composer.compose(0, trial)).toThrow("the study has no levels by protein");
  });
});

const composer = new TrialComposer(source, scalesBy("field"), "field");
const [cell, donor] = [0, 7];
const plain: Trial = trialOf({ setting: "different", cell, donor, medium: donor }, options);
const unchanged = composer.compose(cell, plain).crop;
const maskOf = (row: number) => {
  const mask = new Uint8Array(SIZE * SIZE);
  source.readMask(row, mask);
  return mask;
};
const labels = new Int32Array(SIZE * SIZE);
const neighbors = neighborsOf(maskOf(donor), SIZE, SIZE, labels);

test("a moved outline is that of wrong masks, in cell and donor", () => {
  for (const [outline, kind] of [
    [2, "dilate"],
    [-2, "erode"],
  ] as const) {
    const wrong = new WrongMasks(source, { kind, amount: 2, seed: 1 });
    const scales = scalesBy("field");
    const compositor = new Compositor(wrong, scales, options);
    const out = new Float32Array(LENGTH);
    for (let row = 0; row < plan.count; row++) {
      const planned = plannedRow(row);
      compositor.compose(plan, row, out);
      const made = composer.compose(planned.cell, { ...trialOf(planned, options), outline });
      expect(differing(made.crop, out)).toEqual([]);
      const mask = new Uint8Array(SIZE * SIZE);
      wrong.readMask(planned.cell, mask);
      expect(made.mask).toEqual(mask);
    }
  }
});

test("a moved cell is cut from where it was imaged, and its mask goes along", () => {
  const [dx, dy] = [5, -3];
  const hard = { ...plain, options: { ...options, edge: "hard" as const } };
  const made = composer.compose(cell, { ...hard, dx, dy });
  const back = composer.compose(cell, hard);
  const own = maskOf(cell);
  let seen = 0;
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const [v, u] = [y - dy, x - dx];
      const inside = v >= 0 && u >= 0 && v < SIZE && u < SIZE;
      expect(made.mask[y * SIZE + x]).toBe(inside ? own[v * SIZE + u] : 0);
      if (!inside || own[v * SIZE + u] !== CENTER) continue;
      seen++;
      for (const c of [0, SIZE * SIZE]) expect(made.crop[c + y * SIZE + x]).toBe(back.crop[c + v * SIZE + u]);
    }
  expect(seen).toBeGreaterThan(50);
});

test("a cell may be moved on its own surroundings", () => {
  const self = { ...plain, donor: cell };
  const made = composer.compose(cell, { ...self, dx: 6 });
  expect(differing(made.crop, composer.compose(cell, self).crop).length).toBeGreaterThan(100);
  expect(made.around).toEqual(maskOf(cell));
});

describe("erased neighbors", () => {
  /** Pixels of one channel that lie in the numbered neighbors, or in none. */
  const inside = (numbers: number[]) => Array.from(labels.keys()).filter((p) => numbers.includes(labels[p]));

  test.each(["fill", "keep"] as const)("one is taken out, the others stay (%s)", (donorCenter) => {
    const trial = { ...plain, options: { ...options, donorCenter } };
    const before = composer.compose(cell, trial);
    const after = composer.compose(cell, { ...trial, erased: [1] });
    const others = inside([2]);
    const gone = inside([1]);
    expect(neighbors).toHaveLength(2);
    const other = new Set(differing(after.crop, before.crop));
    expect(others.filter((p) => other.has(p) || other.has(p + SIZE * SIZE))).toEqual([]);
    expect(gone.filter((p) => !other.has(p))).toEqual([]);
    // As dim as the medium: its own light was 1 above it in units of the cells.
    const mean = (crop: Float32Array, of: number[]) => of.reduce((sum, p) => sum + crop[p], 0) / of.length;
    const level = scalesBy("field");
    const step = level.cell[0] - level.background[0];
    expect(mean(before.crop, gone) - mean(after.crop, gone)).toBeGreaterThan(0.5 * step);
    expect(Math.abs(mean(after.crop, gone) - level.background[0])).toBeLessThan(0.3 * step);
    expect(after.around.filter((l) => l === NEIGHBOR)).toHaveLength(others.length);
  });

  test("the donor's own cell stays where it is kept", () => {
    const trial = {
      ...plain,
      scene: "neighbors" as const,
      options: { ...options, donorCenter: "keep" as const },
    };
    const away = { ...trial, dx: 30 };
    const before = composer.compose(cell, away);
    const after = composer.compose(cell, { ...away, erased: [1, 2] });
    const own = maskOf(donor);
    const other = new Set(differing(after.crop, before.crop));
    const center = Array.from(own.keys()).filter((p) => own[p] === CENTER);
    expect(center.filter((p) => other.has(p))).toEqual([]);
    expect(after.around.includes(NEIGHBOR)).toBe(false);
  });
});

describe("added neighbors", () => {
  const at = { dx: 10, dy: 0 };

  test("show the pixels of their crop where they come from the donor's field, and are in its mask", () => {
    const from = 3;
    const hard = { ...plain, options: { ...options, edge: "hard" as const } };
    const made = composer.compose(cell, { ...hard, dx: -14, added: [{ from, ...at }] });
    const crop = new Float32Array(LENGTH);
    source.readCrop(from, crop);
    const mask = maskOf(from);
    const lies = Array.from(mask.keys()).filter((p) => {
      const x = (p % SIZE) + at.dx;
      return mask[p] === CENTER && x < SIZE;
    });
    expect(lies.length).toBeGreaterThan(50);
    for (const p of lies) expect(made.around[p + at.dx]).toBe(NEIGHBOR);
    // Donor and added cell share a field; what is shown is brought to the cell's as the donor's crop is.
    const levels = scalesBy("field");
    const slope = (levels.cell[0] - levels.background[0]) / (levels.cell[6] - levels.background[6]);
    const wanted = (v: number) => (v - levels.background[6]) * slope + levels.background[0];
    const shown = lies.filter((p) => made.mask[p + at.dx] !== CENTER);
    expect(shown.length).toBeGreaterThan(40);
    for (const p of shown) expect(made.crop[p + at.dx]).toBeCloseTo(wanted(crop[p]), 3);
  });

  test.each(["none", "crop", "field"] as const)("come in the units of the donor's crop (%s)", (intensity) => {
    const trial = { ...plain, options: { ...options, intensity, clip: null } };
    const made = composer.compose(cell, { ...trial, added: [{ from: 2, ...at }] });
    const without = composer.compose(cell, trial);
    expect(differing(made.crop, without.crop).length).toBeGreaterThan(50);
    expect(made.crop.every(Number.isFinite)).toBe(true);
  });

  test("stay where neighbors are erased", () => {
    const made = composer.compose(cell, { ...plain, erased: [1, 2], added: [{ from: 3, ...at }] });
    expect(made.around.includes(NEIGHBOR)).toBe(true);
  });
});

test("edits leave nothing behind", () => {
  const other = new TrialComposer(source, scalesBy("field"), "field");
  for (const change of [
    { erased: [1] },
    { outline: 3 },
    { dx: 4 },
    { added: [{ from: 3, dx: 9, dy: 9 }] },
    {},
  ])
    other.compose(cell, changed(plain, cell, change));
  expect(differing(other.compose(cell, plain).crop, unchanged)).toEqual([]);
});
