import { gaussianKernel } from "../masks/gauss.ts";
import { CENTER, NEIGHBOR } from "../types.ts";

/**
 * Hard paste (published): center-mask pixels from `crop`, all others from `background` (0 where it is null), for
 * every channel. Crops are channels x pixels; `mask` and pixels are height x width. `out` may be either input.
 */
export function pasteHard(
  crop: Float32Array,
  background: Float32Array | null,
  mask: Uint8Array,
  channels: number,
  out: Float32Array,
): void {
  const pixels = mask.length;
  for (let c = 0, i = 0; c < channels; c++)
    for (let p = 0; p < pixels; p++, i++)
      out[i] = mask[p] === CENTER ? crop[i] : background === null ? 0 : background[i];
}

/** Soft paste: `alpha` (height x width, 0..1) of `crop` and 1 - alpha of `background`; `out` may be either input. */
export function pasteSoft(
  crop: Float32Array,
  background: Float32Array,
  alpha: Float32Array | Float64Array,
  channels: number,
  out: Float32Array,
): void {
  const pixels = alpha.length;
  for (let c = 0, i = 0; c < channels; c++)
    for (let p = 0; p < pixels; p++, i++) {
      const a = alpha[p];
      out[i] = a * crop[i] + (1 - a) * background[i];
    }
}

/** Buffers of {@link softAlpha}, at least height x width each. */
export interface AlphaScratch {
  readonly blurred: Float64Array;
  readonly line: Float64Array;
}

export function alphaScratch(pixels: number): AlphaScratch {
  return { blurred: new Float64Array(pixels), line: new Float64Array(pixels) };
}

/** Rows `top` to `bottom` and columns `left` to `right`, all inclusive; empty where bottom < top. */
interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Weight of the center cell: G, the Gaussian (`sigma` px, edges replicated, cut at 4 sigma) of the center mask, except
 * that the crop's own neighbors never come along. Neighbor pixels weigh 0; on other pixels outside the center the
 * Gaussian of the neighbor mask is taken off (not below 0), so that the weight falls to 0 where a neighbor is as near
 * as the center cell and its halo stays behind; inside the center the weight is G itself.
 */
export function softAlpha(
  mask: Uint8Array,
  height: number,
  width: number,
  sigma: number,
  out: Float64Array,
  scratch: AlphaScratch,
): void {
  const { blurred, line } = scratch;
  out.fill(0, 0, mask.length);
  // sigma 0 has the kernel (1): no blur.
  const half = sigma === 0 ? UNIT : gaussianKernel(sigma);
  const box = boxOf(mask, height, width, half.length - 1);
  if (box.bottom < box.top) return;
  blurLabel(mask, CENTER, height, width, half, box, out, line);
  if (!blurLabel(mask, NEIGHBOR, height, width, half, box, blurred, line)) return;
  for (let y = box.top; y <= box.bottom; y++)
    for (let p = y * width + box.left, end = y * width + box.right; p <= end; p++)
      if (mask[p] === NEIGHBOR) out[p] = 0;
      else if (mask[p] !== CENTER) out[p] = Math.max(0, out[p] - blurred[p]);
}

const UNIT = Float64Array.of(1);

/** Smallest box around the center cell, grown by `reach` px within the crop: outside it the weight is 0. */
function boxOf(mask: Uint8Array, height: number, width: number, reach: number): Box {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0, p = 0; y < height; y++)
    for (let x = 0; x < width; x++, p++) {
      if (mask[p] !== CENTER) continue;
      if (y < top) top = y;
      bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  if (bottom < 0) return { top: 0, bottom: -1, left: 0, right: -1 };
  return {
    top: Math.max(0, top - reach),
    bottom: Math.min(height - 1, bottom + reach),
    left: Math.max(0, left - reach),
    right: Math.min(width - 1, right + reach),
  };
}

/**
 * `gaussianBlur` of (mask === label), sums in the same order, for the pixels of `box` alone; `half` is the right half
 * of the kernel. Returns false, and writes nothing, where no such pixel is near enough to matter.
 */
function blurLabel(
  mask: Uint8Array,
  label: number,
  height: number,
  width: number,
  half: Float64Array,
  { top, bottom, left, right }: Box,
  out: Float64Array,
  line: Float64Array,
): boolean {
  const radius = half.length - 1;
  const from = Math.max(0, left - radius);
  const to = Math.min(width - 1, right + radius);
  let any = false;
  for (
    let p = Math.max(0, top - radius) * width, end = Math.min(height, bottom + radius + 1) * width;
    p < end;
    p++
  )
    if (mask[p] === label) {
      any = true;
      break;
    }
  if (!any) return false;
  for (let y = top; y <= bottom; y++) {
    const row = y * width;
    for (let p = row + from; p <= row + to; p++) line[p] = mask[p] === label ? half[0] : 0;
    for (let k = 1; k <= radius; k++) {
      const w = half[k];
      const up = (y < k ? -y : -k) * width;
      const down = (y + k >= height ? height - 1 - y : k) * width;
      for (let p = row + from; p <= row + to; p++) {
        const n = (mask[p + up] === label ? 1 : 0) + (mask[p + down] === label ? 1 : 0);
        line[p] += w * n;
      }
    }
  }
  const inner = Math.min(right, width - 1 - radius);
  for (let y = top; y <= bottom; y++) {
    const row = y * width;
    const last = row + width - 1;
    for (let x = left; x <= right; x++) {
      const p = row + x;
      let sum = half[0] * line[p];
      if (x >= radius && x <= inner)
        for (let k = 1; k <= radius; k++) sum += half[k] * (line[p - k] + line[p + k]);
      else
        for (let k = 1; k <= radius; k++)
          sum += half[k] * (line[x < k ? row : p - k] + line[p + k > last ? last : p + k]);
      out[p] = sum;
    }
  }
  return true;
}
