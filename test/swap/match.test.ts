import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { SETTINGS } from "../../src/settings.ts";
import { measureClipping } from "../../src/swap/clipping.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { applyMatch, emptyMatch, matchGroups } from "../../src/swap/match.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions } from "../../src/types.ts";
import { draw } from "./drawn.ts";

const number = fc.double({ min: -1000, max: 1000, noNaN: true });
/** Levels of medium and cells, apart from each other, either above the other. */
const levels = fc
  .record({ background: number, range: fc.double({ min: 0.5, max: 1000, noNaN: true }), up: fc.boolean() })
  .map(({ background, range, up }) => [background, background + (up ? range : -range)] as const);

test("a match puts the levels of one group at those of the other, and equals its definition", () => {
  fc.assert(
    fc.property(levels, levels, fc.nat(), fc.boolean(), (from, to, seed, clipped) => {
      const random = mulberry32(seed);
      const scales = { background: Float64Array.of(from[0], to[0]), cell: Float64Array.of(from[1], to[1]) };
      const clip = clipped ? ([-1, 6] as const) : null;
      const match = emptyMatch(1);
      matchGroups(scales, { from: 0, to: 1 }, clip, match);
      const crop = Float32Array.from(
        { length: 50 },
        () => from[0] + (random() * 12 - 4) * (from[1] - from[0]),
      );
      const out = new Float32Array(50);
      applyMatch(crop, match, out);
      const range = to[1] - to[0];
      crop.forEach((x, i) => {
        const scaled = (x - from[0]) / (from[1] - from[0]);
        const v = clip === null ? scaled : Math.min(Math.max(scaled, -1), 6);
        // Half a unit in the last place of float32, and what float64 adds.
        const wanted = v * range + to[0];
        expect(Math.abs(out[i] - wanted)).toBeLessThanOrEqual(
          2 ** -24 * Math.abs(wanted) + 1e-11 * (Math.abs(range) + Math.abs(to[0])) * (1 + Math.abs(v)),
        );
      });
    }),
  );
});

test("a match by eye: two channels, the second with dim cells", () => {
  const scales = {
    background: Float64Array.of(100, 50, 10, 80),
    cell: Float64Array.of(200, 40, 30, 60),
  };
  const match = emptyMatch(2);
  matchGroups(scales, { from: 0, to: 1 }, [-1, 6], match);
  const crop = Float32Array.of(100, 200, 150, -900, 1e6, 50, 40, 45, 1000, -1e6);
  applyMatch(crop, match, crop);
  expect([...crop]).toEqual([10, 30, 20, -10, 130, 80, 60, 70, 100, -40]);
});

const SIZE = 32;
const PIXELS = SIZE * SIZE;
const COUNT = 12;
const shape = { channels: ["GFP", "RFP"], height: SIZE, width: SIZE };
const options: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: null,
  seed: 4,
};

/** Four fields of three cells, each on its own scale; cells are dimmer than the medium in the second channel. */
function dimCells(neighbors: number) {
  const random = mulberry32(7);
  const crops = new Float32Array(COUNT * 2 * PIXELS);
  const masks = new Uint8Array(COUNT * PIXELS);
  for (let i = 0; i < COUNT; i++) {
    const others = Array.from({ length: neighbors }, (_, k) => ({
      y: 31 * (k % 2),
      x: 4 + random() * 24,
      r: neighbors > 1 ? 14 : 6,
      light: 1,
    }));
    const { crop, mask } = draw(SIZE, [{ y: 16, x: 16, r: 6, light: 1 }, ...others], i);
    const f = i % 4;
    crops.set(
      crop.map((v, p) =>
        p < PIXELS ? 50 + 30 * f + (20 + 40 * f) * v : 3000 - 100 * f - (500 - 90 * f) * v,
      ),
      i * 2 * PIXELS,
    );
    masks.set(mask, i * PIXELS);
  }
  const cells = {
    field: Array.from({ length: COUNT }, (_, i) => `F${i % 4}`),
    protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
    usable: new Uint8Array(COUNT).fill(1),
  };
  const source = memoryCrops(shape, crops, masks);
  const scales = measureScales(source, options, groupOf(cells, "field"));
  const plan = makePlan({
    classes: ["P0", "P1"],
    classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
    ...cells,
    settings: SETTINGS,
    sameDonor: "any",
    seed: 1,
  });
  return { crops, masks, source, scales, plan };
}

