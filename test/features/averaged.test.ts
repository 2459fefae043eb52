import { describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { AveragedFeatures } from "../../src/features/averaged.ts";
import { drawDonors, recompose } from "../../src/remedy/recompose.ts";
import { SETTINGS } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { DerivedCrops, derivedScales } from "../../src/swap/derived.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { runsOf } from "../../src/swap/runs.ts";
import type { CompositeOptions, CropSource, SwapPlan } from "../../src/types.ts";
import { draw } from "../swap/drawn.ts";

const SIZE = 24;
const PIXELS = SIZE * SIZE;
const LENGTH = 2 * PIXELS;
const COUNT = 6;
const DRAWS = 3;
const shape = { channels: ["GFP", "RFP"], height: SIZE, width: SIZE };
const random = mulberry32(8);
const drawings = Array.from({ length: COUNT }, (_, i) =>
  draw(
    SIZE,
    [
      { y: 12, x: 12, r: 4 + random(), light: 1 + random() },
      { y: 3, x: 4 + 14 * random(), r: 3, light: 1 },
    ],
    i,
  ),
);
const crops = Float32Array.from(
  drawings.flatMap(({ crop }, i) => [...crop].map((v) => 40 + (10 + 4 * (i % 3)) * v)),
);
const masks = Uint8Array.from(drawings.flatMap(({ mask }) => [...mask]));
const source = memoryCrops(shape, crops, masks);
const options: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 2,
  intensity: "field",
  clip: [-1, 6],
  seed: 9,
};
const lenders = {
  classes: ["a", "b"],
  classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
  field: Array.from({ length: COUNT }, (_, i) => `F${i % 3}`),
  usable: new Uint8Array(COUNT).fill(1),
};
const protein = lenders.field.map((_, i) => `P${i % 2}`);
const scales = measureScales(source, options, groupOf({ ...lenders, protein }, "field"));
const plan = makePlan({
  ...lenders,
  protein,
  settings: ["original", "self", "cell-free", "different"],
  sameDonor: "any",
  seed: 2,
});

/** Three numbers of a crop that no average of crops has. */
function encode(crop: Float32Array): number[] {
  let [most, squares, product] = [0, 0, 0];
  for (let p = 0; p < PIXELS; p++) {
    most = Math.max(most, crop[p]);
    squares += crop[p] ** 2 / PIXELS;
    product += (crop[p] * crop[PIXELS + p]) / PIXELS;
  }
  return [most, Math.sqrt(squares), product].map(Math.fround);
}

const compose = (from: CropSource, of: SwapPlan, row: number, at = scales) => {
  const out = new Float32Array(LENGTH);
  new Compositor(from, at, options).compose(of, row, out);
  return out;
};

/** The features of the recomposed composite `row`, from crops in memory, one by one. */
function byHand(row: number, donors: readonly Int32Array[]): number[] {
  const crop = compose(source, plan, row);
  const cell = plan.cell[row];
  const made = new DerivedCrops(source, scales, options, { plan, center: "cell", dilate: SIZE / 32 });
  const mask = new Uint8Array(PIXELS);
  made.readMask(COUNT + row, mask);
  const sum = [0, 0, 0];
  for (const of of donors) {
    // All cells of the store keep their places, by which fills are drawn; the composite stands behind them.
    const own = memoryCrops(shape, Float32Array.of(...crops, ...crop), Uint8Array.of(...masks, ...mask));
    const one: SwapPlan = {
      ...plan,
      count: 1,
      cell: Int32Array.of(COUNT),
      donor: Int32Array.of(of[cell]),
      runs: runsOf(Uint8Array.of(SETTINGS.indexOf("cell-free")), Int16Array.of(0)),
    };
    const levels = { ...scales, groupOf: Int32Array.of(...scales.groupOf, scales.groupOf[cell]) };
    const features = encode(compose(own, one, 0, levels));
    for (const [j, value] of features.entries()) sum[j] += value;
  }
  return sum.map((value) => value / donors.length);
}

describe("recomposed features", () => {
  const donors = drawDonors(lenders, DRAWS, 3);
  const seen = recompose(plan, source, donors);
  const derived = { plan, center: seen.center, dilate: seen.dilate };
  const shown = new DerivedCrops(source, scales, options, derived);
  const compositor = new Compositor(shown, derivedScales(scales, options, derived), options);
  const set = {
    dimension: 3,
    key: (_: SwapPlan, rows: Int32Array) => [...rows].join(),
    read: (rows: ArrayLike<number>, out: Float32Array) => {
      for (let i = 0; i < rows.length; i++) {
        const crop = new Float32Array(LENGTH);
        compositor.compose(seen.plan, rows[i], crop);
        out.set(encode(crop), 3 * i);
      }
    },
  };
  const averaged = new AveragedFeatures("toy+recompose", set, seen.plan, { count: plan.count, draws: DRAWS });

  test("are the means over donors of what is composed crop by crop", () => {
    const rows = Array.from({ length: plan.count }, (_, row) => row).filter((row) => row % 5 === 0);
    const out = new Float32Array(3 * rows.length);
    averaged.read(rows, out);
    for (const [i, row] of rows.entries()) {
      const expected = byHand(row, donors);
      for (const [j, value] of expected.entries())
        expect(Math.abs(out[3 * i + j] / value - 1), `row ${row}`).toBeLessThan(2 ** -23);
    }
    expect(new Set(out).size).toBeGreaterThan(rows.length);
  });

  test("are the same in whatever order and number they are read, over the pieces that are read at once", () => {
    const rows = Array.from({ length: 1500 }, (_, i) => (7 * i) % 11);
    const simple = {
      dimension: 2,
      key: set.key,
      read: (asked: ArrayLike<number>, out: Float32Array) => {
        for (let i = 0; i < asked.length; i++) out.set([asked[i], asked[i] ** 2], 2 * i);
      },
    };
    const mean = new AveragedFeatures("simple", simple, plan, { count: 11, draws: 4 });
    const out = new Float32Array(2 * rows.length);
    mean.read(rows, out);
    for (const [i, row] of rows.entries()) {
      const all = [0, 1, 2, 3].map((draw) => 11 * draw + row);
      expect(out[2 * i]).toBe(Math.fround(all.reduce((a, b) => a + b) / 4));
      expect(out[2 * i + 1]).toBe(Math.fround(all.reduce((a, b) => a + b ** 2, 0) / 4));
    }
    expect(mean.key(plan, Int32Array.of(1))).not.toBe(mean.key(plan, Int32Array.of(2)));
  });
});
