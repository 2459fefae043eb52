import { MEASURES, measureMask } from "../masks/verdict.ts";
import { checkCrop } from "./check-crop.ts";
import { type CropType, cropTypeOf } from "./crop-type.ts";
import type { CellPixels } from "./importer.ts";
import { emptyRim, type RimShape } from "./surroundings.ts";

/** What an import has to know of the pixels of one cell, besides the pixels. */
export interface CellFacts {
  /** Type of the crop's values. */
  readonly type: CropType;
  /** Whether a channel has one value everywhere. */
  readonly constant: boolean;
  /** Whether the mask names a neighbor. */
  readonly neighbors: boolean;
  /** What was measured of the mask, in the order of `MEASURES`; null without one. */
  readonly measures: Float64Array | null;
  /** 1 for every channel whose rim holds one value; null where the crop has no rim. */
  readonly emptyRim: Uint8Array | null;
}

/**
 * Looks at the pixels of a cell.
 * @param file of a channel, for the message @throws DataError with the first value that is not finite, and its place
 */
export function factsOf(pixels: CellPixels, shape: RimShape, file: (channel: number) => string): CellFacts {
  const { crop, mask, half, height, width } = pixels;
  const flat = checkCrop(pixels, shape.channels, file);
  const found = mask === null ? null : measureMask(mask, height, width);
  return {
    type: cropTypeOf(crop, half),
    constant: flat.length > 0,
    neighbors: mask?.includes(2) === true,
    measures: found === null ? null : Float64Array.from(MEASURES, (name) => found[name]),
    emptyRim: emptyRim(shape, crop, mask, half),
  };
}
