import { MonotoneQueue } from "./monotone-queue.ts";

/** Buffers for images of up to `pixels` pixels, reused from call to call. */
export class PropagationScratch {
  /** Time at which every pixel was reached, Infinity where none did, of the last call. */
  readonly time: Float64Array;
  readonly done: Uint8Array;
  readonly queue: MonotoneQueue;
  constructor(pixels: number) {
    this.time = new Float64Array(pixels);
    this.done = new Uint8Array(pixels);
    // Each of its eight neighbors may offer a pixel a shorter way; few do.
    this.queue = new MonotoneQueue(9 * pixels);
  }
}

/**
 * Lets fronts run from the seeds in `labels` (> 0) over the pixels of `mask` (height x width): every pixel that is
 * reached gets the label of the front that comes first. A step between two of the eight neighbors takes its length
 * times the mean `slowness` (above 0) of both; 1 everywhere parts the mask by plain distance along it. Shortest ways by
 * Dijkstra's method. In place. With `only` it ends when the front of that label has all its pixels; the times and labels
 * of the others are not final then.
 */
export function propagate(
  slowness: Float64Array,
  mask: Uint8Array,
  height: number,
  width: number,
  labels: Int32Array,
  scratch: PropagationScratch,
  only = 0,
): void {
  const { queue, time, done } = scratch;
  const pixels = height * width;
  if (slowness.length < pixels || mask.length < pixels || labels.length < pixels)
    throw new RangeError(`slowness, mask and labels need ${height} x ${width} pixels`);
  queue.clear();
  for (let i = 0; i < pixels; i++) {
    done[i] = mask[i] === 0 ? 1 : 0;
    if (done[i] === 1) labels[i] = 0;
    time[i] = labels[i] > 0 ? 0 : Infinity;
  }
  // Pixels that the front of `only` may still spread from.
  let pending = 0;
  for (let i = 0; i < pixels; i++) {
    if (labels[i] <= 0) continue;
    if (isWithin(i, labels, mask, height, width)) {
      done[i] = 1;
      continue;
    }
    queue.push(0, i);
    if (labels[i] === only) pending++;
  }
  while (queue.size > 0 && (only === 0 || pending > 0)) {
    const i = queue.pop();
    if (done[i] === 1) continue;
    done[i] = 1;
    const label = labels[i];
    if (label === only) pending--;
    const x = i % width;
    const from = x > 0 ? -1 : 0;
    const to = x < width - 1 ? 1 : 0;
    for (let dy = -width; dy <= width; dy += width) {
      if (i + dy < 0 || i + dy >= pixels) continue;
      for (let dx = from; dx <= to; dx++) {
        const n = i + dy + dx;
        if (done[n] === 1) continue;
        const length = dy !== 0 && dx !== 0 ? Math.SQRT1_2 : 0.5;
        const arrival = time[i] + length * (slowness[i] + slowness[n]);
        if (arrival >= time[n]) continue;
        if (labels[n] !== label) {
          if (label === only) pending++;
          else if (labels[n] === only && only !== 0) pending--;
        }
        time[n] = arrival;
        labels[n] = label;
        queue.push(arrival, n);
      }
    }
  }
}

/** Whether a labeled pixel has no unlabeled pixel of the mask among its eight neighbors: nothing spreads from it. */
function isWithin(i: number, labels: Int32Array, mask: Uint8Array, height: number, width: number): boolean {
  const x = i % width;
  const y = (i - x) / width;
  for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
    for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
      const n = ny * width + nx;
      if (mask[n] !== 0 && labels[n] <= 0) return false;
    }
  return true;
}
