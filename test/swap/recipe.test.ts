import { expect, test } from "vitest";
import { SETTINGS } from "../../src/settings.ts";
import { recipeOf } from "../../src/swap/recipe.ts";
import type { CompositeOptions } from "../../src/types.ts";

const options: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: [-1, 6],
  seed: 1,
};

test("the diameter of the cells is part of what fills depend on, and of nothing else", () => {
  const follows = SETTINGS.filter(
    (setting) =>
      JSON.stringify(recipeOf(setting, options, 27)) !== JSON.stringify(recipeOf(setting, options)),
  );
  expect(follows).toEqual(["self", "same", "cell-free", "different", "background-only"]);
});
