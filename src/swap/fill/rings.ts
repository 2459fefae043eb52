import { BACKGROUND } from "../../types.ts";
import { type Lengths, pixelsFor } from "./lengths.ts";

/** Fewest pixels of a ring that are measured, in crops of 64 px. */
const ENOUGH = 8;

/** Rings of equal width around a cell, and tables by squared distance, px^2. */
export interface RingScale {
  /** Width of a ring, px. */
  readonly ring: number;
  /** Number of rings; ring k holds the pixels at (k, k + 1] widths from the cell. */
  readonly rings: number;
  /** Ring of every squared distance up to the end of the last ring. */
  readonly ringOf: Uint8Array;
  /** Distance in widths of every squared distance at which there may be light: up to half a ring beyond the last. */
  readonly distances: Float64Array;
  /** Fewest pixels of a ring that are measured. */
  readonly enough: number;
}

/** The rings in which halos are measured. */
export function ringScale(lengths: Pick<Lengths, "ring" | "rings" | "grain">): RingScale {
  const { ring, rings } = lengths;
  const reach = rings * ring;
  const dark = (rings + 0.5) * ring;
  return {
    ring,
    rings,
    enough: pixelsFor(ENOUGH, lengths),
    ringOf: Uint8Array.from({ length: Math.floor(reach * reach) + 1 }, (_, d) =>
      Math.max(0, Math.ceil(Math.sqrt(d) / ring) - 1),
    ),
    distances: Float64Array.from({ length: Math.floor(dark * dark) + 1 }, (_, d) => Math.sqrt(d) / ring),
  };
}

/** Pixels of the medium by their distance to a cell: `ringOf[n]` is the ring of pixel `pixels[n]`. */
export interface Rings {
  readonly scale: RingScale;
  readonly pixels: Int32Array;
  readonly ringOf: Uint8Array;
  size: number;
}

/** Empty rings with room for every pixel of a crop. */
export function emptyRings(pixels: number, scale: RingScale): Rings {
  return { scale, pixels: new Int32Array(pixels), ringOf: new Uint8Array(pixels), size: 0 };
}

/**
 * Collects the label-0 pixels up to the last ring around a cell.
 * @param squared squared distance to the cell @param nearest squared distance to the nearest cell; pixels whose
 * nearest cell is another one do not count
 */
export function collectRings(mask: Uint8Array, squared: Int32Array, nearest: Int32Array, out: Rings): void {
  const { ringOf } = out.scale;
  let size = 0;
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] !== BACKGROUND || squared[p] >= ringOf.length || nearest[p] < squared[p]) continue;
    out.ringOf[size] = ringOf[squared[p]];
    out.pixels[size++] = p;
  }
  out.size = size;
}
