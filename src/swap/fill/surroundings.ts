import { BACKGROUND } from "../../types.ts";
import type { Lengths } from "./lengths.ts";
import { emptyList, emptyWeighted, type PixelList, type WeightedPixels } from "./pixel-list.ts";
import type { Cut } from "./removal.ts";

/** Pixels around the removed ones, from which light is taken off. */
export interface Surroundings {
  /** Pixels that lose the removed cell's light: all of it, or (near neighbors) no more than there is. */
  readonly lit: PixelList;
  readonly shy: PixelList;
  /** Label-0 pixels around the rim on which excess light is measured; for `around` those near neighbors left out. */
  readonly aroundAll: PixelList;
  readonly around: PixelList;
  /** Pixels of `around` that lose excess light, with its share. */
  readonly beside: WeightedPixels;
}

export function emptySurroundings(pixels: number): Surroundings {
  return {
    lit: emptyList(pixels),
    shy: emptyList(pixels),
    aroundAll: emptyList(pixels),
    around: emptyList(pixels),
    beside: emptyWeighted(pixels),
  };
}

/** Lists the pixels that lose light. */
export function listSurroundings(cut: Cut, lengths: Lengths, out: Surroundings): void {
  const { kind, rim, mask, from, toNeighbor } = cut;
  const { lit, shy, aroundAll, around, beside } = out;
  const { unit, fade, near } = lengths;
  const reach = lengths.rings * lengths.ring;
  const careful = kind === "center";
  const widest = (rim + 2 * reach) * (rim + 2 * reach);
  const besideEnd = rim + 2 * fade + unit;
  lit.size = shy.size = aroundAll.size = around.size = beside.size = 0;
  for (let p = 0; p < mask.length; p++) {
    const d = from[p];
    if (d <= rim * rim || d > widest) continue;
    const free = mask[p] === BACKGROUND;
    const far = !careful || toNeighbor[p] >= near * near;
    if (d <= reach * reach && (free || !careful)) {
      const list = far ? lit : shy;
      list.pixels[list.size++] = p;
    }
    if (!free) continue;
    aroundAll.pixels[aroundAll.size++] = p;
    if (!far) continue;
    around.pixels[around.size++] = p;
    if (d > besideEnd * besideEnd + 1) continue;
    const distance = Math.sqrt(d);
    if (distance >= besideEnd) continue;
    beside.values[beside.size] = Math.min(1, (besideEnd - distance) / (fade + unit));
    beside.pixels[beside.size++] = p;
  }
}
