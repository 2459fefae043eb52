import type { SwapPlan } from "../types.ts";
import { type Seen, shownOnce } from "./seen.ts";

/**
 * Clears crops: every cell is taken out, the place is filled with synthetic medium, drawn from the cell-free pixels of
 * the crop itself, and the center cell is pasted back. The alternative to the medium of donors where none can be spared:
 * the medium of the cell's own image stays, and its neighbors go as far as their masks and halos reach.
 * @param crops the plan whose composites are the crops
 * @param offset cells of the store
 */
export function clear(crops: SwapPlan, offset: number): Seen {
  const own = Int32Array.from({ length: crops.count }, (_, i) => offset + i);
  return { plan: shownOnce("cell-free", crops.count, offset, own), draws: 1, center: "cell", dilate: 0 };
}
