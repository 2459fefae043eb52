import { expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { pastesBack, SETTINGS, type Setting } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { looksAtScales, recipeOf } from "../../src/swap/recipe.ts";
import { settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions } from "../../src/types.ts";
import { draw } from "./drawn.ts";

const SIZE = 24;
const COUNT = 8;
const VALUES = 2 * SIZE * SIZE;
const crops = new Float32Array(COUNT * VALUES);
const masks = new Uint8Array(COUNT * SIZE * SIZE);
for (let i = 0; i < COUNT; i++) {
  const disks = [
    { y: 12, x: 11 + (i % 3), r: 5, light: 1 },
    { y: 22, x: 3 + i, r: 4, light: 1 },
  ];
  const { crop, mask } = draw(SIZE, disks, i);
  // Cells are dimmer than the medium in the second channel.
  crops.set(
    crop.map((v, p) => (i % 2) + (1 + (i % 4)) * (p < VALUES / 2 ? v : -v)),
    i * VALUES,
  );
  masks.set(mask, i * SIZE * SIZE);
}
const source = memoryCrops({ channels: ["GFP", "RFP"], height: SIZE, width: SIZE }, crops, masks);
const cells = {
  field: Array.from({ length: COUNT }, (_, i) => `F${i % 4}`),
  protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
  usable: new Uint8Array(COUNT).fill(1),
};
const plan = makePlan({
  classes: ["P0", "P1"],
  classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
  ...cells,
  settings: SETTINGS,
  sameDonor: "any",
  seed: 1,
});
const base: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: [-1, 6],
  seed: 1,
};

const combinations: CompositeOptions[] = [
  {},
  { edge: "hard" },
  { donorCenter: "keep" },
  { edge: "hard", donorCenter: "keep" },
].flatMap((kind) =>
  (["field", "none", "protein", "crop"] as const).flatMap((intensity) =>
    [{}, { clip: [-0.2, 0.8] }, { clip: null }, { sigma: 1.3 }, { halo: 2 }, { seed: 2 }].map(
      (other) => ({ ...base, ...kind, intensity, ...other }) as CompositeOptions,
    ),
  ),
);

/** Composites of a setting, all rows; with other levels of medium and cells, cells on its other side, where `moved`. */
function composites(setting: Setting, options: CompositeOptions, moved = false, diameter?: number): string {
  const measured = measureScales(source, options, groupOf(cells, options.intensity));
  const { background, cell } = measured;
  const scales = moved
    ? {
        ...measured,
        background: background.map((v, g) => v + 0.1 * (1 + g)),
        cell: cell.map((v, g) => background[g] - (1 + 0.1 * g) * (v - background[g])),
      }
    : measured;
  const compositor = new Compositor({ ...source, diameter }, scales, options);
  const out = new Float32Array(VALUES);
  let all = "";
  for (let row = 0; row < plan.count; row++) {
    if (settingOf(plan, row) !== setting) continue;
    compositor.compose(plan, row, out);
    all += Buffer.from(out.buffer).toString("latin1");
  }
  return all;
}

test.each(SETTINGS)("%s: choices of one recipe give the same composites, others do not", (setting) => {
  const known = new Map<string, string>();
  const recipes = new Map<string, string>();
  for (const options of combinations) {
    const recipe = JSON.stringify(recipeOf(setting, options));
    const made = composites(setting, options);
    if (known.has(recipe)) expect(made === known.get(recipe), recipe).toBe(true);
    else {
      known.set(recipe, made);
      // A cell pasted on its own crop as it is gives that crop, with any edge.
      if (pastesBack(setting) && options.donorCenter === "keep") continue;
      // The range [-1, 6] clips nothing here, so it is as good as none.
      const twin = recipes.get(made) ?? recipe;
      expect(twin.replace('"clip":[-1,6]', '"clip":null')).toBe(
        recipe.replace('"clip":[-1,6]', '"clip":null'),
      );
      recipes.set(made, recipe);
    }
  }
});

test.each(SETTINGS)("%s looks at scales exactly where other scales give other composites", (setting) => {
  for (const intensity of ["none", "crop", "field", "protein"] as const)
    for (const donorCenter of ["keep", "fill"] as const) {
      const options = { ...base, intensity, donorCenter };
      const same = composites(setting, options) === composites(setting, options, true);
      expect(looksAtScales(setting, options), `${intensity}, ${donorCenter}`).toBe(!same);
    }
});

test.each(SETTINGS)("%s depends on the cells' diameter exactly where its composites do", (setting) => {
  for (const donorCenter of ["keep", "fill"] as const) {
    const options = { ...base, donorCenter };
    const same = composites(setting, options) === composites(setting, options, false, 2 * SIZE);
    const recipes = [undefined, 2 * SIZE].map((d) => JSON.stringify(recipeOf(setting, options, d)));
    expect(recipes[0] === recipes[1], donorCenter).toBe(same);
  }
});

test("original depends on nothing but the crop, by field as without an intensity step", () => {
  const byField = recipeOf("original", base);
  expect(recipeOf("original", { ...base, intensity: "none" })).toEqual(byField);
  expect(recipeOf("original", { ...base, clip: null, seed: 9, edge: "hard", halo: 1 })).toEqual(byField);
  expect(looksAtScales("original", base)).toBe(false);
  expect(recipeOf("original", { ...base, intensity: "protein" })).not.toEqual(byField);
});
