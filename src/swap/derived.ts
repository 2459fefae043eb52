import { SettingError } from "../errors.ts";
import { squaredDistance } from "../image/distance.ts";
import { traitsOf } from "../settings.ts";
import {
  BACKGROUND,
  CENTER,
  type CompositeOptions,
  type CropSource,
  NEIGHBOR,
  type SwapPlan,
} from "../types.ts";
import { Compositor } from "./composite.ts";
import type { Scales } from "./intensity.ts";
import { OtherCrops } from "./other-crops.ts";
import { settingOf } from "./runs.ts";

/** Crops that are made of others: every composite of a plan is one, numbered behind the cells of the store. */
export interface Derived {
  readonly plan: SwapPlan;
  /** What of a crop counts as its center cell: the cell itself, or its neighbors as well. */
  readonly center: "cell" | "cell-and-neighbors";
  /** First composite that `center` is said of; in those before it counts the cell itself. 0 by default. */
  readonly centerFrom?: number;
  /** Width by which the cell itself grows, px, over medium only, never over another cell. */
  readonly dilate: number;
}

/**
 * A crop source with the composites of a plan behind its own cells: crop `source.count + row` is composite `row`. Its
 * mask says what the composite shows: the cell, and as neighbors those of whose crop the background is.
 */
export class DerivedCrops extends OtherCrops {
  readonly #source: CropSource;
  readonly #derived: Derived;
  readonly #compositor: Compositor;
  readonly #keepsDonor: boolean;
  readonly #donorMask: Uint8Array;
  readonly #distance: Int32Array;

  constructor(source: CropSource, scales: Scales, composite: CompositeOptions, derived: Derived) {
    super(source);
    this.#source = source;
    this.#derived = derived;
    this.#compositor = new Compositor(source, scales, composite);
    this.#keepsDonor = composite.donorCenter === "keep";
    const pixels = source.height * source.width;
    this.#donorMask = new Uint8Array(pixels);
    this.#distance = new Int32Array(derived.dilate > 0 ? pixels : 0);
  }

  override get count(): number {
    return this.#source.count + this.#derived.plan.count;
  }

  readCrop(cell: number, out: Float32Array): void {
    const row = cell - this.#source.count;
    if (row < 0) this.#source.readCrop(cell, out);
    else this.#compositor.compose(this.#derived.plan, row, out);
  }

  readMask(cell: number, out: Uint8Array): void {
    this.readOwnMask(cell, out);
    const { center, centerFrom = 0, dilate } = this.#derived;
    if (cell >= this.#source.count && dilate > 0) this.#dilate(out);
    if (cell >= this.#source.count + centerFrom && center === "cell-and-neighbors")
      for (let p = 0; p < out.length; p++) if (out[p] === NEIGHBOR) out[p] = CENTER;
  }

  /**
   * As {@link readMask}, but the cell is not grown, and neighbors that are pasted along have their own label: what
   * encoders are told, so that they look at the same pixels as without a remedy.
   */
  readOwnMask(cell: number, out: Uint8Array): void {
    const row = cell - this.#source.count;
    if (row < 0) {
      this.#source.readMask(cell, out);
      return;
    }
    this.#source.readMask(this.#derived.plan.cell[row], out);
    this.#showDonor(row, out);
  }

  /** Puts the neighbors that composite `row` shows in the place of the cell's own. */
  #showDonor(row: number, mask: Uint8Array): void {
    const { plan } = this.#derived;
    const { background, removes } = traitsOf(settingOf(plan, row));
    if (background === "own") return;
    const shows = background !== "none" && removes !== "all";
    if (shows) this.#source.readMask(plan.donor[row], this.#donorMask);
    for (let p = 0; p < mask.length; p++) {
      if (mask[p] === CENTER) continue;
      const label = shows ? this.#donorMask[p] : BACKGROUND;
      mask[p] = label === NEIGHBOR || (label === CENTER && this.#keepsDonor) ? NEIGHBOR : BACKGROUND;
    }
  }

  #dilate(mask: Uint8Array): void {
    const { height, width } = this.#source;
    squaredDistance(mask, height, width, this.#distance, CENTER);
    const most = this.#derived.dilate ** 2;
    for (let p = 0; p < mask.length; p++)
      if (mask[p] === BACKGROUND && this.#distance[p] <= most) mask[p] = CENTER;
  }
}

/**
 * Scales of the cells of a store and of crops derived from them, which have the levels of their cell's field.
 * @throws SettingError where whole crops are scaled before they are pasted, as they would be scaled twice
 */
export function derivedScales(scales: Scales, { intensity }: CompositeOptions, { plan }: Derived): Scales {
  if (intensity === "none") return scales;
  if (intensity !== "field")
    throw new SettingError(
      `remedies compose crops of composites, which intensity \`${intensity}\` would scale twice; choose "intensity": "field" (the recommended preset) or "none"`,
    );
  const { groupOf } = scales;
  const grown = new Int32Array(groupOf.length + plan.count);
  grown.set(groupOf);
  for (let row = 0; row < plan.count; row++) grown[groupOf.length + row] = groupOf[plan.cell[row]];
  return { ...scales, groupOf: grown };
}
