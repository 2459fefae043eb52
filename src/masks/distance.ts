// Line buffers of the transform, grown on demand: parabola values, their feet, and where each takes over.
let line = new Float64Array(0);
let feet = new Int32Array(0);
let starts = new Float64Array(0);

/**
 * Exact Euclidean distance, px, of every pixel to the nearest pixel with `mask === label`; 0 on these, Infinity
 * where the image has none. With label 0 it equals `scipy.ndimage.distance_transform_edt(mask)`; with the label of a
 * cell it measures how far a pixel is from that cell. Two passes of lower envelopes of parabolas, linear in the
 * number of pixels (Felzenszwalb & Huttenlocher, Theory of Computing 8, 2012). `out` holds height x width values.
 */
export function distanceTransform(
  mask: ArrayLike<number>,
  height: number,
  width: number,
  out: Float32Array | Float64Array,
  label = 0,
): void {
  const pixels = height * width;
  if (mask.length < pixels || out.length < pixels)
    throw new RangeError(`mask and out need ${height} x ${width} pixels`);
  squaredDistance(mask, height, width, out, label);
  for (let i = 0; i < pixels; i++) out[i] = Math.sqrt(out[i]);
}

/** As {@link distanceTransform}, squared: integers, exact in float32 up to 4,096 px. */
export function squaredDistance(
  mask: ArrayLike<number>,
  height: number,
  width: number,
  out: Float32Array | Float64Array,
  label = 0,
): void {
  const longest = Math.max(height, width);
  if (line.length < longest) {
    line = new Float64Array(longest);
    feet = new Int32Array(longest);
    starts = new Float64Array(longest + 1);
  }
  for (let x = 0; x < width; x++) {
    let near = Infinity;
    for (let y = 0, i = x; y < height; y++, i += width) {
      near = mask[i] === label ? 0 : near + 1;
      out[i] = near;
    }
    near = Infinity;
    for (let y = height - 1, i = y * width + x; y >= 0; y--, i -= width) {
      near = mask[i] === label ? 0 : near + 1;
      const d = Math.min(near, out[i]);
      out[i] = d * d;
    }
  }
  for (let y = 0; y < height; y++) envelope(out, y * width, width);
}

/** Replaces a row of f by min over q of f(q) + (x - q)^2. */
function envelope(out: Float32Array | Float64Array, offset: number, width: number): void {
  let last = -1;
  for (let q = 0; q < width; q++) {
    const f = out[offset + q];
    line[q] = f;
    if (f === Infinity) continue;
    let start = -Infinity;
    while (last >= 0) {
      const p = feet[last];
      start = (f + q * q - (line[p] + p * p)) / (2 * (q - p));
      if (start > starts[last]) break;
      last--;
    }
    last++;
    feet[last] = q;
    starts[last] = last === 0 ? -Infinity : start;
  }
  if (last < 0) return;
  for (let x = 0, k = 0; x < width; x++) {
    while (k < last && starts[k + 1] < x) k++;
    const d = x - feet[k];
    out[offset + x] = d * d + line[feet[k]];
  }
}
