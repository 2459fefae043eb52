import { NEIGHBOR } from "../../types.ts";
import type { Medium } from "./medium.ts";
import type { Membrane } from "./membrane.ts";
import type { Site } from "./survey.ts";

/**
 * Carries the light of the neighbors into the removed pixels, from the known pixels along their edge, on a membrane
 * per channel. Neighbor pixels keep the light that the removed cell throws on them, but it is not carried on.
 * @param light of the removed cell by squared distance, a table per channel
 */
export function carryNeighborLight(
  crop: Float32Array,
  site: Site,
  medium: Medium,
  light: readonly Float64Array[],
  membrane: Membrane,
): void {
  const { mask, from } = site.cut;
  const { shaded, rim } = site.shore;
  const pixels = mask.length;
  membrane.stretch(shaded);
  light.forEach((table, c) => {
    const plane = crop.subarray(c * pixels, (c + 1) * pixels);
    const trend = medium.trend.subarray(c * pixels, (c + 1) * pixels);
    for (let n = 0; n < rim.size; n++) {
      const p = rim.pixels[n];
      const above = plane[p] - trend[p];
      const thrown = mask[p] === NEIGHBOR && from[p] < table.length ? table[from[p]] : 0;
      membrane.set(c, p, rim.values[n] * (thrown === 0 ? above : Math.max(0, above - thrown)));
    }
  });
  membrane.relax();
}
