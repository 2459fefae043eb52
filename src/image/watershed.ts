import { MinHeap } from "./heap.ts";

/** Buffers for images of up to `pixels` pixels, reused from call to call. */
export class WatershedScratch {
  readonly heap: MinHeap;
  constructor(pixels: number) {
    this.heap = new MinHeap(pixels);
  }
}

/**
 * Floods `relief` from the markers in `labels` (> 0), lowest pixels first and equal ones first come, first served,
 * over the 4-connected pixels of `mask`; every reached pixel gets the label that came first (Meyer's flooding,
 * as `skimage.segmentation.watershed`). In place. With `only` it ends when that label cannot spread any more; others may
 * have some pixels to go then.
 */
export function watershed(
  relief: Float64Array,
  mask: Uint8Array,
  height: number,
  width: number,
  labels: Int32Array,
  scratch: WatershedScratch,
  only = 0,
): void {
  const { heap } = scratch;
  const pixels = height * width;
  const isOpen = (n: number) => mask[n] !== 0 && labels[n] === 0;
  let pending = 0;
  heap.clear();
  for (let i = 0; i < pixels; i++) if (mask[i] === 0) labels[i] = 0;
  for (let i = 0; i < pixels; i++) {
    if (labels[i] <= 0) continue;
    const x = i % width;
    // What has no open neighbor would be taken out for nothing.
    const edge =
      (i >= width && isOpen(i - width)) ||
      (x > 0 && isOpen(i - 1)) ||
      (x < width - 1 && isOpen(i + 1)) ||
      (i < pixels - width && isOpen(i + width));
    if (!edge) continue;
    heap.push(relief[i], i);
    if (labels[i] === only) pending++;
  }
  while (heap.size > 0 && (only === 0 || pending > 0)) {
    const i = heap.pop();
    const x = i % width;
    const label = labels[i];
    if (label === only) pending--;
    if (i >= width) visit(i - width, label);
    if (x > 0) visit(i - 1, label);
    if (x < width - 1) visit(i + 1, label);
    if (i < pixels - width) visit(i + width, label);
  }

  function visit(n: number, label: number): void {
    if (mask[n] === 0 || labels[n] !== 0) return;
    labels[n] = label;
    if (label === only) pending++;
    heap.push(relief[n], n);
  }
}
