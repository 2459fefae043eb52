/** Pixels of a crop, the first `size` of `pixels`, ascending. */
export interface PixelList {
  readonly pixels: Int32Array;
  size: number;
}

/** Pixels with a value each: `values[n]` belongs to `pixels[n]`. */
export interface WeightedPixels extends PixelList {
  readonly values: Float64Array;
}

/** Empty list with room for every pixel of a crop. */
export function emptyList(pixels: number): PixelList {
  return { pixels: new Int32Array(pixels), size: 0 };
}

/** As {@link emptyList}, with room for values. */
export function emptyWeighted(pixels: number): WeightedPixels {
  return { pixels: new Int32Array(pixels), values: new Float64Array(pixels), size: 0 };
}
