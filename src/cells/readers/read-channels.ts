import { DataError } from "../../errors.ts";
import { normalizeMask } from "../../masks/label-mask.ts";
import type { CellPixels } from "../importer.ts";
import { readImage, readLabelImage } from "./image.ts";

/**
 * Reads a cell from one single-plane file per channel, or, with one path for several channels, from one file with a
 * plane (page or sample) per channel; the mask from its own file.
 * @throws DataError where sizes or the number of planes do not fit.
 */
export async function readChannels(
  paths: readonly string[],
  channels: readonly string[],
  maskPath: string | null = null,
): Promise<CellPixels> {
  const images = await Promise.all(paths.map(readImage));
  const maskImage = maskPath === null ? null : await readLabelImage(maskPath);
  const { height, width } = images[0];
  const size = height * width;
  const crop = new Float32Array(channels.length * size);
  const planes = paths.length === 1 ? channels.length : 1;
  images.forEach((image, i) => {
    if (image.planes !== planes)
      throw new DataError(
        planes === 1
          ? `has ${image.planes} planes (pages or samples) where one channel is expected; export each channel to its own file`
          : `has ${image.planes} plane(s) (pages or samples) for the ${planes} channels ${channels.join(", ")}; name as many channels as it has`,
        { path: paths[i] },
      );
    if (image.height !== height || image.width !== width)
      throw new DataError(
        `is ${image.height} x ${image.width} px, ${paths[0]} is ${height} x ${width} px; the channels of a cell need one size`,
        { path: paths[i] },
      );
    crop.set(image.data, i * planes * size);
  });
  if (maskImage === null || maskPath === null) return { height, width, crop, mask: null };
  if (maskImage.height !== height || maskImage.width !== width)
    throw new DataError(
      `is ${maskImage.height} x ${maskImage.width} px, its crop ${paths[0]} is ${height} x ${width} px; a mask needs the size of its crop`,
      { path: maskPath },
    );
  return { height, width, crop, mask: normalizeMask(maskImage, maskPath) };
}
