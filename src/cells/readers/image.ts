import { readFile } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import { checkInput } from "../../files/input.ts";
import type { Planes } from "../../image/planes.ts";
import { unreadable } from "./bytes.ts";
import { decodePng, isPng } from "./png.ts";
import { decodeTiff, isTiff } from "./tiff.ts";

/** Largest image file of a crop, bytes. */
export const MAX_FILE = 256 * 1024 * 1024;

/**
 * Reads a TIFF or PNG file to its stored values, unscaled, as float32 (64-bit floats and integers over 2^24 are
 * rounded to the nearest float32).
 * @throws DataError where the file is missing, not an image, truncated, damaged or larger than a crop can be.
 */
export async function readImage(path: string): Promise<Planes> {
  return decode(await readBytes(path), path, Float32Array);
}

/** As {@link readImage}, as float64: whole numbers up to 2^53 are exact, as labels need it. */
export async function readLabelImage(path: string): Promise<Planes<Float64Array>> {
  return decode(await readBytes(path), path, Float64Array);
}

function decode<Values extends Float32Array | Float64Array>(
  bytes: Buffer,
  path: string,
  Values: new (length: number) => Values,
): Planes<Values> {
  if (isTiff(bytes)) return decodeTiff(bytes, path, Values);
  if (isPng(bytes)) return decodePng(bytes, path, Values);
  throw new DataError("is neither a TIFF nor a PNG image; export the crop as TIFF", { path });
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    const size = checkInput(path);
    if (size > MAX_FILE)
      throw new DataError(
        `has ${size} bytes; the file of a single-cell crop has at most ${MAX_FILE}. Cut the cells out of their field first`,
        { path },
      );
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
