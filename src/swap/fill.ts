import { mulberry32, namedSeed } from "../core/rng.ts";
import { squaredDistance } from "../masks/distance.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";

/** What is removed: the center cell with its halo, or every cell with its halo. */
export type FillKind = "center" | "cell-free";

/** Removes cells from crops of one shape and fills their places; holds the scratch memory. */
export class Filler {
  readonly #channels: number;
  readonly #height: number;
  readonly #width: number;
  readonly #toCenter: Float64Array;
  readonly #toCell: Float64Array;
  readonly #cells: Uint8Array;
  readonly #pool: Int32Array;

  constructor(channels: number, height: number, width: number) {
    const pixels = height * width;
    this.#channels = channels;
    this.#height = height;
    this.#width = width;
    this.#toCenter = new Float64Array(pixels);
    this.#toCell = new Float64Array(pixels);
    this.#cells = new Uint8Array(pixels);
    this.#pool = new Int32Array(pixels);
  }

  /** Fills `crop` (channels x height x width) in place. */
  fill(crop: Float32Array, mask: Uint8Array, kind: FillKind, halo: number, seed: number): void {
    const pixels = mask.length;
    for (let p = 0; p < pixels; p++) this.#cells[p] = mask[p] === BACKGROUND ? 0 : 1;
    squaredDistance(mask, this.#height, this.#width, this.#toCenter, CENTER);
    squaredDistance(this.#cells, this.#height, this.#width, this.#toCell, 1);
    let size = 0;
    let gap = Math.max(6, halo);
    for (; gap >= 0; gap--) {
      size = 0;
      for (let p = 0; p < pixels; p++) if (this.#toCell[p] > gap * gap) this.#pool[size++] = p;
      if (size >= pixels / 20) break;
    }
    const random = mulberry32(namedSeed(seed, kind));
    for (let p = 0; p < pixels; p++) {
      const removed =
        kind === "center"
          ? this.#toCenter[p] <= halo * halo && mask[p] !== NEIGHBOR
          : this.#toCell[p] <= Math.max(gap, 0) ** 2;
      if (!removed || size === 0) continue;
      const from = this.#pool[Math.floor(random() * size)];
      for (let c = 0; c < this.#channels; c++) crop[c * pixels + p] = crop[c * pixels + from];
    }
  }
}
