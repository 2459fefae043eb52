import type { CropSource, MaskKind } from "../types.ts";

/** Crops that are made of those of another source, of the same shape. */
export abstract class OtherCrops implements CropSource {
  readonly #source: CropSource;

  constructor(source: CropSource) {
    this.#source = source;
  }

  get count(): number {
    return this.#source.count;
  }
  get channels(): readonly string[] {
    return this.#source.channels;
  }
  get height(): number {
    return this.#source.height;
  }
  get width(): number {
    return this.#source.width;
  }
  get diameter(): number | undefined {
    return this.#source.diameter;
  }
  get masks(): MaskKind {
    return this.#source.masks;
  }

  abstract readCrop(cell: number, out: Float32Array): void;
  abstract readMask(cell: number, out: Uint8Array): void;
}
