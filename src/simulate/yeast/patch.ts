import { type CellShape, depthAt, middle, reach } from "./shape.ts";

/** The pixels around one cell, with its outline: all lengths in pixels. */
export interface Patch {
  readonly shape: CellShape;
  /** Pixel of the field at the patch's upper left corner. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Distance to the outline, positive inside (first `width * height` entries). */
  readonly depth: Float32Array;
}

const scratch = new Float32Array(96 * 96);

/** Cuts the patch of a cell; `depth` is shared by all patches and valid until the next call. */
export function cutPatch(shape: CellShape): Patch {
  const [x, y] = middle(shape);
  const r = Math.min(46, reach(shape) + 1);
  const left = Math.floor(x - r);
  const top = Math.floor(y - r);
  const width = Math.ceil(x + r) - left + 1;
  const height = Math.ceil(y + r) - top + 1;
  const c = Math.cos(shape.angle);
  const s = Math.sin(shape.angle);
  for (let py = 0, p = 0; py < height; py++)
    for (let px = 0; px < width; px++, p++) {
      const dx = left + px - shape.x;
      const dy = top + py - shape.y;
      scratch[p] = depthAt(shape, dx * c + dy * s, dy * c - dx * s);
    }
  return { shape, left, top, width, height, depth: scratch };
}

/** Patch pixel of a place in the cell's own frame (`u` along the bud's axis, `v` across). */
export function place(patch: Patch, u: number, v: number): [number, number] {
  const { shape } = patch;
  const c = Math.cos(shape.angle);
  const s = Math.sin(shape.angle);
  return [shape.x + u * c - v * s - patch.left, shape.y + u * s + v * c - patch.top];
}

/** Adds a Gaussian spot (peak `amount`, standard deviation `sigma` px) at (u, v). */
export function spot(
  out: Float32Array,
  patch: Patch,
  u: number,
  v: number,
  sigma: number,
  amount: number,
): void {
  const [x, y] = place(patch, u, v);
  const r = 3 * sigma;
  const scale = -0.5 / (sigma * sigma);
  visit(patch, x, y, r, (p, dx, dy) => {
    out[p] += amount * Math.exp(scale * (dx * dx + dy * dy));
  });
}

/** Adds a disc of radius `r` px whose edge is `soft` px wide. */
export function disc(
  out: Float32Array,
  patch: Patch,
  u: number,
  v: number,
  r: number,
  soft: number,
  amount: number,
): void {
  const [x, y] = place(patch, u, v);
  visit(patch, x, y, r + soft, (p, dx, dy) => {
    out[p] += amount * Math.min(1, Math.max(0, (r - Math.sqrt(dx * dx + dy * dy)) / soft + 0.5));
  });
}

/** Adds a ring of radius `r` px with a Gaussian profile of `sigma` px; `weight` modulates it by direction (field angle). */
export function ring(
  out: Float32Array,
  patch: Patch,
  u: number,
  v: number,
  r: number,
  sigma: number,
  amount: number,
  weight: (angle: number) => number = () => 1,
): void {
  const [x, y] = place(patch, u, v);
  const scale = -0.5 / (sigma * sigma);
  const inner = r - 3 * sigma;
  visit(patch, x, y, r + 3 * sigma, (p, dx, dy) => {
    const d = Math.sqrt(dx * dx + dy * dy);
    if (d < inner) return;
    const off = d - r;
    out[p] += amount * weight(Math.atan2(dy, dx)) * Math.exp(scale * off * off);
  });
}

/** Adds a rim along the outline at `at` px depth, Gaussian of `sigma` px. */
export function rim(out: Float32Array, patch: Patch, at: number, sigma: number, amount: number): void {
  const n = patch.width * patch.height;
  const scale = -0.5 / (sigma * sigma);
  for (let p = 0; p < n; p++) {
    const d = patch.depth[p] - at;
    if (patch.depth[p] > 0 && d < 3 * sigma) out[p] += amount * Math.exp(scale * d * d);
  }
}

function visit(
  patch: Patch,
  x: number,
  y: number,
  r: number,
  each: (p: number, dx: number, dy: number) => void,
): void {
  const x0 = Math.max(0, Math.ceil(x - r));
  const x1 = Math.min(patch.width - 1, Math.floor(x + r));
  const y0 = Math.max(0, Math.ceil(y - r));
  const y1 = Math.min(patch.height - 1, Math.floor(y + r));
  for (let py = y0; py <= y1; py++)
    for (let px = x0; px <= x1; px++) each(py * patch.width + px, px - x, py - y);
}
