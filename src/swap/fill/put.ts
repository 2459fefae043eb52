import type { Medium } from "./medium.ts";
import type { Membrane } from "./membrane.ts";
import type { Removal } from "./removal.ts";

/**
 * Puts the fill into the crop: level, woven noise and the light of neighbors (where there is a membrane) in the
 * removed pixels; around, level, noise and what is there above the level with square-root weights.
 */
export function putFill(
  crop: Float32Array,
  { removed, fading, sines, fade }: Removal,
  medium: Medium,
  woven: Float32Array,
  membrane: Membrane | null,
): void {
  const pixels = fade.length;
  for (let c = 0, offset = 0; c < medium.sd.length; c++, offset += pixels) {
    const plane = crop.subarray(offset, offset + pixels);
    const trend = medium.trend.subarray(offset, offset + pixels);
    const noise = woven.subarray(offset, offset + pixels);
    for (let n = 0; n < removed.size; n++) {
      const p = removed.pixels[n];
      plane[p] = trend[p] + noise[p] + (membrane === null ? 0 : membrane.get(c, p));
    }
    for (let n = 0; n < fading.size; n++) {
      const p = fading.pixels[n];
      const level = trend[p];
      plane[p] = level + sines[n] * noise[p] + fading.values[n] * (plane[p] - level);
    }
  }
}
