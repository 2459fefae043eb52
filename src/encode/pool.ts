import type { EncoderOutput } from "./description.ts";

/** Axes of a feature map for one input: channels, height, width and the distance in memory between neighbors along each. */
interface MapLayout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channelStep: number;
  readonly pixelStep: number;
}

/** How one output of the network becomes a feature vector. */
export interface Pooling {
  /** Length of the feature vector. */
  readonly dimension: number;
  /** Values of one input in the network's output. */
  readonly size: number;
  /** Adds `weight` times the pooled vector of `data[offset..]` to `out[at..]`; `mask` is the center cell's (0/1/2). */
  add(
    data: Float32Array,
    offset: number,
    mask: Uint8Array,
    out: Float32Array,
    at: number,
    weight: number,
  ): void;
}

/**
 * Pooling of an output with dimensions `dims` (batch first).
 * @throws RangeError where the dimensions do not fit the layout.
 */
export function makePooling(
  output: EncoderOutput,
  dims: readonly number[],
  maskHeight: number,
  maskWidth: number,
): Pooling {
  const size = dims.slice(1).reduce((a, b) => a * b, 1);
  if (output.layout === "vector" || output.pool === "flatten" || output.pool === "none") {
    if (output.layout === "vector" && dims.length !== 2)
      throw new RangeError(
        `has ${dims.length} dimensions (${dims.join(" x ")}); a vector layout has 2, a feature map NCHW or NHWC`,
      );
    return {
      dimension: size,
      size,
      add: (data, offset, _mask, out, at, weight) => {
        for (let i = 0; i < size; i++) out[at + i] += weight * data[offset + i];
      },
    };
  }
  if (dims.length !== 4)
    throw new RangeError(`has ${dims.length} dimensions (${dims.join(" x ")}); a feature map has 4`);
  const map: MapLayout =
    output.layout === "NCHW"
      ? { channels: dims[1], height: dims[2], width: dims[3], channelStep: dims[2] * dims[3], pixelStep: 1 }
      : { channels: dims[3], height: dims[1], width: dims[2], channelStep: 1, pixelStep: dims[3] };
  const pixels = map.height * map.width;
  const weights = new Float64Array(pixels);
  return {
    dimension: map.channels,
    size,
    add(data, offset, mask, out, at, weight) {
      if (output.pool === "center-mean") centerWeights(mask, maskHeight, maskWidth, map, weights);
      for (let c = 0; c < map.channels; c++) {
        const start = offset + c * map.channelStep;
        let value = output.pool === "max" ? Number.NEGATIVE_INFINITY : 0;
        for (let p = 0; p < pixels; p++) {
          const v = data[start + p * map.pixelStep];
          if (output.pool === "max") value = v > value ? v : value;
          else value += output.pool === "mean" ? v / pixels : v * weights[p];
        }
        out[at + c] += weight * value;
      }
    },
  };
}

/** Share of the center cell that lies in each pixel of the map (sums to 1; even where the mask has no center). */
function centerWeights(
  mask: Uint8Array,
  height: number,
  width: number,
  map: MapLayout,
  weights: Float64Array,
): void {
  weights.fill(0);
  let total = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (mask[y * width + x] === 1) {
        weights[Math.floor((y * map.height) / height) * map.width + Math.floor((x * map.width) / width)]++;
        total++;
      }
  if (total === 0) weights.fill(1 / weights.length);
  else for (let p = 0; p < weights.length; p++) weights[p] /= total;
}
