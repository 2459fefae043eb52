import { MinHeap } from "./heap.ts";

/** Buffers for images of up to `pixels` pixels, reused from call to call. */
export class WatershedScratch {
  readonly heap: MinHeap;
  readonly order: Int32Array;
  readonly parent: Int32Array;
  readonly peak: Int32Array;
  constructor(pixels: number) {
    this.heap = new MinHeap(pixels);
    this.order = new Int32Array(pixels);
    this.parent = new Int32Array(pixels);
    this.peak = new Int32Array(pixels);
  }
}

/**
 * Numbers from 1 on, in `labels` (height x width, 0 elsewhere), one pixel for every hill of `image` within `mask`
 * that stands at least `depth` above the saddle to a higher hill (its dynamics; the markers of an h-maxima
 * transform), and returns how many there are. Each 8-connected piece of the mask has at least one. Pixels are
 * joined from high to low with union-find; where two hills meet, the lower one ends.
 */
export function hillMarkers(
  image: Float64Array,
  mask: Uint8Array,
  height: number,
  width: number,
  depth: number,
  labels: Int32Array,
  scratch: WatershedScratch,
): number {
  const { parent, peak } = scratch;
  const pixels = height * width;
  let inside = 0;
  for (let i = 0; i < pixels; i++) {
    labels[i] = 0;
    parent[i] = -1;
    if (mask[i] !== 0) scratch.order[inside++] = i;
  }
  const order = scratch.order.subarray(0, inside).sort((a, b) => image[b] - image[a] || a - b);
  for (const i of order) {
    parent[i] = i;
    peak[i] = i;
    labels[i] = 0;
    const x = i % width;
    for (let dy = -width; dy <= width; dy += width)
      for (let dx = -1; dx <= 1; dx++) {
        const n = i + dy + dx;
        if (n < 0 || n >= pixels || x + dx < 0 || x + dx >= width || parent[n] < 0) continue;
        let a = root(parent, i);
        let b = root(parent, n);
        if (a === b) continue;
        if (image[peak[a]] < image[peak[b]] || (image[peak[a]] === image[peak[b]] && peak[a] > peak[b]))
          [a, b] = [b, a];
        if (image[peak[b]] - image[i] >= depth && peak[b] !== i) labels[peak[b]] = -1;
        parent[b] = a;
      }
  }
  let count = 0;
  for (const i of order) if (parent[i] === i) labels[peak[i]] = -1;
  for (let i = 0; i < pixels; i++) if (labels[i] === -1) labels[i] = ++count;
  return count;
}

function root(parent: Int32Array, i: number): number {
  while (parent[i] !== i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

/**
 * Floods `relief` from the markers in `labels` (> 0), lowest pixels first and equal ones first come, first served,
 * over the 4-connected pixels of `mask`; every reached pixel gets the label that came first (Meyer's flooding,
 * as `skimage.segmentation.watershed`). In place.
 */
export function watershed(
  relief: Float64Array,
  mask: Uint8Array,
  height: number,
  width: number,
  labels: Int32Array,
  scratch: WatershedScratch,
): void {
  const { heap } = scratch;
  const pixels = height * width;
  heap.clear();
  for (let i = 0; i < pixels; i++)
    if (mask[i] === 0) labels[i] = 0;
    else if (labels[i] > 0) heap.push(relief[i], i);
  while (heap.size > 0) {
    const i = heap.pop();
    const x = i % width;
    if (i >= width) visit(i - width, labels[i]);
    if (x > 0) visit(i - 1, labels[i]);
    if (x < width - 1) visit(i + 1, labels[i]);
    if (i < pixels - width) visit(i + width, labels[i]);
  }

  function visit(n: number, label: number): void {
    if (mask[n] === 0 || labels[n] !== 0) return;
    labels[n] = label;
    heap.push(relief[n], n);
  }
}
