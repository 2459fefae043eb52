import { mulberry32, normal } from "../../src/core/rng.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";

/** A cell to draw: center and radius in px, brightness over the medium. */
export interface Disk {
  readonly y: number;
  readonly x: number;
  readonly r: number;
  readonly light: number;
}

export interface Drawing {
  /** Channels x size x size: medium and all cells. */
  readonly crop: Float32Array;
  /** The same without the center cell (same noise). */
  readonly withoutCenter: Float32Array;
  /** The same without any cell. */
  readonly medium: Float32Array;
  readonly mask: Uint8Array;
}

/**
 * Draws a two-channel crop: a sloping medium with correlated noise (SD `noise`, lag-1 correlation about 0.3) and
 * disks, the first of them the center, with half their light at the edge and a factor of 0.6 less per `unit` px
 * outside.
 */
export function draw(size: number, disks: readonly Disk[], seed: number, noise = 0.1, unit = 1): Drawing {
  const pixels = size * size;
  const random = mulberry32(seed);
  const medium = new Float32Array(2 * pixels);
  const line = new Float64Array(pixels);
  for (let c = 0; c < 2; c++) {
    const raw = Float64Array.from({ length: pixels }, () => normal(random));
    gaussianBlur(raw, size, size, 0.55, raw, line);
    let squares = 0;
    for (const v of raw) squares += v * v;
    const scale = noise / Math.sqrt(squares / pixels);
    for (let p = 0; p < pixels; p++)
      medium[c * pixels + p] = scale * raw[p] + 0.1 * (c + 1) * (Math.floor(p / size) / size - 0.5);
  }
  const mask = new Uint8Array(pixels);
  const crop = medium.slice();
  const withoutCenter = medium.slice();
  disks.forEach(({ y, x, r, light }, k) => {
    for (let p = 0; p < pixels; p++) {
      const distance = (Math.hypot(Math.floor(p / size) - y, (p % size) - x) - r) / unit;
      if (distance <= 0) mask[p] = k === 0 ? 1 : 2;
      const glow = light * (distance <= 0 ? 1 - 0.5 * Math.exp(distance) : 0.5 * 0.6 ** distance);
      for (const o of [0, pixels]) {
        crop[o + p] += glow;
        if (k > 0) withoutCenter[o + p] += glow;
      }
    }
  });
  return { crop, withoutCenter, medium, mask };
}
