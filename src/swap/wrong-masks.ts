import { namedSeed } from "../core/rng.ts";
import { diameterOf } from "../masks/diameter.ts";
import { type MaskChange, type MaskError, MaskErrors } from "../masks/mask-error.ts";
import type { CropSource } from "../types.ts";
import { OtherCrops } from "./other-crops.ts";

/** Raised whenever the same masks and errors give other masks. */
const MASK_ERROR_VERSION = 1;

/** An error of all masks, and what names the places of its slices. */
export interface SeededError extends MaskError {
  readonly seed: number;
}

/** What is hashed in the place of a store's masks. */
export function wrongMasksKey(masks: string | undefined, { kind, amount, seed }: SeededError): unknown {
  // Outlines are moved everywhere, whatever the seed.
  const draws = kind.endsWith("slice") ? { seed } : {};
  return { version: MASK_ERROR_VERSION, masks, kind, amount, ...draws };
}

/** A crop source as it would be had its segmentation been wrong: every mask has the error, pixels are as they are. */
export class WrongMasks extends OtherCrops {
  readonly #source: CropSource;
  readonly #error: SeededError;
  readonly #errors: MaskErrors;

  constructor(source: CropSource, error: SeededError) {
    super(source);
    this.#source = source;
    this.#error = error;
    this.#errors = new MaskErrors(source.height, source.width, diameterOf(source));
  }

  readCrop(cell: number, out: Float32Array): void {
    this.#source.readCrop(cell, out);
  }

  readMask(cell: number, out: Uint8Array): void {
    this.changeMask(cell, out);
  }

  /** As {@link readMask}, and says what the error did to the mask. */
  changeMask(cell: number, out: Uint8Array): MaskChange {
    this.#source.readMask(cell, out);
    return this.#errors.put(out, this.#error, namedSeed(this.#error.seed, "mask error", cell));
  }
}
