import type { PlaneValues } from "../../image/planes.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../../types.ts";
import { type CropValues, cropTypeFor, emptyCrop, joinPlanes } from "../crop-type.ts";
import type { CellPixels } from "../importer.ts";
import type { Rows } from "../readers/field-image.ts";

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
 * Cuts the window of `side` px around a cell: the values of every channel (whole numbers of 8 or 16 bits as they are where
 * all channels are such, else float32), and from the label image the mask
 * (1 the cell's own label, 2 every other label, 0 the rest; null without a label image). Outside the field the nearest
 * pixel of it is repeated and the mask is 0.
 */
export function cutCrop(field: FieldPixels, object: FieldObject, side: number): CellPixels {
  const { planes, labels } = field;
  const size = side * side;
  const place = { ...field, from: 0 };
  const crop = emptyCrop(cropTypeFor(...planes), planes.length * size);
  planes.forEach((plane, c) => cutPlane(plane, place, object, { side, out: crop, at: c * size }));
  const mask = labels === null ? null : new Uint8Array(size);
  if (mask !== null && labels !== null) cutMask(labels, place, object, mask);
  return { height: side, width: side, crop, mask };
}

/** Size of a field, and which of its rows is the first one at hand. */
interface Place {
  readonly height: number;
  readonly width: number;
  readonly from: number;
}

/** Where a window of `side` px goes: into `out` from place `at` on. */
interface Window {
  readonly side: number;
  readonly out: CropValues;
  readonly at: number;
}

/** Cuts the window of a cell (side x side) out of the rows of a plane. */
function cutPlane(
  plane: PlaneValues,
  { height, width, from }: Place,
  object: FieldObject,
  { side, out, at }: Window,
): void {
  const { top, left } = cropWindow(object, side);
  const within = left >= 0 && left + side <= width;
  for (let y = 0; y < side; y++) {
    const row = (Math.min(Math.max(top + y, 0), height - 1) - from) * width;
    const to = at + y * side;
    if (within) for (let x = 0; x < side; x++) out[to + x] = plane[row + left + x];
    else for (let x = 0; x < side; x++) out[to + x] = plane[row + Math.min(Math.max(left + x, 0), width - 1)];
  }
}

/** As {@link cutPlane}, the mask out of the rows of a label image. */
function cutMask(labels: PlaneValues, { height, width, from }: Place, object: FieldObject, out: Uint8Array) {
  const side = Math.sqrt(out.length);
  const { top, left } = cropWindow(object, side);
  const [first, last] = [Math.max(0, -left), Math.min(side, width - left)];
  for (let y = Math.max(0, -top); y < side && top + y < height; y++) {
    const row = (top + y - from) * width + left;
    for (let x = first; x < last; x++) {
      const label = labels[row + x];
      out[y * side + x] = label === 0 ? BACKGROUND : label === object.label ? CENTER : NEIGHBOR;
    }
  }
}

/** A field that is open; its pixels are read when they are asked for, as rows x width. */
export interface OpenField {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Bytes that all its planes and labels take together. */
  readonly bytes: number;
  plane(channel: number, rows: Rows): Promise<PlaneValues>;
  labels(rows: Rows): Promise<PlaneValues | null>;
  close(): void;
}

/** Bytes of a field that is held as a whole, and of the crops that are cut together where it is larger. */
export const HELD = { field: 1 << 28, crops: 1 << 26 };

/**
 * Cuts the cells of many fields, one field after the other: calls are served in their order, and a field is opened when
 * its first cell is asked for. Of a field of up to 256 MiB all pixels are in memory. Of a larger one some cells are cut
 * together, channel by channel, out of the rows that they span. Ask for the cells in their order.
 */
export class FieldCutter {
  readonly #side: number;
  readonly #cells: readonly (FieldObject & { readonly field: number })[];
  readonly #open: (field: number) => Promise<OpenField>;
  readonly #held: typeof HELD;
  #field: { readonly number: number; readonly open: OpenField; pixels: FieldPixels | null } | undefined;
  /** Crops that are cut and not yet asked for, by their cell. */
  readonly #cut = new Map<number, { readonly planes: CropValues[]; readonly mask: Uint8Array | null }>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param side of a crop, px @param cells all that will be asked for, those of a field one after the other
   * @param open opens a field by its number @param held bytes, as {@link HELD}
   */
  constructor(
    side: number,
    cells: readonly (FieldObject & { readonly field: number })[],
    open: (field: number) => Promise<OpenField>,
    held = HELD,
  ) {
    this.#side = side;
    this.#cells = cells;
    this.#open = open;
    this.#held = held;
  }

  /** The crop of cell `cell` (its number among all), as {@link cutCrop} makes it. */
  cut(cell: number): Promise<CellPixels> {
    const crop = this.#last.then(() => this.#next(cell));
    this.#last = crop.catch(() => {});
    return crop;
  }

  async #next(cell: number): Promise<CellPixels> {
    const { field } = this.#cells[cell];
    if (this.#field?.number !== field) {
      this.close();
      this.#field = { number: field, open: await this.#open(field), pixels: null };
    }
    const { open } = this.#field;
    if (open.bytes <= this.#held.field) {
      this.#field.pixels ??= await whole(open);
      return cutCrop(this.#field.pixels, this.#cells[cell], this.#side);
    }
    if (!this.#cut.has(cell)) await this.#cutSome(open, cell);
    const { planes, mask } = this.#cut.get(cell)!;
    this.#cut.delete(cell);
    return { height: this.#side, width: this.#side, crop: joinPlanes(planes), mask };
  }

  /** Cuts this cell of a large field and those after it. */
  async #cutSome(open: OpenField, first: number): Promise<void> {
    const { height, width, channels } = open;
    const side = this.#side;
    const size = side * side;
    this.#cut.clear();
    const most = Math.max(1, Math.floor(this.#held.crops / (size * (4 * channels + 1))));
    let end = first;
    const rows = { from: height, to: 0 };
    while (
      end < this.#cells.length &&
      end < first + most &&
      this.#cells[end].field === this.#cells[first].field
    ) {
      const { top } = cropWindow(this.#cells[end++], side);
      rows.from = Math.min(rows.from, Math.max(0, Math.min(top, height - 1)));
      rows.to = Math.max(rows.to, Math.min(height, Math.max(top + side, 1)));
    }
    const place = { height, width, from: rows.from };
    const labels = await open.labels(rows);
    for (let cell = first; cell < end; cell++) {
      const mask = labels === null ? null : new Uint8Array(size);
      if (mask !== null && labels !== null) cutMask(labels, place, this.#cells[cell], mask);
      this.#cut.set(cell, { planes: [], mask });
    }
    for (let c = 0; c < channels; c++) {
      const plane = await open.plane(c, rows);
      const type = cropTypeFor(plane);
      for (let cell = first; cell < end; cell++) {
        const out = emptyCrop(type, size);
        cutPlane(plane, place, this.#cells[cell], { side, out, at: 0 });
        this.#cut.get(cell)?.planes.push(out);
      }
    }
  }

  /** Closes the field that is open. */
  close(): void {
    this.#field?.open.close();
    this.#field = undefined;
    this.#cut.clear();
  }
}

async function whole(field: OpenField): Promise<FieldPixels> {
  const { height, width, channels } = field;
  const rows = { from: 0, to: height };
  const labels = await field.labels(rows);
  const planes: PlaneValues[] = [];
  for (let c = 0; c < channels; c++) planes.push(await field.plane(c, rows));
  return { height, width, planes, labels };
}
