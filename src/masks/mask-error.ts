import { mulberry32, type Random } from "../core/rng.ts";
import { median, partition } from "../core/statistics.ts";
import { squaredDistance } from "../image/distance.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";

/** A way in which a segmentation may be wrong about the center cell of every crop. */
export interface MaskError {
  /**
   * `dilate`, `erode`: the outline lies too far out, over medium but never over another cell, or too far in.
   * `neighbor-slice`: a piece of a neighbor counts as the cell. `cell-slice`: a piece of the cell counts as medium.
   */
  readonly kind: "dilate" | "erode" | "neighbor-slice" | "cell-slice";
  /** Of outlines: pixels. Of slices: share of the cell's area, over 0 and under 1. */
  readonly amount: number;
}

/** Share of its area that a cell keeps however far its outline moves in. */
const LEAST = 0.1;

/** Farthest that a neighbor may be from the cell for a piece of it to be taken for the cell, in cell diameters. */
const REACH = 1 / 8;

/** What an error does to one mask, or to many. */
export interface MaskChange {
  /** Intersection over union of the center cell as it was and as it is. */
  readonly iou: number;
  /** Whether erosion ended where a tenth of the cell was left. */
  readonly stopped: boolean;
}

/** Puts errors into label masks of crops of one shape; holds its buffers. */
export class MaskErrors {
  readonly #height: number;
  readonly #width: number;
  readonly #diameter: number;
  readonly #distance: Int32Array;

  /** @param diameter of the cells that the crops are made for, px */
  constructor(height: number, width: number, diameter: number) {
    this.#height = height;
    this.#width = width;
    this.#diameter = diameter;
    this.#distance = new Int32Array(height * width);
  }

  /**
   * Changes a label mask (height x width; 0 background, 1 center cell, 2 other cells) in place. Only the center cell and
   * what touches it by the error get other labels; a mask without a center cell stays as it is. The same mask, error and
   * seed give the same result.
   * @param seed names the place of a slice
   */
  put(mask: Uint8Array, { kind, amount }: MaskError, seed: number): MaskChange {
    const area = count(mask, CENTER);
    const same = { iou: 1, stopped: false };
    if (area === 0) return same;
    switch (kind) {
      case "dilate": {
        const grown = this.#dilate(mask, amount);
        return { iou: area / (area + grown), stopped: false };
      }
      case "erode": {
        const { left, stopped } = this.#erode(mask, amount, area);
        return { iou: left / area, stopped };
      }
      case "neighbor-slice": {
        const taken = this.#takeNeighbor(mask, Math.round(amount * area), mulberry32(seed));
        return { iou: area / (area + taken), stopped: false };
      }
      case "cell-slice": {
        const lost = Math.min(area - 1, Math.round(amount * area));
        this.#cutOff(mask, lost, 2 * Math.PI * mulberry32(seed)());
        return { iou: (area - lost) / area, stopped: false };
      }
    }
  }

  #dilate(mask: Uint8Array, pixels: number): number {
    squaredDistance(mask, this.#height, this.#width, this.#distance, CENTER);
    let grown = 0;
    for (let p = 0; p < mask.length; p++)
      if (mask[p] === BACKGROUND && this.#distance[p] <= pixels ** 2) {
        mask[p] = CENTER;
        grown++;
      }
    return grown;
  }

  /** What lies outside the crop erodes nothing. */
  #erode(mask: Uint8Array, pixels: number, area: number): { left: number; stopped: boolean } {
    const { inside, depth } = this.#depths(mask);
    const kept = Math.ceil(LEAST * area);
    const deepest = Float64Array.from(depth);
    partition(deepest, area - kept);
    const limit = deepest[area - kept];
    const stopped = limit <= pixels ** 2;
    let left = 0;
    inside.forEach((p, i) => {
      if (stopped ? depth[i] >= limit : depth[i] > pixels ** 2) left++;
      else mask[p] = BACKGROUND;
    });
    return { left, stopped };
  }

  /** Pixels of the cell, and the squared distance of each to the nearest pixel outside of it. */
  #depths(mask: Uint8Array): { inside: Int32Array; depth: Int32Array } {
    const outside = mask.map((label) => (label === CENTER ? 0 : 1));
    squaredDistance(outside, this.#height, this.#width, this.#distance, 1);
    const inside = pixelsOf(mask, CENTER);
    return { inside, depth: inside.map((p) => this.#distance[p]) };
  }

  /** Gives the cell the pixels of neighbors that are nearest to a place where one is near; returns how many. */
  #takeNeighbor(mask: Uint8Array, wanted: number, random: Random): number {
    squaredDistance(mask, this.#height, this.#width, this.#distance, CENTER);
    const others = pixelsOf(mask, NEIGHBOR);
    const near = others.filter((p) => this.#distance[p] <= (REACH * this.#diameter) ** 2);
    if (near.length === 0) return 0;
    const place = near[Math.floor(random() * near.length)];
    const [y, x] = [Math.floor(place / this.#width), place % this.#width];
    const apart = (p: number) => (Math.floor(p / this.#width) - y) ** 2 + ((p % this.#width) - x) ** 2;
    const taken = least(others, apart, wanted);
    for (const p of taken) mask[p] = CENTER;
    return taken.length;
  }

  /** Makes the cell's outermost `lost` pixels in one direction medium. */
  #cutOff(mask: Uint8Array, lost: number, angle: number): void {
    const [dy, dx] = [Math.sin(angle), Math.cos(angle)];
    const inward = (p: number) => -dy * Math.floor(p / this.#width) - dx * (p % this.#width);
    for (const p of least(pixelsOf(mask, CENTER), inward, lost)) mask[p] = BACKGROUND;
  }
}

/** What an error did to many masks. */
export interface MaskSummary {
  readonly cells: number;
  /** Masks that are another than they were. */
  readonly changed: number;
  /** Masks whose erosion ended where a tenth of the cell was left. */
  readonly stopped: number;
  /** Median intersection over union; 1 where there are none. */
  readonly iou: number;
}

export function summarizeChanges(changes: readonly MaskChange[]): MaskSummary {
  return {
    cells: changes.length,
    changed: changes.filter((c) => c.iou < 1).length,
    stopped: changes.filter((c) => c.stopped).length,
    iou: changes.length === 0 ? 1 : median(changes.map((c) => c.iou)),
  };
}

function count(mask: Uint8Array, label: number): number {
  let n = 0;
  for (let p = 0; p < mask.length; p++) if (mask[p] === label) n++;
  return n;
}

/** The `number` pixels with the least values; of equal ones those that come first. All where there are fewer. */
function least(pixels: Int32Array, value: (p: number) => number, number: number): Int32Array {
  if (number >= pixels.length) return pixels;
  if (number === 0) return pixels.subarray(0, 0);
  const values = Float64Array.from(pixels, value);
  const ordered = values.slice();
  partition(ordered, number - 1);
  const limit = ordered[number - 1];
  let ties = number;
  for (const v of values) if (v < limit) ties--;
  return pixels.filter((_, i) => values[i] < limit || (values[i] === limit && ties-- > 0));
}

function pixelsOf(mask: Uint8Array, label: number): Int32Array {
  const out = new Int32Array(count(mask, label));
  for (let p = 0, at = 0; p < mask.length; p++) if (mask[p] === label) out[at++] = p;
  return out;
}
