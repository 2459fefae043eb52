import type { Random } from "../core/rng.ts";
import type { Protein, SimulatedLocalization } from "./proteins.ts";

/**
 * Draws where cell `k` has its protein: by the protein's shares or, with the chance `correlation`, as the nearest of
 * the cells drawn before it.
 */
export function drawLocalization(
  protein: Protein,
  places: readonly { readonly x: number; readonly y: number }[],
  before: readonly SimulatedLocalization[],
  k: number,
  correlation: number,
  random: Random,
): SimulatedLocalization {
  const copies = random() < correlation;
  let u = random();
  if (copies && k > 0) {
    let nearest = 0;
    const distance = (o: number) => (places[o].x - places[k].x) ** 2 + (places[o].y - places[k].y) ** 2;
    for (let o = 1; o < k; o++) if (distance(o) < distance(nearest)) nearest = o;
    return before[nearest];
  }
  for (const { localization, share } of protein.shares) {
    if (u < share) return localization;
    u -= share;
  }
  return protein.shares[protein.shares.length - 1].localization;
}

/** Weights of the diffuse and the structured part per pixel sum, so that the cell's mean becomes `amount`. */
export function structureShare(contrast: number, total: readonly number[], amount: number): [number, number] {
  return [(amount * (1 - contrast)) / total[0], contrast === 0 ? 0 : (amount * contrast) / total[1]];
}
