import { DataError } from "../../errors.ts";
import type { Planes } from "../../image/planes.ts";
import { type FieldImage, openFieldImage } from "./field-image.ts";

/** More channels than this a crop hardly has; a side this short is an axis of channels. */
const CHANNELS = 8;

/**
 * Looks at the axes of a crop's file that has several planes: whether they are channels at all.
 * @param expected number of channels that the file should hold
 * @throws DataError where channels are the last axis, planes are slices or times, or their number is another.
 */
export async function checkAxes(
  { planes, height, width }: Omit<Planes, "data">,
  expected: readonly string[],
  path: string,
): Promise<void> {
  if (planes > 1 && width <= CHANNELS && height > CHANNELS)
    throw new DataError(
      `is ${planes} pages of ${height} x ${width} px: channels seem to be the last axis; write them as pages (move the axis to the front)`,
      { path },
    );
  if (planes > 1) {
    const { slices, times, channels } = await axes(path);
    const many = [...(slices > 1 ? [`${slices} slices`] : []), ...(times > 1 ? [`${times} times`] : [])];
    if (many.length > 0)
      throw new DataError(
        `is a stack of ${many.join(" and ")} with ${channels.length} channel(s); project it or choose one, and write a plane per channel`,
        { path },
      );
  }
  if (planes === expected.length) return;
  throw new DataError(
    expected.length === 1
      ? `has ${planes} planes (pages or samples) where one channel is expected; export each channel to its own file`
      : `has ${planes} plane(s) (pages or samples) for the ${expected.length} channels ${expected.join(", ")}; name as many channels as it has`,
    { path },
  );
}

async function axes(path: string): Promise<Pick<FieldImage, "slices" | "times" | "channels">> {
  const image = await openFieldImage(path);
  image.close();
  return image;
}
