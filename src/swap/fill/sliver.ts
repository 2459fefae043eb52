import { CENTER, NEIGHBOR } from "../../types.ts";

/** A label mask (height x width) in which slivers are looked for with a disk from {@link diskOffsets}. */
export interface SliverSearch {
  readonly mask: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly disk: Int32Array;
}

/** Offsets of the disk of `radius` (whole px): y, x, y, x. */
export function diskOffsets(radius: number): Int32Array {
  const steps = Array.from({ length: 2 * radius + 1 }, (_, k) => k - radius);
  return Int32Array.from(
    steps
      .flatMap((y) => steps.map((x) => [y, x]))
      .filter(([y, x]) => y * y + x * x <= radius * radius)
      .flat(),
  );
}

/**
 * True for a neighbor pixel that lies in no disk of neighbor pixels, outside the crop counting as neighbor: what a
 * morphological opening takes away.
 */
export function isSliver(search: SliverSearch, p: number): boolean {
  const { disk, width } = search;
  const x = p % width;
  const y = (p - x) / width;
  for (let n = 0; n < disk.length; n += 2) if (holdsDisk(search, y + disk[n], x + disk[n + 1])) return false;
  return true;
}

/** True where all pixels of the disk around (y, x) are neighbor pixels or lie outside the crop. */
function holdsDisk({ mask, height, width, disk }: SliverSearch, y: number, x: number): boolean {
  for (let n = 0; n < disk.length; n += 2) {
    const v = y + disk[n];
    const u = x + disk[n + 1];
    if (v >= 0 && u >= 0 && v < height && u < width && mask[v * width + u] !== NEIGHBOR) return false;
  }
  return true;
}

/**
 * Copies the mask to `out` with the slivers within `reach` px of the center cell given to it: so near and so thin,
 * they are the center's own rim, labeled as a neighbor by an imperfect segmentation.
 * @param toCenter squared distance to the center cell, px^2 @returns number of pixels relabeled
 */
export function relabelSlivers(
  search: SliverSearch,
  toCenter: Int32Array,
  reach: number,
  out: Uint8Array,
): number {
  const { mask } = search;
  out.set(mask);
  let relabeled = 0;
  for (let p = 0; p < mask.length; p++)
    if (mask[p] === NEIGHBOR && toCenter[p] <= reach * reach && isSliver(search, p)) {
      out[p] = CENTER;
      relabeled++;
    }
  return relabeled;
}
