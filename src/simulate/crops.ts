import { BACKGROUND, CENTER, NEIGHBOR } from "../types.ts";
import type { SimulatedCell, SimulatedField } from "./field.ts";

/** One cell cut from its field. */
export interface SimulatedCrop {
  readonly cell: SimulatedCell;
  /** channels x side x side, counts. */
  readonly crop: Float32Array;
  /** side x side: 0 background, 1 this cell, 2 other cells. */
  readonly mask: Uint8Array;
  /** side x side: 0 elsewhere, 1 this cell's nuclei, 2 those of others; null where the organism shows none. */
  readonly nuclei: Uint8Array | null;
}

/**
 * Cuts a crop around every cell that lies in it as a whole, with the crop as a whole in the field; in label order.
 * @param side pixels, even.
 */
export function cutCrops(field: SimulatedField, side = 64): SimulatedCrop[] {
  const { size, labels, image, channels } = field;
  const boxes = boundingBoxes(labels, size, field.cells.length);
  const crops: SimulatedCrop[] = [];
  field.cells.forEach((cell, k) => {
    const [x0, y0, x1, y1] = boxes.subarray(4 * k, 4 * k + 4);
    if (x1 < x0) return;
    const left = Math.round((x0 + x1 + 1) / 2) - side / 2;
    const top = Math.round((y0 + y1 + 1) / 2) - side / 2;
    const whole = x0 > left && y0 > top && x1 < left + side - 1 && y1 < top + side - 1;
    if (!whole || left < 0 || top < 0 || left + side > size || top + side > size) return;
    const crop = new Float32Array(channels.length * side * side);
    const mask = new Uint8Array(side * side);
    const nuclei = field.nuclei === null ? null : new Uint8Array(side * side);
    const part = (label: number) => (label === 0 ? BACKGROUND : label === cell.label ? CENTER : NEIGHBOR);
    for (let y = 0, q = 0; y < side; y++) {
      const at = (top + y) * size + left;
      for (let c = 0; c < channels.length; c++)
        crop.set(image.subarray(c * size * size + at, c * size * size + at + side), (c * side + y) * side);
      for (let x = 0; x < side; x++, q++) {
        mask[q] = part(labels[at + x]);
        if (nuclei !== null) nuclei[q] = part(field.nuclei![at + x]);
      }
    }
    crops.push({ cell, crop, mask, nuclei });
  });
  return crops;
}

/** First and last column and row of every label: x0, y0, x1, y1; x1 < x0 where a label has no pixel. */
function boundingBoxes(labels: Uint16Array, size: number, count: number): Int32Array {
  const boxes = new Int32Array(4 * count);
  for (let k = 0; k < count; k++) boxes.set([size, size, -1, -1], 4 * k);
  for (let y = 0, p = 0; y < size; y++)
    for (let x = 0; x < size; x++, p++) {
      if (labels[p] === 0) continue;
      const at = 4 * (labels[p] - 1);
      if (x < boxes[at]) boxes[at] = x;
      if (y < boxes[at + 1]) boxes[at + 1] = y;
      if (x > boxes[at + 2]) boxes[at + 2] = x;
      if (y > boxes[at + 3]) boxes[at + 3] = y;
    }
  return boxes;
}
