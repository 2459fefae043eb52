import { diameterOf } from "../masks/diameter.ts";
import type { CompositeOptions, CropShape } from "../types.ts";
import { fillLengths } from "./fill/lengths.ts";

/** How composites are made unless somebody wants it otherwise. */
export const RECOMMENDED = { edge: "soft", donorCenter: "fill", intensity: "field" } as const;

/** Range of backgrounds after the intensity step, in units of the distance from the medium (0) to the cells (1). */
export const CLIP: readonly [number, number] = [-1, 6];

/** A 32nd of the diameter of the cells that crops are made for, px: what lengths are counted in. */
export function unitOf(shape: Omit<CropShape, "channels">): number {
  return fillLengths(diameterOf(shape)).unit;
}

/** Lengths in proportion to the diameter of the cells: sigma of the soft edge and the rim that goes with a cell, px. */
export function lengthsFor(shape: Omit<CropShape, "channels">): Pick<CompositeOptions, "sigma" | "halo"> {
  const unit = unitOf(shape);
  return { sigma: unit, halo: 3 * unit };
}

/** All of it, for crops of some size. */
export function recommendedFor(shape: Omit<CropShape, "channels">, seed: number): CompositeOptions {
  return { ...RECOMMENDED, ...lengthsFor(shape), clip: CLIP, seed };
}
