import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { SettingError } from "../errors.ts";
import { diameterOf } from "../masks/diameter.ts";
import { fillLengths } from "../swap/fill/lengths.ts";
import { makePlan, type PlanRequest } from "../swap/plan.ts";
import type { CropShape, SwapPlan } from "../types.ts";
import { type Seen, shown } from "./seen.ts";

/**
 * Width of the rim around a cell that is pasted along, as far as no other cell is there, px: a sixteenth of the cell
 * diameter, 2 in crops of 64 px made the usual way. The soft edge then takes nothing from the cell itself, and most of
 * its halo stays (docs/remedies.md has what that is worth).
 */
export function recomposedRim(shape: Omit<CropShape, "channels">): number {
  return 2 * fillLengths(diameterOf(shape)).unit;
}

/** Whose medium cells are recomposed onto; as the study's plan has it. */
export type Lenders = Pick<PlanRequest, "classes" | "classOf" | "field" | "usable" | "group" | "backgrounds">;

/**
 * Draws donors for every cell of a study: for each draw one row of the store per row of the store, -1 for cells that
 * are not part of it. Each cell has an order of the classes of its own, drawn by `seed`, and the donor of a draw is of
 * the next class, so that the classes of donors say nothing of the cell's own. Within a class donors are dealt as by
 * {@link makePlan}: of the cell's closed group, of another field where the class has one there, each equally often.
 * @param draws at most 64
 * @throws SettingError where a cell has no possible donor
 */
export function drawDonors(lenders: Lenders, draws: number, seed: number): Int32Array[] {
  const { classes, classOf } = lenders;
  if (!(draws >= 1 && draws <= 64))
    throw new SettingError(`recompose takes 1 to 64 donors per cell, not ${draws}; correct their number`);
  const out = Array.from({ length: draws }, () => new Int32Array(classOf.length).fill(-1));
  const lending = Int32Array.from(lenders.backgrounds ?? classes, (name) => classes.indexOf(name));
  for (let round = 0; round * lending.length < draws; round++) {
    const plan = makePlan({
      ...lenders,
      protein: null,
      settings: ["cell-free"],
      sameDonor: "any",
      seed: namedSeed(seed, "recompose", round),
    });
    const donorOf = classes.map(() => new Int32Array(classOf.length).fill(-1));
    for (const { background, start, end } of plan.runs)
      for (let row = start; row < end; row++) donorOf[background][plan.cell[row]] = plan.donor[row];
    const first = round * lending.length;
    for (let cell = 0; cell < classOf.length; cell++) {
      if (classOf[cell] < 0) continue;
      const order = shuffle(lending.slice(), mulberry32(namedSeed(seed, "recompose order", round, cell)));
      for (let d = first; d < Math.min(draws, first + lending.length); d++)
        out[d][cell] = donorOf[order[d - first]][cell];
    }
  }
  return out;
}

/**
 * Recomposes crops: the center cell of each on the cell-free backgrounds of several donors; the mean of the features
 * stands for the cell. A cell has the same donors in whatever crop it is seen. Nothing of the neighbors is left but
 * what of their light lies under the center mask and the pixels around it that are pasted along.
 * @param crops the plan whose composites are the crops
 * @param store the cells' crops
 * @param donors from {@link drawDonors}
 */
export function recompose(
  crops: SwapPlan,
  store: Omit<CropShape, "channels"> & { readonly count: number },
  donors: readonly Int32Array[],
): Seen {
  const lists = donors.map((of) => crops.cell.map((cell) => of[cell]));
  return {
    plan: shown("cell-free", crops.count, store.count, lists),
    draws: donors.length,
    center: "cell",
    dilate: recomposedRim(store),
  };
}
