import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { hasDonor, SETTINGS } from "../settings.ts";
import { CENTER, type CropSource, type SwapPlan } from "../types.ts";
import type { Compositor } from "./composite.ts";

/** How often clipping touched backgrounds. */
export interface Clipping {
  /** Composites looked at, of how many that have a donor. */
  readonly composites: number;
  readonly of: number;
  /** Background pixels of these composites (outside the center mask, channels counted apart), and those clipped. */
  readonly pixels: number;
  readonly clipped: number;
}

/**
 * Counts the background pixels that were clipped ({@link Compositor.countClipped}) in up to `most` composites of a plan,
 * drawn from those that have a donor (`same`, `cell-free`, `different`).
 * @param seed names the draw
 */
export function measureClipping(
  source: CropSource,
  compositor: Compositor,
  plan: SwapPlan,
  { seed, most = 1000 }: { readonly seed: number; readonly most?: number },
): Clipping {
  const lent = plan.runs.filter(({ setting }) => hasDonor(SETTINGS[setting]));
  const of = lent.reduce((n, { start, end }) => n + end - start, 0);
  const rows = new Int32Array(of);
  let n = 0;
  for (const { start, end } of lent) for (let row = start; row < end; row++) rows[n++] = row;
  shuffle(rows, mulberry32(namedSeed(seed, "clipping")));
  // Neighbors in this order share donors and so their fills.
  const chosen = rows.slice(0, most).sort((a, b) => plan.donor[a] - plan.donor[b] || a - b);
  const mask = new Uint8Array(source.height * source.width);
  let [pixels, clipped] = [0, 0];
  for (const row of chosen) {
    source.readMask(plan.cell[row], mask);
    for (let p = 0; p < mask.length; p++) if (mask[p] !== CENTER) pixels += source.channels.length;
    clipped += compositor.countClipped(plan, row);
  }
  return { composites: chosen.length, of, pixels, clipped };
}
