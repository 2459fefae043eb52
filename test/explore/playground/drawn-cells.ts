import { memoryCrops } from "../../../src/cells/memory.ts";
import { mulberry32 } from "../../../src/core/rng.ts";
import type { PlannedRow } from "../../../src/explore/playground/trial.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { groupOf, measureScales, type Scales } from "../../../src/swap/intensity.ts";
import { makePlan, mediumOf } from "../../../src/swap/plan.ts";
import { settingOf } from "../../../src/swap/runs.ts";
import type { CompositeOptions, SwapPlan } from "../../../src/types.ts";
import { draw } from "../../swap/drawn.ts";

export const SIZE = 32;
const PIXELS = SIZE * SIZE;
const COUNT = 12;

/** Twelve cells of four fields in other units each, with neighbors at the border. */
const random = mulberry32(11);
const crops = new Float32Array(COUNT * 2 * PIXELS);
const masks = new Uint8Array(COUNT * PIXELS);
for (let i = 0; i < COUNT; i++) {
  const { crop, mask } = draw(
    SIZE,
    [
      { y: 15 + random() * 2, x: 15 + random() * 2, r: 5 + random() * 2, light: 1 + 0.3 * random() },
      { y: 29, x: 4 + random() * 20, r: 5, light: 1 },
      { y: 2, x: 4 + random() * 20, r: 4, light: 1 },
    ],
    i,
  );
  const f = i % 4;
  crops.set(
    crop.map((v) => 50 + 10 * f + (20 + 6 * f) * v),
    i * 2 * PIXELS,
  );
  masks.set(mask, i * PIXELS);
}
export const source = memoryCrops({ channels: ["GFP", "RFP"], height: SIZE, width: SIZE }, crops, masks);
const cells = {
  field: Array.from({ length: COUNT }, (_, i) => `F${i % 4}`),
  protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
  usable: new Uint8Array(COUNT).fill(1),
};
const made = makePlan({
  classes: ["P0", "P1"],
  classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
  ...cells,
  settings: SETTINGS,
  sameDonor: "any",
  seed: 1,
});
/** Every third composite shows another crop's medium, as where donors are crowded. */
export const plan: SwapPlan = {
  ...made,
  medium: {
    of: made.donor.map((donor, row) =>
      settingOf(made, row) === "cell-free" && row % 3 === 0 ? (donor + 4) % COUNT : -1,
    ),
    key: "drawn",
  },
};

export const plannedRow = (row: number): PlannedRow => ({
  setting: settingOf(plan, row),
  cell: plan.cell[row],
  donor: plan.donor[row],
  medium: mediumOf(plan, row),
});

export const options: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: [-1, 6],
  seed: 4,
};

export const scalesBy = (intensity: CompositeOptions["intensity"]): Scales =>
  measureScales(source, { intensity }, groupOf(cells, intensity));
