import { DataError } from "../../errors.ts";
import { checkInput } from "../../files/input.ts";
import type { Planes } from "../../image/planes.ts";
import type { CropValues } from "../crop-type.ts";
import type { Room } from "../read-ahead.ts";
import { type ByteSource, FileBytes, memoryBytes, readSmall, unreadable } from "./bytes.ts";
import { decodePng, isPng, pngHeader } from "./png.ts";
import { decodeTiff, isTiff } from "./tiff.ts";

/** Largest image file of a crop, bytes. */
export const MAX_FILE = 256 * 1024 * 1024;
/** Files up to this size are read at once ({@link readSmall}); of larger ones what is asked for. */
const WHOLE = 1 << 22;

/**
 * Reads a TIFF or PNG file to its stored values, unscaled: unsigned integers of 8 and 16 bits as such, all else as
 * float32 (64-bit floats and integers over 2^24 are rounded to the nearest float32).
 * @throws DataError where the file is missing, not an image, truncated, damaged or larger than a crop can be.
 */
export async function readImage(path: string, room?: Room): Promise<Planes<CropValues>> {
  return read(path, Float32Array, room);
}

/** As {@link readImage}, with float64 for float32: whole numbers up to 2^53 are exact, as labels need it. */
export async function readLabelImage(
  path: string,
  room?: Room,
): Promise<Planes<Uint8Array | Uint16Array | Float64Array>> {
  return read(path, Float64Array, room);
}

async function read<Values extends Float32Array | Float64Array>(
  path: string,
  Values: new (length: number) => Values,
  room: Room | undefined,
): Promise<Planes<Values | Uint8Array | Uint16Array>> {
  const { file, close } = await openBytes(path);
  try {
    const head = file.bytes(0, Math.min(8, file.length));
    if (isTiff(head))
      return await decodeTiff<Values | Uint8Array | Uint16Array>(
        file,
        path,
        (length, bits) =>
          bits === 8 ? new Uint8Array(length) : bits === 16 ? new Uint16Array(length) : new Values(length),
        room,
      );
    if (isPng(head)) {
      const bytes = Buffer.from(file.bytes(0, file.length));
      const { samples, height, width } = pngHeader(bytes, path);
      await room?.(samples * height * width, path);
      return decodePng(bytes, path);
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
    if (size <= WHOLE) return { file: memoryBytes(await readSmall(path, size)), close: () => {} };
    const file = new FileBytes(path);
    return { file, close: () => file.close() };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
