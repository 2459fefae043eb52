import { connectedComponents } from "../../image/components.ts";
import { CENTER, NEIGHBOR } from "../../types.ts";

/** A neighbor in a label mask: a connected piece (four neighbors), so that cells that touch each other are one. */
export interface Neighbor {
  /** From 1 on, in the order of first pixels. */
  readonly number: number;
  /** Pixels. */
  readonly area: number;
  /** Middle, px. */
  readonly x: number;
  readonly y: number;
}

/**
 * Numbers the neighbors of a label mask into `labels` (height x width; 0 elsewhere) and measures them. The same mask
 * gives the same numbers.
 */
export function neighborsOf(mask: Uint8Array, height: number, width: number, labels: Int32Array): Neighbor[] {
  const count = connectedComponents(
    mask.map((label) => (label === NEIGHBOR ? 1 : 0)),
    height,
    width,
    labels,
  );
  const sums = Array.from({ length: count }, () => ({ area: 0, x: 0, y: 0 }));
  for (let p = 0; p < labels.length; p++) {
    if (labels[p] === 0) continue;
    const of = sums[labels[p] - 1];
    of.area++;
    of.x += p % width;
    of.y += Math.floor(p / width);
  }
  return sums.map(({ area, x, y }, i) => ({ number: i + 1, area, x: x / area, y: y / area }));
}

/** Copies planes (planes x height x width) moved by (dx, dy) px; what comes in repeats the edge. */
export function movePlanes(
  planes: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  { dx, dy }: { readonly dx: number; readonly dy: number },
  out: Float32Array,
): void {
  const pixels = height * width;
  const inside = (v: number, size: number) => Math.min(Math.max(v, 0), size - 1);
  for (let start = 0; start < planes.length; start += pixels)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        out[start + y * width + x] = planes[start + inside(y - dy, height) * width + inside(x - dx, width)];
}

/** Copies a label mask moved by (dx, dy) px; what comes in is background. */
export function moveMask(
  mask: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
  { dx, dy }: { readonly dx: number; readonly dy: number },
  out: Uint8Array,
): void {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [v, u] = [y - dy, x - dx];
      out[y * width + x] = v < 0 || u < 0 || v >= height || u >= width ? 0 : mask[v * width + u];
    }
}

/** A move of the center cell of `mask` (px) to where it covers least of the cells of `taken`; the first of equals. */
export function freePlace(
  mask: Uint8Array,
  taken: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): { dx: number; dy: number } {
  const own: number[] = [];
  for (let p = 0; p < mask.length; p++) if (mask[p] === CENTER) own.push(p);
  const step = Math.max(1, Math.round(Math.min(height, width) / 16));
  const [most, least] = [own.length * (height * width + 1), { dx: 0, dy: 0, cost: Infinity }];
  for (let dy = -Math.floor(height / 2); dy <= height / 2; dy += step)
    for (let dx = -Math.floor(width / 2); dx <= width / 2; dx += step) {
      let cost = 0;
      for (const p of own) {
        const [y, x] = [Math.floor(p / width) + dy, (p % width) + dx];
        if (y < 0 || x < 0 || y >= height || x >= width) cost += height * width;
        else if (taken[y * width + x] !== 0) cost += height * width;
      }
      // Among free places the nearest: the cell is to be a neighbor.
      cost += Math.hypot(dx, dy) / (height + width);
      if (cost < least.cost && cost < most) Object.assign(least, { dx, dy, cost });
    }
  return { dx: least.dx, dy: least.dy };
}
