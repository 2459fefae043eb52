/** Composites per second as crops and channels grow: the compositor against a naive twin. */
import { memoryCrops } from "../src/cells/memory.ts";
import { mulberry32, normal } from "../src/core/rng.ts";
import { SETTINGS } from "../src/settings.ts";
import { Compositor } from "../src/swap/composite.ts";
import { groupOf, measureScales, plainScales } from "../src/swap/intensity.ts";
import { makePlan } from "../src/swap/plan.ts";
import { settingOf } from "../src/swap/runs.ts";
import type { CompositeOptions, SwapPlan } from "../src/types.ts";
import { interleaved, ratios, record, show, smoke, spread } from "./harness.ts";

const COUNT = 24;
const sizes = smoke
  ? [[32, 1]]
  : [
      [64, 1],
      [64, 2],
      [64, 4],
      [128, 2],
      [256, 2],
    ];
const published: CompositeOptions = {
  edge: "hard",
  sigma: 1,
  donorCenter: "keep",
  halo: 3,
  intensity: "none",
  clip: null,
  seed: 1,
};
const recommended: CompositeOptions = { ...published, edge: "soft", donorCenter: "fill" };
const byField: CompositeOptions = { ...recommended, intensity: "field", clip: [-1, 6] };

/** Noise with a disk in the middle and one at the border. */
function cells(size: number, channels: number) {
  const random = mulberry32(size + channels);
  const pixels = size * size;
  const crops = Float32Array.from({ length: COUNT * channels * pixels }, () => 0.1 * normal(random));
  const masks = new Uint8Array(COUNT * pixels);
  for (let i = 0; i < COUNT; i++)
    for (let p = 0; p < pixels; p++) {
      const [y, x] = [Math.floor(p / size) / size, (p % size) / size];
      const label = Math.hypot(y - 0.5, x - 0.5) < 0.2 ? 1 : Math.hypot(y - 1, x - i / COUNT) < 0.2 ? 2 : 0;
      masks[i * pixels + p] = label;
      if (label > 0) for (let c = 0; c < channels; c++) crops[(i * channels + c) * pixels + p] += 1;
    }
  const names = Array.from({ length: channels }, (_, c) => `C${c}`);
  return { crops, masks, source: memoryCrops({ channels: names, height: size, width: size }, crops, masks) };
}

/** The published composites straight from their definition, one new array per step. */
function naive(
  crops: Float32Array,
  masks: Uint8Array,
  size: number,
  plan: SwapPlan,
  row: number,
): Float32Array {
  const setting = settingOf(plan, row);
  const length = crops.length / COUNT;
  const crop = Array.from(crops.slice(plan.cell[row] * length, (plan.cell[row] + 1) * length));
  const mask = Array.from(masks.slice(plan.cell[row] * size * size, (plan.cell[row] + 1) * size * size));
  const donor = crops.slice(plan.donor[row] * length, (plan.donor[row] + 1) * length);
  if (setting === "original") return Float32Array.from(crop);
  return Float32Array.from(
    crop.map((v, i) => (mask[i % (size * size)] === 1 ? v : setting === "masked" ? 0 : donor[i])),
  );
}

const result: Record<string, unknown>[] = [];
for (const [size, channels] of sizes) {
  const { crops, masks, source } = cells(size, channels);
  const request = {
    classes: ["a", "b"],
    classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
    field: Array.from({ length: COUNT }, (_, i) => `F${i % 6}`),
    protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
    usable: new Uint8Array(COUNT).fill(1),
    sameDonor: "any" as const,
    seed: 1,
  };
  const plan = makePlan({ ...request, settings: ["original", "same", "different", "masked"] });
  const ladder = makePlan({ ...request, settings: SETTINGS });
  const repeats = Math.max(1, Math.round((smoke ? 1 : 8) * (64 / size) ** 2));
  const out = new Float32Array(channels * size * size);
  let sink = 0;
  const rate = (rows: number, compose: (row: number) => number) => () => {
    const start = performance.now();
    for (let n = 0; n < repeats; n++) for (let row = 0; row < rows; row++) sink += compose(row);
    return (repeats * rows * 1000) / (performance.now() - start);
  };
  const scales = measureScales(source, byField, groupOf(request, "field"));
  const through = (options: CompositeOptions, from: SwapPlan, cache: { cacheBytes?: number } = {}) => {
    const given = options.intensity === "none" ? plainScales("none") : scales;
    const compositor = new Compositor(source, given, options, cache);
    return rate(from.count, (row) => {
      compositor.compose(from, row, out);
      return out[0];
    });
  };
  const rounds = await interleaved(
    {
      published: through(published, plan),
      naive: rate(plan.count, (row) => naive(crops, masks, size, plan, row)[0]),
      recommended: through(recommended, ladder),
      "recommended, by field": through(byField, ladder),
      "recommended, every fill anew": through(recommended, ladder, { cacheBytes: 0 }),
    },
    7,
  );
  if (!Number.isFinite(sink)) throw new Error("composites are not finite");
  console.log(`${channels} x ${size} x ${size} px, composites per second, median (middle half):`);
  for (const [name, values] of Object.entries(rounds)) console.log(`  ${name}: ${show(values, 0)}`);
  console.log(`  published / naive: ${show(ratios(rounds, "published", "naive"))}`);
  result.push({
    size,
    channels,
    ...Object.fromEntries(Object.entries(rounds).map(([n, v]) => [n, spread(v)])),
  });
}
record("composite", result);
