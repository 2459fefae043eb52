import type { CropShape, CropSource, MaskKind } from "../types.ts";

/** Crops and masks held in memory: `crops` is count x channels x height x width, `masks` count x height x width. */
export function memoryCrops(
  shape: CropShape,
  crops: Float32Array,
  masks: Uint8Array | null,
  kind: MaskKind = masks === null ? "none" : "full",
): CropSource {
  const pixels = shape.height * shape.width;
  const size = shape.channels.length * pixels;
  return {
    channels: shape.channels,
    height: shape.height,
    width: shape.width,
    diameter: shape.diameter,
    count: crops.length / size,
    masks: kind,
    readCrop: (cell, out) => out.set(crops.subarray(cell * size, (cell + 1) * size)),
    readMask: (cell, out) => {
      if (masks === null) throw new RangeError("these crops have no masks");
      out.set(masks.subarray(cell * pixels, (cell + 1) * pixels));
    },
  };
}
