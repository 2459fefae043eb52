import { readFile } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import { checkInput } from "../../files/input.ts";
import type { Planes } from "../../image/planes.ts";
import type { Room } from "../read-ahead.ts";
import { type ByteSource, FileBytes, memoryBytes, unreadable } from "./bytes.ts";
import { decodePng, isPng, pngHeader } from "./png.ts";
import { decodeTiff, isTiff } from "./tiff.ts";

/** Largest image file of a crop, bytes. */
export const MAX_FILE = 256 * 1024 * 1024;
/** Files up to this size are read at once, which is faster where they are far away; of larger ones what is asked for. */
const WHOLE = 1 << 22;

/**
 * Reads a TIFF or PNG file to its stored values, unscaled, as float32 (64-bit floats and integers over 2^24 are
 * rounded to the nearest float32).
 * @throws DataError where the file is missing, not an image, truncated, damaged or larger than a crop can be.
 */
export async function readImage(path: string, room?: Room): Promise<Planes> {
  return read(path, Float32Array, room);
}

/** As {@link readImage}, as float64: whole numbers up to 2^53 are exact, as labels need it. */
export async function readLabelImage(path: string, room?: Room): Promise<Planes<Float64Array>> {
  return read(path, Float64Array, room);
}

async function read<Values extends Float32Array | Float64Array>(
  path: string,
  Values: new (length: number) => Values,
  room: Room | undefined,
): Promise<Planes<Values>> {
  const { file, close } = await openBytes(path);
  try {
    const head = file.bytes(0, Math.min(8, file.length));
    if (isTiff(head)) return await decodeTiff(file, path, Values, room);
    if (isPng(head)) {
      const bytes = Buffer.from(file.bytes(0, file.length));
      const { samples, height, width } = pngHeader(bytes, path);
      await room?.(samples * height * width, path);
      return decodePng(bytes, path, Values);
    }
    throw new DataError("is neither a TIFF nor a PNG image; export the crop as TIFF", { path });
  } finally {
    close();
  }
}

async function openBytes(path: string): Promise<{ file: ByteSource; close: () => void }> {
  try {
    const size = checkInput(path);
    if (size > MAX_FILE)
      throw new DataError(
        `has ${size} bytes; the file of a single-cell crop has at most ${MAX_FILE}. Cut the cells out of their field first`,
        { path },
      );
    if (size <= WHOLE) return { file: memoryBytes(await readFile(path)), close: () => {} };
    const file = new FileBytes(path);
    return { file, close: () => file.close() };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
