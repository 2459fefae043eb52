import { distanceTransform } from "../../image/distance.ts";
import { mottleTile, TILE } from "../texture.ts";
import { MARGIN, type Packing } from "./packing.ts";
import type { HumanShape } from "./shape.ts";

/** The pixels around one cell as the others left it; images are row by row, valid until the next patch is cut. */
export interface HumanPatch {
  readonly shape: HumanShape;
  /** Pixel of the field at the patch's upper left corner. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Distance to the nearest pixel that is not the cell's, 0 outside. */
  readonly depth: Float32Array;
  /** Pixels of the cell. */
  readonly area: number;
}

/** Pixels that a patch may have: those of a cell of the longest reach, with a rim. */
export const PATCH_PIXELS = 124 * 124;
const own = new Uint8Array(PATCH_PIXELS);
const depths = new Float32Array(PATCH_PIXELS);

/** Cuts the patch of cell `k` (from 0) out of a packing; null where nothing of it is left. */
export function cutHumanPatch({ shapes, labels, side }: Packing, k: number): HumanPatch | null {
  const shape = shapes[k];
  const r = Math.ceil(shape.reach) + 1;
  const x0 = Math.floor(shape.x) + MARGIN - r;
  const y0 = Math.floor(shape.y) + MARGIN - r;
  const width = 2 * r + 2;
  let area = 0;
  for (let y = 0, p = 0; y < width; y++)
    for (let x = 0; x < width; x++, p++) {
      const [fx, fy] = [x0 + x, y0 + y];
      const inside = fx >= 0 && fy >= 0 && fx < side && fy < side && labels[fy * side + fx] === k + 1;
      own[p] = Number(inside);
      if (inside) area++;
    }
  if (area === 0) return null;
  distanceTransform(own, width, width, depths);
  return { shape, left: x0 - MARGIN, top: y0 - MARGIN, width, height: width, depth: depths, area };
}

/** Adds a point of light at (x, y) of the patch, shared between the four pixels around it; the point spread widens it. */
export function point(out: Float32Array, patch: HumanPatch, x: number, y: number, amount: number): void {
  const [px, py] = [Math.floor(x), Math.floor(y)];
  const { width, height, depth } = patch;
  if (px < 0 || py < 0 || px >= width - 1 || py >= height - 1) return;
  const [fx, fy] = [x - px, y - py];
  const p = py * width + px;
  if (depth[p] === 0) return;
  out[p] += amount * (1 - fx) * (1 - fy);
  out[p + 1] += amount * fx * (1 - fy);
  out[p + width] += amount * (1 - fx) * fy;
  out[p + width + 1] += amount * fx * fy;
}

/** Adds a Gaussian spot (peak `amount`, standard deviation `sigma` px) at (x, y) of the patch. */
export function blob(
  out: Float32Array,
  patch: HumanPatch,
  [x, y]: readonly [number, number],
  sigma: number,
  amount: number,
): void {
  const r = 3 * sigma;
  const scale = -0.5 / (sigma * sigma);
  const x1 = Math.min(patch.width - 1, Math.floor(x + r));
  const y1 = Math.min(patch.height - 1, Math.floor(y + r));
  for (let py = Math.max(0, Math.ceil(y - r)); py <= y1; py++)
    for (let px = Math.max(0, Math.ceil(x - r)); px <= x1; px++)
      out[py * patch.width + px] += amount * Math.exp(scale * ((px - x) ** 2 + (py - y) ** 2));
}

/** Whether (x, y) of the patch is the cell's, at least `depth` px from its border. */
export function within(patch: HumanPatch, x: number, y: number, depth: number): boolean {
  const [px, py] = [Math.round(x), Math.round(y)];
  if (px < 0 || py < 0 || px >= patch.width || py >= patch.height) return false;
  return patch.depth[py * patch.width + px] >= Math.max(depth, 0.5);
}

/** Smooth noise (mean 0, SD 1) at pixel (x, y) of the patch, magnified `scale` times; `shift` chooses the place. */
export function noiseAt(x: number, y: number, scale: number, shift: number): number {
  const tile = mottleTile();
  const [u, v] = [x / scale, y / scale + (shift >> 7)];
  const [ux, vy] = [Math.floor(u), Math.floor(v)];
  const [fu, fv] = [u - ux, v - vy];
  const at = (i: number, j: number) => tile[((j & (TILE - 1)) * TILE + ((i + shift) & (TILE - 1))) | 0];
  return (
    (1 - fv) * ((1 - fu) * at(ux, vy) + fu * at(ux + 1, vy)) +
    fv * ((1 - fu) * at(ux, vy + 1) + fu * at(ux + 1, vy + 1))
  );
}
