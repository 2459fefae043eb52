import { join } from "node:path";
import { CellStore } from "../src/cells/store.ts";
import type { Setting } from "../src/settings.ts";
import { writeSimulatedCells } from "../src/simulate/write-cells.ts";
import { groupOf, measureScales } from "../src/swap/intensity.ts";
import { makePlan } from "../src/swap/plan.ts";

/**
 * Simulated yeast of all localizations in `folder`, with what an extraction of features asks for: composites as the
 * preset `recommended` makes them, in `settings`, on backgrounds of the first classes.
 */
export async function simulatedComposites(
  folder: string,
  {
    cellsPerProtein,
    settings,
    backgrounds,
  }: {
    readonly cellsPerProtein: number;
    readonly settings: readonly Setting[];
    readonly backgrounds: number;
  },
) {
  const cells = join(folder, "cells");
  await writeSimulatedCells(cells, {
    seed: 3,
    proteinsPerLocalization: 1,
    cellsPerProtein,
    fieldsPerProtein: 1,
  });
  const store = await CellStore.open(cells);
  const { localization, field, protein, usable } = store.cells;
  const classes = [...new Set(localization as string[])].sort();
  const composite = {
    edge: "soft",
    sigma: 1,
    donorCenter: "fill",
    halo: 3,
    intensity: "field",
    clip: [-1, 6],
    seed: 1,
  } as const;
  const plan = makePlan({
    classes,
    classOf: Int16Array.from(localization, (l) => classes.indexOf(l as string)),
    field,
    protein,
    usable,
    settings,
    backgrounds: classes.slice(0, backgrounds),
    sameDonor: "any",
    seed: 1,
  });
  const scales = measureScales(store, composite, groupOf(store.cells, composite.intensity));
  return { store, plan, scales, composite };
}
