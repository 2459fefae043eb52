import { DataError } from "../errors.ts";

/** Pixels of one image file: planes x height x width; pages first, then the samples of a page. */
export interface Planes {
  readonly planes: number;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  readonly data: Float32Array;
}

/** Most values (planes x height x width) that one file of a crop may hold: 16.8 million, 64 MiB as float32. */
export const MAX_VALUES = 1 << 24;
/** Longest side of a crop, pixels. */
export const MAX_SIDE = 8192;

/**
 * Refuses sizes that no crop has, before anything of that size is allocated; `values` counts all planes where there
 * are several pages.
 */
export function checkSize(
  planes: number,
  height: number,
  width: number,
  path: string,
  values: number = planes * height * width,
): void {
  if (
    planes >= 1 &&
    height >= 1 &&
    width >= 1 &&
    height <= MAX_SIDE &&
    width <= MAX_SIDE &&
    values <= MAX_VALUES
  )
    return;
  throw new DataError(
    values > MAX_VALUES && planes === 1 && height === 1
      ? `has ${values} values on its pages; a crop has at most ${MAX_VALUES}. Cut the cells out of their stack first`
      : `is ${height} x ${width} px with ${planes} sample(s); a crop has 1 to ${MAX_SIDE} px a side and at most ${MAX_VALUES} values. Cut the cells out of their field first, or export the file again`,
    { path },
  );
}
