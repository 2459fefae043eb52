import { DataError } from "../../errors.ts";
import type { StackLayout } from "./ome-xml.ts";

/** Sizes that ImageJ writes into the description of a stack; null for a description of another program. */
function imagejSizes(description: string): {
  readonly channels: number;
  readonly slices: number;
  readonly frames: number;
  readonly images: number;
} | null {
  if (!/^ImageJ=/.test(description)) return null;
  const head = description.slice(0, 1 << 16);
  const size = (name: string) => {
    const value = Number(new RegExp(`^${name}=(\\d+)\\s*$`, "m").exec(head)?.[1] ?? "1");
    return Number.isSafeInteger(value) && value >= 1 ? value : 1;
  };
  return {
    channels: size("channels"),
    slices: size("slices"),
    frames: size("frames"),
    images: size("images"),
  };
}

/**
 * Layout of an ImageJ stack with `pages` pages: channels change first, then slices, then frames.
 * @throws DataError where the pages are not those that its description counts.
 */
export function readImagej(description: string, pages: number, path: string): StackLayout | null {
  const sizes = imagejSizes(description);
  if (sizes === null) return null;
  const { channels, slices, frames } = sizes;
  if (channels * slices * frames !== pages)
    if (channels * slices * frames === 1 && sizes.images === pages)
      // Old versions wrote `images` alone: an axis that is not named.
      return null;
    else
      throw new DataError(
        `is an ImageJ stack of ${Math.max(sizes.images, channels * slices * frames)} images, but has ${pages} pages; save it again with ImageJ`,
        { path },
      );
  return {
    channels: new Array(channels).fill(null),
    slices,
    times: frames,
    pixelSize: null,
    place: (channel, slice, time) => ({
      file: null,
      page: channel + channels * (slice + slices * time),
      sample: 0,
    }),
  };
}
