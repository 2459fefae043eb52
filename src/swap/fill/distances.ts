import { squaredDistance } from "../../image/distance.ts";
import { CENTER, NEIGHBOR } from "../../types.ts";
import { collectRings, emptyRings, type RingScale, type Rings } from "./rings.ts";

/** Squared distances in a mask, px^2, kept until another mask is taken up. */
export class Distances {
  readonly mask: Uint8Array;
  /** To the center cell, to the nearest neighbor, to the nearest of all cells. */
  readonly toCenter: Int32Array;
  readonly toNeighbor: Int32Array;
  readonly toCell: Int32Array;
  /** Label-0 pixels around any cell. */
  readonly rings: Rings;
  readonly #height: number;
  readonly #width: number;
  /** What is measured of this mask. */
  #known: "nothing" | "center" | "all" = "nothing";

  constructor(height: number, width: number, scale: RingScale) {
    const pixels = height * width;
    this.#height = height;
    this.#width = width;
    this.mask = new Uint8Array(pixels);
    this.toCenter = new Int32Array(pixels);
    this.toNeighbor = new Int32Array(pixels);
    this.toCell = new Int32Array(pixels);
    this.rings = emptyRings(pixels, scale);
  }

  /** Takes up a mask; what is known stays known where it is the same. */
  take(mask: Uint8Array): void {
    let p = 0;
    while (p < mask.length && mask[p] === this.mask[p]) p++;
    if (p === mask.length) return;
    this.mask.set(mask);
    this.#known = "nothing";
  }

  measureCenter(): void {
    if (this.#known !== "nothing") return;
    squaredDistance(this.mask, this.#height, this.#width, this.toCenter, CENTER);
    this.#known = "center";
  }

  measureAll(): void {
    if (this.#known === "all") return;
    const { mask, toCenter, toNeighbor, toCell } = this;
    this.measureCenter();
    squaredDistance(mask, this.#height, this.#width, toNeighbor, NEIGHBOR);
    for (let p = 0; p < mask.length; p++)
      toCell[p] = toCenter[p] < toNeighbor[p] ? toCenter[p] : toNeighbor[p];
    collectRings(mask, toCell, toCell, this.rings);
    this.#known = "all";
  }
}
