import { squaredDistance } from "./distance.ts";

/**
 * Binary morphology with a disk (dx^2 + dy^2 <= radius^2), in place on masks of 0 and 1, through the exact distance
 * transform: the cost does not depend on the radius. As in scikit-image, what lies outside the image neither erodes
 * nor grows. `scratch` holds height x width values.
 */
export function erode(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  squaredDistance(mask, height, width, scratch, 0);
  const limit = radius * radius;
  for (let i = 0; i < height * width; i++) mask[i] = scratch[i] > limit ? 1 : 0;
}

/** Sets every pixel within `radius` of a set one; see {@link erode}. */
export function dilate(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  squaredDistance(mask, height, width, scratch, 1);
  const limit = radius * radius;
  for (let i = 0; i < height * width; i++) mask[i] = scratch[i] <= limit ? 1 : 0;
}

/** Removes what a disk of `radius` does not fit into (bridges, spurs, specks); see {@link erode}. */
export function open(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  erode(mask, height, width, radius, scratch);
  dilate(mask, height, width, radius, scratch);
}

/** Fills what a disk of `radius` outside the mask does not reach (notches, gaps); see {@link erode}. */
export function close(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  dilate(mask, height, width, radius, scratch);
  erode(mask, height, width, radius, scratch);
}
