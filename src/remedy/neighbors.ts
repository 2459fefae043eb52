import { connectedComponents } from "../image/components.ts";
import { type CropSource, NEIGHBOR } from "../types.ts";

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
  const labels = new Int32Array(mask.length);
  const count = new Int32Array(rows.length);
  const area = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (i % 1000 === 0) await between();
    source.readMask(rows[i], mask);
    let pixels = 0;
    for (let p = 0; p < mask.length; p++) pixels += mask[p] = mask[p] === NEIGHBOR ? 1 : 0;
    area[i] = pixels / mask.length;
    count[i] = pixels === 0 ? 0 : connectedComponents(mask, height, width, labels);
  }
  return { count, area };
}
