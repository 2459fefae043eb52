import { BitMask } from "../image/bit-mask.ts";
import { maskDistance } from "../image/distance.ts";
import { fillHoles, flood } from "../image/flood.ts";
import { type Box, gaussianBlur, gaussianKernel } from "../image/gauss.ts";
import { Hills } from "../image/hills.ts";
import { open } from "../image/morphology.ts";
import { RECIPE } from "./recipe.ts";

/** Buffers and steps that the searches for the center cell and for its neighbors share; one per thread and crop shape. */
export class Workspace {
  readonly height: number;
  readonly width: number;
  readonly pixels: number;
  /** Cell diameter over the one that the recipe's lengths are for. */
  readonly unit: number;
  /** Levels of the crop at hand. */
  readonly level: Float64Array;
  readonly scratch: Float64Array;
  readonly relief: Float64Array;
  readonly hills: Hills;
  readonly #piece: BitMask;
  readonly #rest: BitMask;

  constructor(height: number, width: number, diameter: number) {
    this.height = height;
    this.width = width;
    this.pixels = height * width;
    this.unit = diameter / RECIPE.diameter;
    this.level = new Float64Array(this.pixels);
    this.scratch = new Float64Array(this.pixels);
    this.relief = new Float64Array(this.pixels);
    this.hills = new Hills(height, width);
    this.#piece = this.mask();
    this.#rest = this.mask();
  }

  mask(): BitMask {
    return new BitMask(this.height, this.width);
  }

  /** Fills holes and opens with a disk of `radius` recipe px, in place. */
  clean(mask: BitMask, radius: number): void {
    fillHoles(mask);
    open(mask, radius * this.unit);
  }

  /** Loads the hills of `part`, whole pieces of a foreground, in the smoothed distance map of that foreground. */
  relieve(foreground: BitMask, part: BitMask): void {
    const { height, width, relief, unit, scratch } = this;
    const box = boxOf(part);
    if (box !== undefined) {
      const sigma = RECIPE.reliefSmoothing * unit;
      const radius = gaussianKernel(sigma).length - 1;
      const around = {
        top: Math.max(0, box.top - radius),
        bottom: Math.min(height - 1, box.bottom + radius),
        left: Math.max(0, box.left - radius),
        right: Math.min(width - 1, box.right + radius),
      };
      // A foreground without any background has no distances; it is one piece.
      if (maskDistance(foreground, around, relief))
        gaussianBlur(relief, height, width, sigma, relief, scratch, box);
      else relief.fill(0);
    }
    this.hills.load(relief, part);
  }

  /** First and last row and column of the central window, ends not included. */
  window(): { y0: number; y1: number; x0: number; x1: number; size: number } {
    const { height, width } = this;
    const half = Math.max(1, Math.round(RECIPE.window * this.unit));
    const y0 = Math.max(0, Math.floor(height / 2) - half);
    const x0 = Math.max(0, Math.floor(width / 2) - half);
    const size = 4 * half * half;
    return { y0, y1: Math.min(height, y0 + 2 * half), x0, x1: Math.min(width, x0 + 2 * half), size };
  }

  /** Label that most of the central window has; 0 where too little of it is labeled. */
  central(labels: ArrayLike<number>, share: number): number {
    const { y0, y1, x0, x1, size } = this.window();
    const counts = new Map<number, number>();
    let labeled = 0;
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        const label = labels[y * this.width + x];
        if (label <= 0) continue;
        labeled++;
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
    if (labeled === 0 || labeled < share * size) return 0;
    let best = 0;
    for (const [label, n] of counts)
      if (best === 0 || n > counts.get(best)! || (n === counts.get(best)! && label < best)) best = label;
    return best;
  }

  /**
   * The pixels of the central window that are set, where these are at least a `share` of it, written into `out`; false,
   * and nothing is written, where they are not.
   */
  centralPixels(mask: BitMask, share: number, out: BitMask): boolean {
    const { y0, y1, x0, x1, size } = this.window();
    let count = 0;
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) count += mask.get(y, x);
    if (count === 0 || count < share * size) return false;
    out.clear();
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (mask.get(y, x) === 1) out.set(y, x);
    return true;
  }

  /** Keeps the 4-connected piece of a mask that lies at the center, in place; false where there is none. */
  keepCentral(mask: BitMask): boolean {
    const piece = this.#piece;
    const rest = this.#rest;
    if (!this.centralPixels(mask, 0, rest)) {
      mask.clear();
      return false;
    }
    let best: BitMask | undefined;
    let most = 0;
    const { y0, y1, x0, x1 } = this.window();
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        if (rest.get(y, x) === 0) continue;
        piece.clear().set(y, x);
        flood(piece, mask);
        const count = piece.shared(rest);
        rest.without(piece);
        if (best === undefined && rest.isEmpty()) {
          mask.copy(piece);
          return true;
        }
        // Of equal pieces the one that begins first.
        if (best === undefined || count > most || (count === most && first(piece) < first(best))) {
          best = (best ?? this.mask()).copy(piece);
          most = count;
        }
      }
    mask.copy(best!);
    return true;
  }
}

/** Rows and columns of the pixels that are set; undefined where none is. */
function boxOf(mask: BitMask): Box | undefined {
  const { data, words, height, width } = mask;
  let top = -1;
  let bottom = 0;
  let left = width;
  let right = 0;
  for (let y = 0; y < height; y++)
    for (let w = 0; w < words; w++) {
      const word = data[y * words + w];
      if (word === 0) continue;
      if (top < 0) top = y;
      bottom = y;
      left = Math.min(left, 32 * w + 31 - Math.clz32(word & -word));
      right = Math.max(right, 32 * w + 31 - Math.clz32(word));
    }
  return top < 0 ? undefined : { top, bottom, left, right };
}

/** Index of the first pixel that is set, in words and their bits. */
function first({ data }: BitMask): number {
  const at = data.findIndex((word) => word !== 0);
  return at < 0 ? 32 * data.length : 32 * at + 31 - Math.clz32(data[at] & -data[at]);
}
