import type { SwapPlan } from "../types.ts";
import { type Seen, shownOnce } from "./seen.ts";

/**
 * Masks crops: nothing around the center cell but the level of the medium. A mask that is drawn tight cuts the halo of
 * the cell, which holds part of its signal: `dilate` keeps so many pixels around it, where no other cell is.
 * @param crops the plan whose composites are the crops
 * @param offset cells of the store
 * @param dilate pixels, 0 or more
 */
export function maskOut(crops: SwapPlan, offset: number, dilate: number): Seen {
  return { plan: shownOnce("masked", crops.count, offset), draws: 1, center: "cell", dilate };
}
