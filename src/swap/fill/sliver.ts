import { CENTER, NEIGHBOR } from "../../types.ts";

/** Offsets of the disk of radius 2 px: y, x, y, x. */
const DISK = Int32Array.from(
  [-2, -1, 0, 1, 2]
    .flatMap((y) => [-2, -1, 0, 1, 2].map((x) => [y, x]))
    .filter(([y, x]) => y * y + x * x <= 4)
    .flat(),
);

/**
 * True for a neighbor pixel that lies in no disk of radius 2 px of neighbor pixels, outside the crop counting as
 * neighbor: what a morphological opening takes away.
 */
export function isSliver(mask: Uint8Array, height: number, width: number, p: number): boolean {
  const x = p % width;
  const y = (p - x) / width;
  for (let n = 0; n < DISK.length; n += 2)
    if (holdsDisk(mask, height, width, y + DISK[n], x + DISK[n + 1])) return false;
  return true;
}

/** True where all pixels of the disk around (y, x) are neighbor pixels or lie outside the crop. */
function holdsDisk(mask: Uint8Array, height: number, width: number, y: number, x: number): boolean {
  for (let n = 0; n < DISK.length; n += 2) {
    const v = y + DISK[n];
    const u = x + DISK[n + 1];
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
  mask: Uint8Array,
  height: number,
  width: number,
  toCenter: Int32Array,
  reach: number,
  out: Uint8Array,
): number {
  out.set(mask);
  let relabeled = 0;
  for (let p = 0; p < mask.length; p++)
    if (mask[p] === NEIGHBOR && toCenter[p] <= reach * reach && isSliver(mask, height, width, p)) {
      out[p] = CENTER;
      relabeled++;
    }
  return relabeled;
}
