import type { PlaneValues } from "../../image/planes.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../../types.ts";
import type { CellPixels } from "../importer.ts";

/** Pixels of one field in memory. */
export interface FieldPixels {
  readonly height: number;
  readonly width: number;
  /** One plane per channel, each height x width. */
  readonly planes: readonly PlaneValues[];
  /** Label image (height x width; 0 background, any other value one cell); null where only positions are known. */
  readonly labels: PlaneValues | null;
}

/** One cell of a field. */
export interface FieldObject {
  /** Value of the cell's pixels in the label image; without a label image only a number to find it again. */
  readonly label: number;
  /** Center in the field, px; the middle of the first pixel is 0. */
  readonly row: number;
  readonly column: number;
}

/**
 * First row and column of the window of `side` px whose middle is nearest to the cell's center; half a pixel is rounded
 * up. May lie outside the field.
 */
export function cropWindow(object: FieldObject, side: number): { top: number; left: number } {
  const middle = (side - 1) / 2;
  return { top: Math.floor(object.row - middle + 0.5), left: Math.floor(object.column - middle + 0.5) };
}

/** True where the window of `side` px around a cell lies in a field of `height` x `width` px. */
export function isWhole(object: FieldObject, side: number, height: number, width: number): boolean {
  const { top, left } = cropWindow(object, side);
  return top >= 0 && left >= 0 && top + side <= height && left + side <= width;
}

/**
 * Cuts the window of `side` px around a cell: the values of every channel as float32, and from the label image the mask
 * (1 the cell's own label, 2 every other label, 0 the rest; null without a label image). Outside the field the nearest
 * pixel of it is repeated and the mask is 0.
 */
export function cutCrop(field: FieldPixels, object: FieldObject, side: number): CellPixels {
  const { height, width, planes, labels } = field;
  const { top, left } = cropWindow(object, side);
  const size = side * side;
  const crop = new Float32Array(planes.length * size);
  const mask = labels === null ? null : new Uint8Array(size);
  const within = left >= 0 && left + side <= width;
  for (let y = 0; y < side; y++) {
    const row = Math.min(Math.max(top + y, 0), height - 1);
    if (within) {
      const from = row * width + left;
      for (let c = 0; c < planes.length; c++)
        crop.set(planes[c].subarray(from, from + side), c * size + y * side);
      if (mask !== null && labels !== null && row === top + y)
        for (let x = 0; x < side; x++) mask[y * side + x] = partOf(labels[from + x], object.label);
      continue;
    }
    for (let x = 0; x < side; x++) {
      const column = Math.min(Math.max(left + x, 0), width - 1);
      const from = row * width + column;
      const to = y * side + x;
      for (let c = 0; c < planes.length; c++) crop[c * size + to] = planes[c][from];
      if (mask === null || labels === null || row !== top + y || column !== left + x) continue;
      mask[to] = partOf(labels[from], object.label);
    }
  }
  return { height: side, width: side, crop, mask };
}

const partOf = (label: number, own: number) => (label === 0 ? BACKGROUND : label === own ? CENTER : NEIGHBOR);

/**
 * Cuts the cells of many fields, one after the other, with the pixels of one field in memory at a time: calls are
 * served in their order, and a field is loaded when its first cell is asked for. Ask for the cells field by field.
 */
export class FieldCutter {
  readonly #side: number;
  readonly #load: (field: number) => Promise<FieldPixels>;
  #held: { readonly field: number; readonly pixels: FieldPixels } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param side of a crop, px; @param load reads the pixels of a field by its number */
  constructor(side: number, load: (field: number) => Promise<FieldPixels>) {
    this.#side = side;
    this.#load = load;
  }

  /** The crop of one cell of field `field`, as {@link cutCrop} makes it. */
  cut(field: number, object: FieldObject): Promise<CellPixels> {
    const crop = this.#last.then(async () => {
      if (this.#held?.field !== field) {
        this.#held = undefined;
        this.#held = { field, pixels: await this.#load(field) };
      }
      return cutCrop(this.#held.pixels, object, this.#side);
    });
    this.#last = crop.catch(() => {});
    return crop;
  }
}