test.each([
  ["cells with room around them", 1],
  ["crowded cells, most without medium", 4],
])("%s: composites are those of whole scaled crops in the units of the cell's field", (_, neighbors) => {
  const { source, scales, plan } = dimCells(neighbors);
  // Scales of fields with intensity `protein`: every crop is scaled before it is filled.
  const whole = new Compositor(source, scales, { ...options, intensity: "protein" });
  const byField = new Compositor(source, scales, options);
  const [a, b] = [new Float32Array(2 * PIXELS), new Float32Array(2 * PIXELS)];
  let largest = 0;
  for (let row = 0; row < plan.count; row++) {
    whole.compose(plan, row, a);
    byField.compose(plan, row, b);
    const at = 2 * scales.groupOf[plan.cell[row]];
    a.forEach((v, i) => {
      const c = Math.floor(i / PIXELS);
      const { background, cell } = scales;
      const found = (b[i] - background[at + c]) / (cell[at + c] - background[at + c]);
      largest = Math.max(largest, Math.abs(found - v));
    });
  }
  // 3000 in a range of 230 or more: float32 leaves 1e-6 of the range, and a fill adds up a few of these.
  expect(largest).toBeLessThan(1e-5);
});

test("what comes from the cell's own field is not touched, not even clipped", () => {
  const { crops, masks, source, scales, plan } = dimCells(1);
  const kept = { ...options, edge: "hard", donorCenter: "keep", clip: [0.2, 0.4] } as const;
  const compositor = new Compositor(source, scales, kept);
  const out = new Float32Array(2 * PIXELS);
  const crop = (cell: number) => crops.subarray(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
  const own = {
    ...plan,
    donor: plan.donor.map((donor, r) => (donor < 0 ? donor : (plan.cell[r] + 4) % COUNT)),
  };
  let checked = 0;
  for (let row = 0; row < own.count; row++) {
    const setting = settingOf(own, row);
    if (setting !== "same" && setting !== "different") continue;
    compositor.compose(own, row, out);
    const cell = own.cell[row];
    const donor = crop(own.donor[row]);
    const expected = crop(cell).map((v, i) => (masks[cell * PIXELS + (i % PIXELS)] === 1 ? v : donor[i]));
    expect(new Uint32Array(out.buffer)).toEqual(new Uint32Array(expected.buffer));
    expect(compositor.countClipped(own, row)).toBe(0);
    checked++;
  }
  expect(checked).toBeGreaterThan(20);
});

test.each(["field", "protein"] as const)(
  "%s: clipped pixels are those that another range changes",
  (intensity) => {
    const { masks, source, scales, plan } = dimCells(1);
    const kept = { ...options, edge: "hard", donorCenter: "keep", intensity } as const;
    const [narrow, free] = ([[-0.1, 1.2], null] as const).map(
      (clip) => new Compositor(source, scales, { ...kept, clip }),
    );
    const [a, b] = [new Float32Array(2 * PIXELS), new Float32Array(2 * PIXELS)];
    const lent = Array.from({ length: plan.count }, (_, row) => row).filter((row) =>
      ["same", "different"].includes(settingOf(plan, row)),
    );
    let sum = 0;
    for (const row of lent) {
      narrow.compose(plan, row, a);
      free.compose(plan, row, b);
      const outside = (i: number) => masks[plan.cell[row] * PIXELS + (i % PIXELS)] !== 1;
      const changed = a.filter((v, i) => outside(i) && v !== b[i]).length;
      expect(narrow.countClipped(plan, row)).toBe(changed);
      expect(free.countClipped(plan, row)).toBe(0);
      sum += changed;
    }
    expect(sum).toBeGreaterThan(1000);
    const imaged = plan.runs.map((run) =>
      SETTINGS[run.setting] === "cell-free" ? { ...run, setting: 0 } : run,
    );
    const only = { ...plan, runs: imaged };
    const all = measureClipping(source, narrow, only, { seed: 1 });
    expect([all.composites, all.of, all.clipped]).toEqual([lent.length, lent.length, sum]);
    expect(all.pixels).toBe(
      lent.reduce((n, row) => {
        const mask = masks.subarray(plan.cell[row] * PIXELS, (plan.cell[row] + 1) * PIXELS);
        return n + 2 * mask.filter((l) => l !== 1).length;
      }, 0),
    );
    const some = measureClipping(source, narrow, only, { seed: 1, most: 8 });
    expect([some.composites, some.of]).toEqual([8, lent.length]);
    expect(measureClipping(source, narrow, only, { seed: 1, most: 8 })).toEqual(some);
    expect(measureClipping(source, narrow, only, { seed: 2, most: 8 })).not.toEqual(some);
  },
);
