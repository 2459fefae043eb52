import type { Random } from "../core/rng.ts";
import type { Protein, SimulatedLocalization } from "./proteins.ts";

/** What grows in a field. */
export interface Culture {
  /** One, or several in a co-culture. */
  readonly proteins: readonly Protein[];
  /** Chance that a cell carries the protein of the nearest cell placed before it, instead of any. */
  readonly patchiness: number;
  /** Chance that a cell has its protein where the nearest cell of that protein placed before it has it. */
  readonly correlation: number;
}

/** Which protein a cell carries, and where. */
interface Carried {
  readonly protein: Protein;
  readonly localization: SimulatedLocalization;
}

/** Draws for one cell after the other which protein of the culture it carries, and where it has it. */
export class Whereabouts {
  readonly #culture: Culture;
  readonly #places: readonly { readonly x: number; readonly y: number }[];
  readonly #mix: Random;
  readonly #before: Carried[] = [];

  /** @param mix draws the proteins; it is not asked where there is only one. */
  constructor(culture: Culture, places: readonly { readonly x: number; readonly y: number }[], mix: Random) {
    this.#culture = culture;
    this.#places = places;
    this.#mix = mix;
  }

  /** Draws for cell `k`, the next one; `random` draws its localization. */
  draw(k: number, random: Random): Carried {
    const protein = this.#protein(k);
    const carried = { protein, localization: this.#localization(k, protein, random) };
    this.#before.push(carried);
    return carried;
  }

  #protein(k: number): Protein {
    const { proteins, patchiness } = this.#culture;
    if (proteins.length === 1) return proteins[0];
    const copies = this.#mix() < patchiness;
    const any = proteins[Math.floor(this.#mix() * proteins.length)];
    return (copies ? this.#nearest(k, () => true)?.protein : undefined) ?? any;
  }

  #localization(k: number, protein: Protein, random: Random): SimulatedLocalization {
    const copies = random() < this.#culture.correlation;
    let u = random();
    const near = copies ? this.#nearest(k, (o) => o.protein === protein) : undefined;
    if (near !== undefined) return near.localization;
    for (const { localization, share } of protein.shares) {
      if (u < share) return localization;
      u -= share;
    }
    return protein.shares[protein.shares.length - 1].localization;
  }

  /** The nearest to cell `k` of those drawn before it that are wanted. */
  #nearest(k: number, wanted: (o: Carried) => boolean): Carried | undefined {
    let nearest: Carried | undefined;
    let least = Infinity;
    this.#before.forEach((carried, o) => {
      const distance =
        (this.#places[o].x - this.#places[k].x) ** 2 + (this.#places[o].y - this.#places[k].y) ** 2;
      if (distance >= least || !wanted(carried)) return;
      least = distance;
      nearest = carried;
    });
    return nearest;
  }
}

/** Weights of the diffuse and the structured part per pixel sum, so that the cell's mean becomes `amount`. */
export function structureShare(contrast: number, total: readonly number[], amount: number): [number, number] {
  return [(amount * (1 - contrast)) / total[0], contrast === 0 ? 0 : (amount * contrast) / total[1]];
}
