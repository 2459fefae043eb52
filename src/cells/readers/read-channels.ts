import { DataError } from "../../errors.ts";
import { checkPages } from "../../image/planes.ts";
import { normalizeMask } from "../../masks/label-mask.ts";
import { joinPlanes } from "../crop-type.ts";
import type { CellPixels } from "../importer.ts";
import type { Room } from "../read-ahead.ts";
import { checkAxes } from "./axes.ts";
import { readImage, readLabelImage } from "./image.ts";

/**
 * Reads a cell from one single-plane file per channel, or, with one path for several channels, from one file with a
 * plane (page or sample) per channel; the mask from its own file.
 * @param room where the crop is read ahead, as `CellSource.read` has it
 * @throws DataError where sizes or the number of planes do not fit, or planes are no channels.
 */
export async function readChannels(
  paths: readonly string[],
  channels: readonly string[],
  maskPath: string | null = null,
  room?: Room,
): Promise<CellPixels> {
  const together = cropRoom(room);
  const images = await Promise.all(paths.map((path) => readImage(path, together)));
  const maskImage = maskPath === null ? null : await readLabelImage(maskPath, room);
  const { height, width } = images[0];
  const planes = paths.length === 1 ? channels.length : 1;
  for (const [i, image] of images.entries()) {
    await checkAxes(image, planes === 1 ? [channels[i]] : channels, paths[i]);
    if (image.height !== height || image.width !== width)
      throw new DataError(
        `is ${image.height} x ${image.width} px, ${paths[0]} is ${height} x ${width} px; the channels of a cell need one size`,
        { path: paths[i] },
      );
  }
  const crop = joinPlanes(images.map(({ data }) => data));
  if (maskImage === null || maskPath === null) return { height, width, crop, mask: null };
  if (maskImage.height !== height || maskImage.width !== width)
    throw new DataError(
      `is ${maskImage.height} x ${maskImage.width} px, its crop ${paths[0]} is ${height} x ${width} px; a mask needs the size of its crop`,
      { path: maskPath },
    );
  return { height, width, crop, mask: normalizeMask(maskImage, maskPath) };
}

/** Room for all files of a crop, which together hold no more than a crop may. */
export function cropRoom(room?: Room): Room {
  let sum = 0;
  return async (values, path) => {
    sum += values;
    checkPages(sum, path, "with the other files of its crop");
    await room?.(values, path);
  };
}
