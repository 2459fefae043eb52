import type { BitMask } from "../image/bit-mask.ts";
import { flood } from "../image/flood.ts";
import { RECIPE } from "./recipe.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The cells of a foreground as far as the one in the middle needs them: only pieces that reach the central window are
 * parted, and the others are cells whatever their parts.
 */
export class MiddleCells {
  /** Pixels of the cell in the middle, of the last {@link split}. */
  readonly center: BitMask;
  /** Pixels of all other cells. */
  readonly others: BitMask;
  readonly #work: Workspace;
  readonly #part: BitMask;
  readonly #all: BitMask;
  readonly #labels: Int32Array;
  #count = 0;
  #diagonals = false;

  constructor(work: Workspace) {
    this.center = work.mask();
    this.others = work.mask();
    this.#work = work;
    this.#part = work.mask();
    this.#all = work.mask();
    this.#labels = new Int32Array(work.pixels);
  }

  /** Takes a foreground; false where too little of it lies in the central window, so that there is no center cell. */
  load(foreground: BitMask): boolean {
    const part = this.#part;
    this.#all.copy(foreground);
    this.#count = -1;
    this.#diagonals = hasDiagonals(foreground);
    const central = this.#work.centralPixels(foreground, RECIPE.windowShare, part.clear());
    if (this.#diagonals) part.copy(foreground);
    else flood(part, foreground);
    this.#work.relieve(foreground, part);
    return central;
  }

  /**
   * Splits the foreground, flooding from hills at least `depth` recipe px high, into {@link center} and {@link others};
   * false where there is no center cell, or, after another depth, where there are no other hills than before.
   */
  split(depth: number): boolean {
    const { hills, unit, height, width } = this.#work;
    const { center, others } = this;
    const labels = this.#labels;
    const count = hills.mark(depth * unit);
    if (count === this.#count) return false;
    this.#count = count;
    others.copy(this.#all);
    if (count === 1 && !this.#diagonals) {
      // One hill takes all of its piece.
      others.without(center.copy(this.#part));
      return true;
    }
    hills.flood(labels);
    const label = this.#work.central(labels, RECIPE.windowShare);
    if (label === 0) center.clear();
    else center.equal(labels, label);
    others.without(center);
    // Fronts do not pass from pixel to pixel at a corner.
    for (let y = 0, i = 0; this.#diagonals && y < height; y++)
      for (let x = 0; x < width; x++, i++) if (labels[i] === 0) others.unset(y, x);
    return label !== 0;
  }
}

/** Whether two pixels touch at a corner only: pieces of eight neighbors are not those of four then. */
function hasDiagonals({ data, words, height }: BitMask): boolean {
  for (let k = 0; k < (height - 1) * words; k++) {
    const above = data[k];
    const below = data[k + words];
    if (above === 0 && below === 0) continue;
    const isEnd = (k + 1) % words === 0;
    // The pixels on the right of both.
    const nextAbove = (above >>> 1) | (isEnd ? 0 : data[k + 1] << 31);
    const nextBelow = (below >>> 1) | (isEnd ? 0 : data[k + words + 1] << 31);
    if (((above & nextBelow & ~below & ~nextAbove) | (below & nextAbove & ~above & ~nextBelow)) !== 0)
      return true;
  }
  return false;
}
