import { readFile, stat } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import type { Planes } from "../../image/planes.ts";
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
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE)
      throw new DataError(
        `has ${size} bytes; the file of a single-cell crop has at most ${MAX_FILE}. Cut the cells out of their field first`,
        { path },
      );
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DataError(
      missing
        ? "is missing; restore the file or take its cell out"
        : "cannot be read; check that the file is readable",
      { path, cause },
    );
  }
  if (isTiff(bytes)) return decodeTiff(bytes, path);
  if (isPng(bytes)) return decodePng(bytes, path);
  throw new DataError("is neither a TIFF nor a PNG image; export the crop as TIFF", { path });
}
