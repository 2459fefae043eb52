import type { Lengths } from "./lengths.ts";
import { emptyList, emptyWeighted, type PixelList, type WeightedPixels } from "./pixel-list.ts";
import type { Cut, Removal } from "./removal.ts";

/** Where neighbors' light runs on into the removed pixels. */
export interface Shore {
  /** Removed pixels that neighbors' light reaches. */
  readonly shaded: PixelList;
  /** Pixels that stay beside them, with the neighbors' share of their light. */
  readonly rim: WeightedPixels;
  /** 1 on the rim. */
  readonly onRim: Uint8Array;
}

export function emptyShore(pixels: number): Shore {
  return { shaded: emptyList(pixels), rim: emptyWeighted(pixels), onRim: new Uint8Array(pixels) };
}

/** Lists the removed pixels that neighbors' light reaches, and their rim; none for `cell-free`, which keeps no neighbor. */
export function listShore(cut: Cut, removal: Removal, width: number, lengths: Lengths, out: Shore): void {
  const { toNeighbor } = cut;
  const { removed, fade } = removal;
  const { shaded, rim, onRim } = out;
  const { near, lit } = lengths;
  for (let n = 0; n < rim.size; n++) onRim[rim.pixels[n]] = 0;
  shaded.size = rim.size = 0;
  if (cut.kind === "cell-free") return;
  for (let n = 0; n < removed.size; n++) {
    const p = removed.pixels[n];
    if (toNeighbor[p] > lit * lit) continue;
    shaded.pixels[shaded.size++] = p;
    const x = p % width;
    if (x > 0) land(p - 1);
    if (x < width - 1) land(p + 1);
    if (p >= width) land(p - width);
    if (p + width < fade.length) land(p + width);
  }

  /** Puts a pixel that stays on the rim: the nearer the neighbor, the more of the light there is its own. */
  function land(p: number): void {
    if (fade[p] === 1 || onRim[p] === 1 || toNeighbor[p] >= near * near) return;
    onRim[p] = 1;
    rim.values[rim.size] = Math.min(1, (near - Math.sqrt(toNeighbor[p])) / lengths.fade);
    rim.pixels[rim.size++] = p;
  }
}
