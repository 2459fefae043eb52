import type { BitMask } from "../image/bit-mask.ts";
import { otsuThreshold } from "../image/otsu.ts";
import { type FieldScale, levels } from "./field.ts";
import { RECIPE, SEEDED, smoothing } from "./recipe.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Numbers the nuclei in `channel` (height x width, on the scale of `field`) from 1 on in `labels` and returns how many
 * there are: foreground above Otsu's threshold, touching ones parted at the necks of the blob, without debris. `work`
 * is made for the diameter of a nucleus, `foreground` is a buffer.
 */
export function findNuclei(
  work: Workspace,
  channel: Float32Array,
  field: FieldScale,
  foreground: BitMask,
  labels: Int32Array,
): number {
  const { height, width, level, scratch, unit } = work;
  const diameter = unit * RECIPE.diameter;
  levels(channel, height, width, smoothing(diameter), field, level, scratch);
  const [low, high] = SEEDED.thresholdRange;
  const threshold = Math.min(high * field.threshold, Math.max(low * field.threshold, otsuThreshold(level)));
  work.clean(foreground.above(level, threshold), RECIPE.bridge);
  work.relieve(foreground, foreground);
  const count = work.hills.mark(SEEDED.depth * unit);
  work.hills.flood(labels);
  return dropSmall(labels, count, height, width, (Math.PI / 4) * diameter ** 2);
}

/** Removes pieces that are too small for nuclei and numbers the others from 1 on. */
function dropSmall(
  labels: Int32Array,
  count: number,
  height: number,
  width: number,
  typical: number,
): number {
  const area = new Float64Array(count + 1);
  const cut = new Uint8Array(count + 1);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      area[labels[i]]++;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) cut[labels[i]] = 1;
    }
  const renamed = new Int32Array(count + 1);
  let kept = 0;
  for (let label = 1; label <= count; label++)
    if (area[label] >= (cut[label] ? SEEDED.leastCut : SEEDED.least) * typical) renamed[label] = ++kept;
  for (let i = 0; i < labels.length; i++) labels[i] = renamed[labels[i]];
  return kept;
}

/** The nucleus nearest to the middle of the crop (the first of equally near); 0 for none. */
export function centralNucleus(labels: Int32Array, height: number, width: number): number {
  let best = 0;
  let least = Infinity;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (labels[i] === 0) continue;
      const squared = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2;
      if (squared < least) {
        least = squared;
        best = labels[i];
      }
    }
  return best;
}
