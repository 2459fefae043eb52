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

/** Refuses sizes that no crop has, before anything of that size is allocated. */
export function checkSize(planes: number, height: number, width: number, path: string): void {
  if (
    !(planes >= 1 && height >= 1 && width >= 1) ||
    height > MAX_SIDE ||
    width > MAX_SIDE ||
    planes * height * width > MAX_VALUES
  )
    throw new DataError(
      `says that it has ${planes} plane(s) of ${height} x ${width} px; a crop has 1 to ${MAX_SIDE} px a side and at most ${MAX_VALUES} values. Cut the cells out of their field first, or export the file again`,
      { path },
    );
}
