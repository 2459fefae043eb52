import { measureNeighbors } from "../masks/neighbors.ts";
import type { CropSource } from "../types.ts";

/** What a mask shows around each of some cells. */
export interface Surroundings {
  /** Connected pieces of other cells (four neighbors); cells that touch each other are one. */
  readonly count: Int32Array;
  /** Share of the crop that other cells cover, 0 to 1. */
  readonly area: Float64Array;
}

/** Measures the surroundings of `rows` of a source whose masks know the neighbors; one mask is held at a time. */
export async function surroundingsOf(
  source: CropSource,
  rows: Int32Array,
  between: () => Promise<void>,
): Promise<Surroundings> {
  const { height, width } = source;
  const mask = new Uint8Array(height * width);
  const count = new Int32Array(rows.length);
  const area = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (i % 1000 === 0) await between();
    source.readMask(rows[i], mask);
    const found = measureNeighbors(mask, height, width);
    count[i] = found.count;
    area[i] = found.area;
  }
  return { count, area };
}
