import { DataError } from "../../errors.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { FieldObject } from "./cut.ts";

/** A cell of a label image and what is known of its shape. */
export interface LabeledObject extends FieldObject {
  /** Pixels. */
  readonly area: number;
  /** Side of the smallest window around the center that holds the whole cell, px. */
  readonly extent: number;
  /** Whether the cell touches the edge of the field, so that a part of it may be missing. */
  readonly atEdge: boolean;
}

/** Most cells of a field. */
const MOST_OBJECTS = 1 << 20;

/**
 * Cells of a label image (height x width, row by row; 0 background, every other value one cell), by ascending label;
 * the center is the mean of the cell's pixels.
 * @throws DataError where a value is no label: negative, a fraction or over 2^53; or where there are too many.
 */
export function listObjects(
  labels: PlaneValues,
  height: number,
  width: number,
  path: string,
): LabeledObject[] {
  const found = new Map<number, Measures>();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; ) {
      const label = labels[y * width + x];
      let end = x + 1;
      while (end < width && labels[y * width + end] === label) end++;
      if (label !== 0) {
        let object = found.get(label);
        if (object === undefined) {
          checkLabel(label, path);
          if (found.size === MOST_OBJECTS)
            throw new DataError(
              `holds more than ${MOST_OBJECTS} different values: this is no label image of cells, or cut the field into tiles first`,
              { path },
            );
          found.set(label, (object = new Measures(y, x)));
        }
        object.add(y, x, end);
      }
      x = end;
    }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([label, object]) => ({ label, ...object.summary(height, width) }));
}

function checkLabel(label: number, path: string): void {
  if (Number.isSafeInteger(label) && label > 0) return;
  throw new DataError(
    `has the value ${label}, a label image holds 0 for the background and a whole number up to 2^53 per cell; export the labels again`,
    { path },
  );
}

class Measures {
  area = 0;
  #rows = 0;
  #columns = 0;
  readonly #top: number;
  #bottom: number;
  #left: number;
  #right: number;

  constructor(y: number, x: number) {
    this.#top = y;
    this.#bottom = y;
    this.#left = x;
    this.#right = x;
  }

  /** Adds the pixels `from` to `to` (not included) of row `y`. */
  add(y: number, from: number, to: number): void {
    const n = to - from;
    this.area += n;
    this.#rows += n * y;
    this.#columns += (n * (from + to - 1)) / 2;
    this.#bottom = y;
    this.#left = Math.min(this.#left, from);
    this.#right = Math.max(this.#right, to - 1);
  }

  summary(height: number, width: number): Omit<LabeledObject, "label"> {
    const row = this.#rows / this.area;
    const column = this.#columns / this.area;
    const reach = Math.max(row - this.#top, this.#bottom - row, column - this.#left, this.#right - column);
    return {
      row,
      column,
      area: this.area,
      extent: Math.ceil(2 * reach) + 2,
      atEdge: this.#top === 0 || this.#left === 0 || this.#bottom === height - 1 || this.#right === width - 1,
    };
  }
}
