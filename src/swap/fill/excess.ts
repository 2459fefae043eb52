import type { Lengths } from "./lengths.ts";
import { Level } from "./level.ts";
import type { Medium } from "./medium.ts";
import { emptyList, type PixelList } from "./pixel-list.ts";
import type { Site } from "./survey.ts";

/** Local mean of plane - trend over some pixels, where it is asked for. */
export interface Excess {
  readonly level: Level;
  readonly sigma: number;
  readonly values: Float64Array;
  /** Where it is measured and asked for, after {@link weighExcess}. */
  measured: PixelList;
  asked: PixelList;
  /** The local mean at every pixel asked for, in their order, after {@link measureExcess}. */
  readonly found: Float64Array;
}

export function emptyExcess(height: number, width: number, lengths: Lengths): Excess {
  const pixels = height * width;
  return {
    level: new Level(height, width, lengths.excess),
    sigma: lengths.excess.sigma,
    values: new Float64Array(pixels),
    measured: emptyList(0),
    asked: emptyList(0),
    found: new Float64Array(pixels),
  };
}

/** Says on which pixels the excess is measured and at which (ascending) it is asked for, for all channels. */
export function weighExcess(excess: Excess, measured: PixelList, asked: PixelList): void {
  excess.measured = measured;
  excess.asked = asked;
  excess.level.weigh(measured, asked);
}

/** Measures the excess of one channel. */
export function measureExcess(excess: Excess, plane: Float32Array, trend: Float32Array): void {
  const { values, found } = excess;
  const { pixels, size } = excess.measured;
  for (let n = 0; n < size; n++) values[n] = Math.fround(plane[pixels[n]] - trend[pixels[n]]);
  excess.level.measure(values);
  excess.level.readAt(excess.asked, found);
}

/**
 * Takes off what light is still left beside the removed rim on one side, where a mask is tight or askew: the local
 * mean E of what is above (or below) the trend, shrunk to E^3 / (E^2 + 4 SE^2), so that plain noise stays.
 */
export function takeOffExcess(crop: Float32Array, site: Site, medium: Medium, excess: Excess): void {
  const { around, beside } = site.surroundings;
  const { found, sigma } = excess;
  const pixels = site.cut.from.length;
  weighExcess(excess, around, beside);
  medium.sd.forEach((sd, c) => {
    const plane = crop.subarray(c * pixels, (c + 1) * pixels);
    measureExcess(excess, plane, medium.trend.subarray(c * pixels, (c + 1) * pixels));
    const error = (sd * sd) / (Math.PI * sigma * sigma);
    for (let n = 0; n < beside.size; n++) {
      const e = found[n];
      plane[beside.pixels[n]] -= (beside.values[n] * e * e * e) / (e * e + error + 1e-30);
    }
  });
}
