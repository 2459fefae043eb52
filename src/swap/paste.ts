import { gaussianBlur } from "../image/gauss.ts";
import { CENTER, NEIGHBOR } from "../types.ts";
import { type PixelScale, unscaled } from "./intensity.ts";
import { type Box, columnKernel, softAlphaNear } from "./soft-edge.ts";

/** A crop to paste on a background, both channels x height x width. */
export interface Paste {
  readonly crop: Float32Array;
  readonly background: Float32Array;
  /** What the crop's pixels are brought to; nothing without it. */
  readonly scale?: PixelScale;
}

/**
 * Hard paste (published): center-mask pixels (`mask`: height x width) from `crop`, brought to `scale`, all others from
 * `background`, for every channel. `out` may be the background.
 */
export function pasteHard(mask: Uint8Array, { crop, background, scale }: Paste, out: Float32Array): void {
  const pixels = mask.length;
  const channels = crop.length / pixels;
  const { zero, range, low, high } = scale ?? unscaled(channels);
  if (out !== background) out.set(background);
  for (let c = 0, i = 0; c < channels; c++) {
    const floor = zero[c];
    const span = range[c];
    for (let p = 0; p < pixels; p++, i++)
      if (mask[p] === CENTER) out[i] = Math.min(Math.max((crop[i] - floor) / span, low), high);
  }
}

/**
 * Soft paste: `alpha` (height x width, 0..1) of `crop`, brought to `scale`, and 1 - alpha of `background`; `out` may be
 * either input. Pixels outside the box `near` (all without it), in rows of `width` px, are left as they are.
 */
export function pasteSoft(
  alpha: Float32Array | Float64Array,
  { crop, background, scale }: Paste,
  out: Float32Array,
  { width, near }: { readonly width: number; readonly near: Box } = wholePlane(alpha.length),
): void {
  const pixels = alpha.length;
  const channels = crop.length / pixels;
  const { zero, range, low, high } = scale ?? unscaled(channels);
  const { top, bottom, left, right } = near;
  for (let c = 0; c < channels; c++) {
    const floor = zero[c];
    const span = range[c];
    for (let y = top; y <= bottom; y++) {
      const end = y * width + right;
      for (let p = y * width + left, i = c * pixels + p; p <= end; p++, i++) {
        const a = alpha[p];
        const v = Math.fround(Math.min(Math.max((crop[i] - floor) / span, low), high));
        out[i] = a * v + (1 - a) * background[i];
      }
    }
  }
}

/** A plane of `pixels`, taken as one row. */
function wholePlane(pixels: number): { width: number; near: Box } {
  return { width: pixels, near: { top: 0, bottom: 0, left: 0, right: pixels - 1 } };
}

/** Buffers of {@link softAlpha}, height x width each. */
export interface AlphaScratch {
  readonly label: Uint8Array;
  readonly blurred: Float64Array;
  readonly line: Float64Array;
  /** Receives the box outside of which the weight is 0. */
  readonly near: Box;
}

export function alphaScratch(pixels: number): AlphaScratch {
  return {
    label: new Uint8Array(pixels),
    blurred: new Float64Array(pixels),
    line: new Float64Array(pixels),
    near: { top: 0, bottom: -1, left: 0, right: -1 },
  };
}

/** A label mask (height x width) and the standard deviation of its soft edge, px. */
export interface SoftEdge {
  readonly mask: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly sigma: number;
}

/**
 * Weight of the center cell: G, the Gaussian (`sigma` px, edges replicated, cut at 4 sigma) of the center mask, except
 * that the crop's own neighbors never come along. Neighbor pixels weigh 0; on other pixels outside the center the
 * Gaussian of the neighbor mask is taken off (not below 0), so that the weight falls to 0 where a neighbor is as near
 * as the center cell and its halo stays behind; inside the center the weight is G itself.
 */
export function softAlpha(
  { mask, height, width, sigma }: SoftEdge,
  out: Float64Array,
  scratch: AlphaScratch,
): void {
  const { label, blurred, line, near } = scratch;
  const kernel = columnKernel(sigma);
  if (kernel !== null) {
    softAlphaNear(mask, height, width, kernel, out, near);
    return;
  }
  [near.top, near.bottom, near.left, near.right] = [0, height - 1, 0, width - 1];
  for (let p = 0; p < mask.length; p++) label[p] = mask[p] === CENTER ? 1 : 0;
  gaussianBlur(label, height, width, sigma, out, line);
  for (let p = 0; p < mask.length; p++) label[p] = mask[p] === NEIGHBOR ? 1 : 0;
  gaussianBlur(label, height, width, sigma, blurred, line);
  for (let p = 0; p < mask.length; p++)
    if (mask[p] === NEIGHBOR) out[p] = 0;
    else if (mask[p] !== CENTER) out[p] = Math.max(0, out[p] - blurred[p]);
}
