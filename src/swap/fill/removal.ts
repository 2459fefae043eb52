import { NEIGHBOR } from "../../types.ts";
import type { Lengths } from "./lengths.ts";
import { emptyList, emptyWeighted, type PixelList, type WeightedPixels } from "./pixel-list.ts";

/** What is removed: the center cell with its halo, or every cell with its halo. */
export type FillKind = "center" | "cell-free";

/** What is cut out of a crop. */
export interface Cut {
  readonly kind: FillKind;
  /** Width of the rim removed around the cells, px. */
  readonly rim: number;
  readonly mask: Uint8Array;
  /** Squared distance to the removed cells and to the neighbors, px^2. */
  readonly from: Int32Array;
  readonly toNeighbor: Int32Array;
}

/** Where the fill goes. */
export interface Removal {
  /** Share of fill: 1 in the removed pixels, falling to 0 around, 0 near neighbors that stay. */
  readonly fade: Float32Array;
  /** 1 where `fade` is not 0. */
  readonly wanted: Uint8Array;
  readonly removed: PixelList;
  /** Pixels around in which the fill fades, with the cosine (the values) and sine of its share. */
  readonly fading: WeightedPixels;
  readonly sines: Float64Array;
}

export function emptyRemoval(pixels: number): Removal {
  return {
    fade: new Float32Array(pixels),
    wanted: new Uint8Array(pixels),
    removed: emptyList(pixels),
    fading: emptyWeighted(pixels),
    sines: new Float64Array(pixels),
  };
}

/** Lists the pixels that are removed, and those in which the fill fades. */
export function listRemoved(cut: Cut, { fade: width, near }: Lengths, out: Removal): void {
  const { kind, rim, mask, from, toNeighbor } = cut;
  const { fade, wanted, removed, fading, sines } = out;
  removed.size = fading.size = 0;
  for (let p = 0; p < mask.length; p++) {
    let share = 0;
    if (kind === "cell-free" || mask[p] !== NEIGHBOR) {
      if (from[p] <= rim * rim) {
        share = 1;
        removed.pixels[removed.size++] = p;
      } else if (from[p] < (rim + width) * (rim + width)) {
        share = 1 - (Math.sqrt(from[p]) - rim) / width;
        if (kind === "center")
          share *= Math.min(1, Math.max(0, (Math.sqrt(toNeighbor[p]) - near + width) / width));
        share = Math.fround(share);
        if (share > 0) {
          const angle = (Math.PI / 2) * share;
          sines[fading.size] = Math.sin(angle);
          fading.values[fading.size] = Math.cos(angle);
          fading.pixels[fading.size++] = p;
        }
      }
    }
    fade[p] = share;
    wanted[p] = share > 0 ? 1 : 0;
  }
}
