import { DataError } from "../errors.ts";

/** Values of planes as stored, row by row; 64-bit integers are held as Float64Array. */
export type PlaneValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Pixels of one image file: planes x height x width; pages first, then the samples of a page. */
export interface Planes<Values extends PlaneValues = Float32Array> {
  readonly planes: number;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  readonly data: Values;
}

/** How large an image may be that is read; what claims more is refused before memory is taken. */
export interface SizeLimits {
  /** Longest side, pixels. */
  readonly side: number;
  /** Most values that are held at once: of all planes of a crop, of one plane of a field. */
  readonly values: number;
  /** Most pixels of a plane. */
  readonly pixels: number;
  /** Most pages of a file. */
  readonly pages: number;
  readonly what: string;
  readonly remedy: string;
}

/** 16.8 million values, 64 MiB as float32; planes of 2048 x 2048 px, larger than one cell is ever shown. */
export const CROP: SizeLimits = {
  side: 8192,
  values: 1 << 24,
  pixels: 1 << 22,
  pages: 4096,
  what: "a crop",
  remedy: "Cut the cells out of their field first (`cellswap import fields`)",
};

/** 268 million values, 512 MiB at 16 bit. */
export const FIELD: SizeLimits = {
  side: 1 << 16,
  values: 1 << 28,
  pixels: 1 << 28,
  pages: 1 << 16,
  what: "a field",
  remedy: "Cut it into tiles first",
};

/**
 * Refuses sizes that no crop (or whatever `limits` are for) has, before anything of that size is allocated; `values`
 * counts all planes where there are several pages.
 */
export function checkSize(
  planes: number,
  height: number,
  width: number,
  path: string,
  limits: SizeLimits = CROP,
): void {
  if (
    planes >= 1 &&
    height >= 1 &&
    width >= 1 &&
    height <= limits.side &&
    width <= limits.side &&
    planes * height * width <= limits.values
  ) {
    if (height * width <= limits.pixels) return;
    throw new DataError(
      `is ${height} x ${width} px; ${limits.what} has at most ${limits.pixels} px, as 2048 x 2048. ${limits.remedy}`,
      { path },
    );
  }
  throw new DataError(
    `is ${height} x ${width} px with ${planes} sample(s); ${limits.what} has 1 to ${limits.side} px a side and at most ${limits.values} values. ${limits.remedy}, or export the file again`,
    { path },
  );
}

/** Refuses a crop whose pages or files hold more `values` together than a crop has. */
export function checkPages(values: number, path: string, where = "on its pages"): void {
  if (values > CROP.values)
    throw new DataError(
      `has ${values} values ${where}; a crop has at most ${CROP.values}. Cut the cells out of their stack first`,
      { path },
    );
}
