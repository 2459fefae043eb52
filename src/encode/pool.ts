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
  /**
   * Adds `weight` times the pooled vector of `values`, the network's output for one input, to `out`; `center` says how
   * much each pixel of that input belongs to the center cell (0..1), used by center-mean only.
   */
  add(values: Float32Array, center: ArrayLike<number>, weight: number, out: Float32Array): void;
}

/**
 * Pooling of an output with dimensions `dims` (batch first) of a network whose input has `height` x `width` pixels.
 * @throws RangeError where the dimensions do not fit the layout.
 */
export function makePooling(
  output: EncoderOutput,
  dims: readonly number[],
  height: number,
  width: number,
): Pooling {
  const size = dims.slice(1).reduce((a, b) => a * b, 1);
  if (output.layout === "vector" && output.pool !== "none" && output.pool !== "flatten")
    throw new RangeError(
      `is a vector and cannot be pooled (${output.pool}); leave pool out, or name a feature map`,
    );
  if (output.layout === "vector" || output.pool === "flatten" || output.pool === "none") {
    if (output.layout === "vector" && dims.length !== 2)
      throw new RangeError(
        `has ${dims.length} dimensions (${dims.join(" x ")}); a vector layout has 2, a feature map NCHW or NHWC`,
      );
    return {
      dimension: size,
      size,
      add: (values, _center, weight, out) => {
        for (let i = 0; i < size; i++) out[i] += weight * values[i];
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
    add(values, center, weight, out) {
      if (output.pool === "center-mean") centerWeights(center, { height, width }, map, weights);
      for (let c = 0; c < map.channels; c++) {
        const start = c * map.channelStep;
        let value = output.pool === "max" ? Number.NEGATIVE_INFINITY : 0;
        for (let p = 0; p < pixels; p++) {
          const v = values[start + p * map.pixelStep];
          if (output.pool === "max") value = Math.max(value, v);
          else value += output.pool === "mean" ? v / pixels : v * weights[p];
        }
        out[c] += weight * value;
      }
    },
  };
}

/** Share of the center cell that lies in each pixel of the map (sums to 1; even where none of it is in the input). */
function centerWeights(
  center: ArrayLike<number>,
  { height, width }: Pick<MapLayout, "height" | "width">,
  map: MapLayout,
  weights: Float64Array,
): void {
  weights.fill(0);
  let total = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const share = center[y * width + x];
      if (share === 0) continue;
      weights[Math.floor((y * map.height) / height) * map.width + Math.floor((x * map.width) / width)] +=
        share;
      total += share;
    }
  if (total === 0) weights.fill(1 / weights.length);
  else for (let p = 0; p < weights.length; p++) weights[p] /= total;
}
